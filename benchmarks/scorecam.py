"""Score-CAM: ours, in full and fast, against grad-cam's and torchcam's, in turn in one process.

    python -m benchmarks.scorecam --peers          (needs: pip install -e ".[bench]")

The shipped models, 224² or 256², last layer, the predicted class. Without --peers only ours, in full and fast, on
several example photos: how well the fast map keeps the full one's order, as Spearman's rank correlation of the maps at
224². Memory is how much the process grew at most.
"""

import argparse

import numpy as np
from pytorch_grad_cam import ScoreCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from scipy.stats import spearmanr
from torchcam.methods import ScoreCAM as TorchcamScoreCAM

import xai
from benchmarks.timing import machine, with_peak
from xai.explanation import to_photo_size
from xai.studio.garbage import EXAMPLES


def by_grad_cam(model, x, target: int) -> np.ndarray:
    with ScoreCAM(model, [model.layers[model.last_layer]]) as cam:
        return cam(x, [ClassifierOutputTarget(target)])[0]


def by_torchcam(model, x, target: int) -> np.ndarray:
    with TorchcamScoreCAM(model, model.last_layer) as cam:
        return cam(target, model(x))[0][0].numpy(force=True)


def rank(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's correlation of two maps, both at 224²."""
    a, b = (to_photo_size(m.astype(np.float32), 224, 224) for m in (a, b))
    return spearmanr(a, b, axis=None)[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", default="garbage-resnet50")
    parser.add_argument("--photos", type=int, default=3, help="how many of the examples")
    parser.add_argument("--peers", action="store_true", help="the peers too, on the first photo: minutes each")
    options = parser.parse_args()
    model = xai.load_model(options.model)
    print(f"{machine()}, {options.model}\n\n| photo | contender | seconds | MiB | rank correlation with ours in full |")
    print("| --- | --- | --- | --- | --- |")
    for i, photo in enumerate(EXAMPLES[: options.photos]):
        full, seconds, memory = with_peak(lambda photo=photo: xai.explain(model, photo, "scorecam"))
        print(f"| {photo.stem} | xai | {seconds:.1f} | {memory:.0f} | |", flush=True)
        fast, seconds, memory = with_peak(lambda photo=photo: xai.explain(model, photo, "scorecam-fast"))
        print(f"| | xai, fast | {seconds:.1f} | {memory:.0f} | {rank(full.raw, fast.raw):.4f} |", flush=True)
        if options.peers and i == 0:
            x = model.preprocess([photo])
            for name, run in (("grad-cam", by_grad_cam), ("torchcam", by_torchcam)):
                found, seconds, memory = with_peak(lambda run=run, x=x, full=full: run(model, x, full.target))
                print(f"| | {name} | {seconds:.1f} | {memory:.0f} | {rank(full.raw, found):.4f} |", flush=True)


if __name__ == "__main__":
    main()
