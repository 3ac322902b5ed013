"""Grad-CAM against the same by grad-cam, torchcam and captum, in turn in one process.

    python -m benchmarks.gradcam_speed          (needs: pip install -e ".[bench]")

ResNet-50 with random weights, 224², batch 1, last layer; times are medians of rounds in which every contender runs
once, so that all meet the same state of the machine. "forward" is the bare forward pass under no_grad; ours is timed
from the network's input to the raw map, as the peers are.
"""

import argparse
import statistics
import time

import torch
from captum.attr import LayerGradCam
from pytorch_grad_cam import GradCAM as PeerGradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torchcam.methods import GradCAM as TorchcamGradCAM

from xai.activations import Activations
from xai.methods import METHODS
from xai.models import create_model

TARGET = 3


def contenders(model: torch.nn.Module, x: torch.Tensor) -> dict:
    """Name to a function computing the map once."""
    targets = torch.tensor([TARGET])
    peer = PeerGradCAM(model, [model.layer4])
    peer_layer2 = PeerGradCAM(model, [model.layer2])
    captum = LayerGradCam(model, model.layer4)

    def forward():
        with torch.no_grad():
            return model(x)

    def ours(layer):
        with torch.no_grad():
            return METHODS["gradcam"](Activations(model, x), targets, layer)

    def torchcam():
        with TorchcamGradCAM(model, "layer4") as extractor:
            return extractor(TARGET, model(x))

    return {
        "forward": forward,
        "xai, layer4": lambda: ours("layer4"),
        "grad-cam, layer4": lambda: peer(x, [ClassifierOutputTarget(TARGET)]),
        "torchcam, layer4": torchcam,
        "captum, layer4": lambda: captum.attribute(x, TARGET),
        "xai, layer2": lambda: ours("layer2"),
        "grad-cam, layer2": lambda: peer_layer2(x, [ClassifierOutputTarget(TARGET)]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--warmup", type=int, default=5)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args()
    torch.manual_seed(0)
    model = create_model("resnet50", [str(i) for i in range(1000)], input_size=224).eval().to(options.device)
    x = torch.randn(1, 3, 224, 224, device=options.device)
    runs = contenders(model, x)
    times = {name: [] for name in runs}
    for round_ in range(options.warmup + options.rounds):
        for name, run in runs.items():
            started = time.perf_counter()
            run()
            if options.device == "cuda":
                torch.cuda.synchronize()
            if round_ >= options.warmup:
                times[name].append(1000 * (time.perf_counter() - started))
    base = statistics.median(times["forward"])
    print(f"torch {torch.__version__}, {options.device}, {torch.get_num_threads()} threads, {options.rounds} rounds")
    print("| | median ms | quartiles | times a forward pass |\n| --- | --- | --- | --- |")
    for name, row in times.items():
        low, median, high = statistics.quantiles(row, n=4)
        print(f"| {name} | {median:.1f} | {low:.1f}-{high:.1f} | {median / base:.2f} |")


if __name__ == "__main__":
    main()
