"""Score-CAM: how well Fast Score-CAM keeps the full one's map; and ours against grad-cam's and torchcam's.

    python -m benchmarks.scorecam TRASHNET --scores SCORES          (needs: pip install -e ".[bench]")
    python -m benchmarks.scorecam --peers

The shipped models, 224² or 256², last layer, the predicted class. The figure is Spearman's rank correlation with the
full map at 224², of the fast map and of the plain mean of the channels, which asks the network nothing; the interval of
their difference is a bootstrap over the photos. The full map asks about every channel, 1,280 or 2,048 of them: minutes
a photo. All scores go to the folder SCORES, so that a run that was stopped goes on; with --openvino they come from
OpenVINO, which takes a quarter of the time and rounds otherwise.

With --peers the speed and memory (how much the process grew at most) of ours, in full and fast, on example photos, and
of the peers on the first of them.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from scipy.stats import spearmanr

import xai
from benchmarks import record
from benchmarks.timing import machine, with_peak
from xai.activations import Activations
from xai.evaluation.bootstrap import interval, resample_means
from xai.evaluation.subset import choose_photos
from xai.explanation import resize_to_photo
from xai.methods.gradcam import weigh_channels
from xai.methods.scorecam import choose_channels, infer_scores, score_masked
from xai.models import Classifier
from xai.steps import finish
from xai.studio.garbage import EXAMPLES

MODELS = ("garbage-efficientnet_lite0", "garbage-resnet50")
RESAMPLES = 10_000


def rank(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's correlation of two maps, both at 224²."""
    a, b = (resize_to_photo(m.astype(np.float32), 224, 224) for m in (a, b))
    return float(spearmanr(a, b, axis=None)[0])


class ByOpenVino(torch.nn.Module):
    """A model whose forward pass is OpenVINO's, in bfloat16 where ours would be too."""

    def __init__(self, model: Classifier) -> None:
        import openvino

        from xai.precision import is_faster_in_half

        super().__init__()
        side = model.input_size
        graph = openvino.convert_model(model, example_input=torch.zeros(2, 3, side, side), input=[-1, 3, side, side])
        precision = "bf16" if is_faster_in_half(model, model.device) else "f32"
        self.run = openvino.Core().compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": precision})

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(self.run(x.numpy())[0].copy())


@torch.no_grad()
def all_scores(model: Classifier, photo: Path, ask: torch.nn.Module) -> dict[str, np.ndarray]:
    """The features (C, h, w) of a photo's last layer, and what `ask` says of it seen through each channel (C)."""
    batch = Activations(model, model.preprocess([photo]))
    target, features = batch.logits()[0].argmax(), batch.last[0]
    asked = Activations(model, batch.x)
    asked.model = ask
    scores = finish(score_masked(asked, 0, target, features))
    return {"features": features.numpy(), "scores": scores.numpy()}


def stored(file: Path, compute: Callable[[], dict[str, np.ndarray]]) -> dict[str, torch.Tensor]:
    """What a file holds, which is computed and written if it is not there."""
    if not file.exists():
        found, part = compute(), file.with_suffix(".part")
        with part.open("wb") as stream:
            np.savez(stream, **found)
        part.replace(file)
    with np.load(file) as found:
        return {name: torch.from_numpy(found[name]) for name in ("features", "scores")}


def correlations(features: torch.Tensor, scores: torch.Tensor, channels: int) -> tuple[float, float]:
    """With the full map: of the fast map that asks about some channels, and of the channels' mean."""
    known = choose_channels(features, channels)
    guessed = infer_scores(features, known, scores[known])
    full, fast = (weigh_channels(s.softmax(0)[None], features[None])[0].numpy() for s in (scores, guessed))
    return rank(fast, full), rank(features.mean(0).numpy(), full)


def compare(name: str, folder: Path, photos: list[str], scores: Path, options: argparse.Namespace) -> dict:
    """One network's row: mean correlations over the photos, and the paired interval of their difference."""
    model = xai.load_model(name, "cpu")
    ask = ByOpenVino(model) if options.openvino else model
    found = []
    for photo in photos:
        file = scores / f"{name} {photo.replace('/', ' ')}.npz"
        kept = stored(file, lambda photo=photo: all_scores(model, folder / photo, ask))
        found.append(correlations(kept["features"], kept["scores"], options.channels))
        print(f"{name}, {photo}: fast {found[-1][0]:.3f}, mean of the channels {found[-1][1]:.3f}", flush=True)
    values = np.array(found)  # N, 2
    gain = values[:, :1] - values[:, 1:]
    low, high = interval(resample_means(gain, RESAMPLES, seed=0))[:, 0]
    return {
        "network": name,
        "photos": len(photos),
        "fast": round(float(values[:, 0].mean()), 4),
        "mean of the channels": round(float(values[:, 1].mean()), 4),
        "difference": round(float(gain.mean()), 4),
        "95 % interval": [round(float(low), 4), round(float(high), 4)],
    }


def by_grad_cam(model: Classifier, x: torch.Tensor, target: int) -> np.ndarray:
    from pytorch_grad_cam import ScoreCAM
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    with ScoreCAM(model, [model.layers[model.last_layer]]) as cam:
        return cam(x, [ClassifierOutputTarget(target)])[0]


def by_torchcam(model: Classifier, x: torch.Tensor, target: int) -> np.ndarray:
    from torchcam.methods import ScoreCAM

    with ScoreCAM(model, model.last_layer) as cam:
        return cam(target, model(x))[0][0].numpy(force=True)


def beside_peers(name: str, photos: list[Path]) -> list[dict]:
    """Seconds and memory of ours on each photo, and of the peers on the first."""
    model, rows = xai.load_model(name, "cpu"), []

    def add(photo: Path, contender: str, run: Callable, full: np.ndarray | None, raw: Callable) -> np.ndarray:
        found, seconds, memory = with_peak(run)
        row = {"network": name, "photo": photo.stem, "contender": contender, "seconds": round(seconds, 1)}
        row |= {"MiB": round(memory), "rank correlation": 1.0 if full is None else round(rank(full, raw(found)), 4)}
        rows.append(row)
        print(" | ".join(map(str, row.values())), flush=True)
        return found

    for i, photo in enumerate(photos):
        e = add(photo, "xai", lambda photo=photo: xai.explain(model, photo, "scorecam"), None, lambda e: e.raw)
        add(photo, "xai, fast", lambda photo=photo: xai.explain(model, photo, "scorecam-fast"), e.raw, lambda e: e.raw)
        if i == 0:
            x = model.preprocess([photo])
            for peer, run in (("grad-cam", by_grad_cam), ("torchcam", by_torchcam)):
                add(photo, peer, lambda run=run, x=x, e=e: run(model, x, e.target), e.raw, lambda found: found)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", help="photos, in folders by class")
    parser.add_argument("--model", nargs="+", default=list(MODELS))
    parser.add_argument("--limit", type=int, default=20, help="photos of the folder's test split")
    parser.add_argument("--channels", type=int, default=40, help="that Fast Score-CAM asks about")
    parser.add_argument("--scores", type=Path, help="a folder for the scores of all channels")
    parser.add_argument("--openvino", action="store_true", help="full scores by OpenVINO")
    parser.add_argument("--peers", action="store_true", help="seconds beside the peers, minutes each")
    parser.add_argument("--photos", type=int, default=1, help="examples, with --peers")
    parser.add_argument("--output", help="name of the results file; scorecam, or scorecam-peers")
    options = parser.parse_args()
    print(machine())
    if options.peers:
        rows = [row for name in options.model for row in beside_peers(name, EXAMPLES[: options.photos])]
        record.write(options.output or "scorecam-peers", rows)
        return
    if options.folder is None or options.scores is None:
        parser.error("give a folder of photos and --scores, or --peers")
    options.scores.mkdir(parents=True, exist_ok=True)
    photos = choose_photos(options.folder, limit=options.limit)
    rows = [compare(name, options.folder, photos, options.scores, options) for name in options.model]
    for row in rows:
        print(row)
    record.write(options.output or "scorecam", rows, channels=options.channels)


if __name__ == "__main__":
    main()
