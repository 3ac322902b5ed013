"""Every method against the same by grad-cam, torchcam and captum, in turn in one process.

    python -m benchmarks.methods          (needs: pip install -e ".[bench]")
    python -m benchmarks.methods --methods smoothgrad gradcam

The shipped ResNet-50 and an example photo, 224², batch 1, last layer, the predicted class. Times are medians of rounds
in which every contender runs once, from the network's input to the map; a bare forward pass under no_grad is the unit.
SmoothGrad of ours computes in bfloat16 where the machine is faster so, and is measured in single precision besides.
How maps agree is the largest difference of the maps scaled to [0, 1], and Spearman's rank correlation; where formulas
differ, the last column says how. Then every method of ours in bfloat16 against itself in single precision.
Score-CAM, which takes peers minutes, has a benchmark of its own, `python -m benchmarks.scorecam`.
"""

import argparse
import logging
from collections.abc import Callable, Sequence
from unittest.mock import patch

import numpy as np
import pytorch_grad_cam as peer
import torch
import torchcam.methods as torchcam
from captum.attr import LayerGradCam, NoiseTunnel, Saliency
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from scipy.stats import spearmanr

import xai
from benchmarks import record
from benchmarks.timing import in_turn, machine, median
from xai.activations import Activations
from xai.explanation import resize_to_photo, scale_to_range
from xai.methods import METHODS
from xai.models import Classifier
from xai.steps import finish
from xai.studio.garbage import EXAMPLES

UNTIMED = ("scorecam", "scorecam-fast", "ablationcam")  # they take minutes, or have a benchmark of their own
SINGLE = "xai, single precision"  # of what else is in bfloat16 where that is faster
SAMPLES = 4  # of the smoothing methods, for all
GRAD_CAM = {
    "gradcam": peer.GradCAM, "gradcam++": peer.GradCAMPlusPlus, "xgradcam": peer.XGradCAM, "hirescam": peer.HiResCAM,
    "layercam": peer.LayerCAM, "finercam": peer.FinerCAM, "eigencam": peer.EigenCAM, "eigengradcam": peer.EigenGradCAM,
}  # fmt: skip
TORCHCAM = {
    "cam": torchcam.CAM, "gradcam": torchcam.GradCAM, "gradcam++": torchcam.GradCAMpp, "xgradcam": torchcam.XGradCAM,
    "layercam": torchcam.LayerCAM, "smooth-gradcam++": torchcam.SmoothGradCAMpp,
}  # fmt: skip
DIFFERENCES = {
    ("gradcam++", "grad-cam"): "it adds 1e-6 to denominators that may be smaller",
    ("gradcam++", "torchcam"): "its division by the denominator is lost on a copy",
    ("finercam", "grad-cam"): "the rivals' confidences count as variables there",
    ("eigencam", "grad-cam"): "it centres the features, and leaves the sign to chance",
    ("eigengradcam", "grad-cam"): "it centres the features, and leaves the sign to chance",
    ("smooth-gradcam++", "torchcam"): "it draws noise, though the gradient does not depend on it here",
    ("smoothgrad", SINGLE): "it rounds less",
    ("smoothgrad", "captum"): "other noise",
}


def contenders(model: Classifier, x: torch.Tensor, target: int, methods: Sequence[str]) -> dict[tuple, Callable]:
    """By method and library, a function that computes the map of some methods once."""
    runs: dict[tuple[str, str], Callable] = {("forward", ""): lambda: no_grad(lambda: model(x))}
    for name in methods:
        if name not in UNTIMED:
            runs[name, "xai"] = lambda name=name: ours(model, x, target, name)
    runs["smoothgrad", SINGLE] = lambda: in_precision(False, lambda: ours(model, x, target, "smoothgrad"))
    for name, cam in GRAD_CAM.items():
        extractor = cam(model, [model.layer4])
        targets = None if name == "finercam" else [ClassifierOutputTarget(target)]
        runs[name, "grad-cam"] = lambda extractor=extractor, targets=targets: extractor(x, targets)[0]
    for name, cam in TORCHCAM.items():
        options = {"num_samples": SAMPLES} if name == "smooth-gradcam++" else {}
        runs[name, "torchcam"] = lambda cam=cam, options=options: by_torchcam(cam, model, x, target, options)
    gradcam, smoothgrad = LayerGradCam(model, model.layer4), NoiseTunnel(Saliency(model))
    runs["gradcam", "captum"] = lambda: gradcam.attribute(x, target).relu()[0, 0].detach().numpy(force=True)
    sigma = 0.15 * float(x.max() - x.min())
    runs["smoothgrad", "captum"] = lambda: (
        smoothgrad.attribute(x, nt_type="smoothgrad", nt_samples=SAMPLES, stdevs=sigma, target=target, abs=False)[0]
        .abs()
        .sum(0)
        .numpy(force=True)
    )
    return {key: run for key, run in runs.items() if key[0] in ("forward", *methods)}


def no_grad(run):
    with torch.no_grad():
        return run()


def in_precision(half: bool, run: Callable):
    """Run with half precision taken to be faster, or not."""
    with patch("xai.precision.is_faster_in_half", return_value=half):
        return run()


def ours(model: torch.nn.Module, x: torch.Tensor, target: int, name: str, **options) -> np.ndarray:
    method = METHODS[name]
    if "samples" in method.options:
        options = {"samples": SAMPLES}

    def run():
        maps = method.run(
            Activations(model, x), torch.tensor([target], device=x.device), method.layer(model, None), **options
        )
        return (maps if isinstance(maps, torch.Tensor) else finish(maps))[0].float().numpy(force=True)

    return no_grad(run)


def by_torchcam(cam: type, model: torch.nn.Module, x: torch.Tensor, target: int, options: dict) -> np.ndarray:
    with cam(model, "layer4", **options) as extractor:
        return extractor(target, model(x))[0][0].numpy(force=True)


def agreement(ours: np.ndarray, theirs: np.ndarray) -> tuple[float, float]:
    """The largest difference and the rank correlation of two maps, each scaled to [0, 1], at the larger one's size."""
    if theirs.shape != ours.shape:
        ours = resize_to_photo(ours, *theirs.shape[::-1])
    a, b = (scale_to_range(m, m.min(), m.max()) for m in (ours, theirs))
    return float(np.abs(a - b).max()), float(spearmanr(a, b, axis=None)[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--model", default="garbage-resnet50", help="a shipped ResNet-50")
    parser.add_argument("--methods", nargs="+", choices=list(METHODS), help="all that suit the model")
    parser.add_argument("--output", default="methods", help="name of the results file, or a path that ends in .json")
    options = parser.parse_args()
    logging.getLogger().setLevel(logging.ERROR)
    model = xai.load_model(options.model)
    suited = [name for name in xai.list_methods(model) if METHODS[name].needs == "features"]
    if unsuited := set(options.methods or ()) - set(suited):
        parser.error(f"{options.model} does not suit {', '.join(sorted(unsuited))}")
    methods = [name for name in suited if name in (options.methods or suited)]
    x = model.preprocess([EXAMPLES[0]])
    target = int(no_grad(lambda: model(x)).argmax())
    runs = contenders(model, x, target, methods)
    times = {key: median(row) for key, row in in_turn(runs, options.rounds).items()}
    maps = {key: np.asarray(run()) for key, run in runs.items() if key[1]}
    base = times["forward", ""]
    print(f"{machine()}, {options.rounds} rounds; bare forward pass {base:.1f} ms\n")
    print("| method | library | median ms | times a forward pass | largest difference | rank correlation | |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    rows = []
    for name in methods:
        for library in ("xai", SINGLE, "grad-cam", "torchcam", "captum"):
            if (name, library) in times:
                line = f"| {name} | {library} | {times[name, library]:.1f} | {times[name, library] / base:.2f} |"
                passes = round(times[name, library] / base, 2)
                rows.append({"method": name, "library": library, "forward passes": passes})
                if library != "xai":
                    difference, rank = agreement(maps[name, "xai"], maps[name, library])
                    rows[-1] |= {"rank correlation": round(rank, 4), "why": DIFFERENCES.get((name, library), "")}
                    line += f" {difference:.1e} | {rank:.4f} | {DIFFERENCES.get((name, library), '')} |"
                print(line if library != "xai" else line + " | | |")
    print("\n| method | rank correlation of bfloat16 with single precision |\n| --- | --- |")
    halves = {}
    for name in methods:
        if name != "scorecam":
            single = in_precision(False, lambda name=name: ours(model, x, target, name))
            # Score-CAM sees only the masked photos in half precision, and decides by itself when
            whole = torch.autocast(x.device.type, torch.bfloat16, enabled=name != "scorecam-fast")
            with whole:
                half = in_precision(True, lambda name=name: ours(model, x, target, name))
            halves[name] = round(float(spearmanr(single, half, axis=None)[0]), 4)
            print(f"| {name} | {halves[name]:.4f} |")
    record.write(
        options.output, rows, model=options.model, rounds=options.rounds, samples=SAMPLES, forward_ms=round(base, 1),
        rank_correlation_of_half_precision=halves,
    )  # fmt: skip


if __name__ == "__main__":
    main()
