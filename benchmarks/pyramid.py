"""What attention branches cost, and four explained layers: python -m benchmarks.pyramid."""

import argparse

import torch

import xai
from benchmarks.timing import in_turn, machine, median
from xai.activations import Activations
from xai.explain import finish, raw_maps
from xai.maps import combined
from xai.studio.pyramid import EXAMPLES
from xai.zoo import PYRAMID


@torch.no_grad()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    rounds = parser.parse_args().rounds
    models = {name: xai.load_model(name) for name in PYRAMID}
    inputs = {name: model.preprocess([EXAMPLES[0]]) for name, model in models.items()}
    runs = {}
    for name, model in models.items():
        runs[f"{name}: forward"] = lambda model=model, x=inputs[name]: model(x)
        for what, layers in (("layers", model.layer_names), ("attended maps", model.attended_names)):
            runs[f"{name}: Grad-CAM of four {what}, combined"] = lambda model=model, x=inputs[name], layers=layers: (
                four_layers(model, x, layers)
            )
        runs[f"{name}: explain_layers, photo to pictures' maps"] = lambda model=model: xai.explain_layers(
            model, EXAMPLES[0]
        )
    times = {name: median(row) for name, row in in_turn(runs, rounds).items()}
    print(machine())
    for name, milliseconds in times.items():
        forward = times[f"{name.partition(':')[0]}: forward"]
        print(f"{name:60} {milliseconds:7.1f} ms  {milliseconds / forward:.2f} forward passes")
    fpn, fal = (times[f"{name}: forward"] for name in PYRAMID)
    print(f"FAL takes {100 * (fal / fpn - 1):+.1f} % of FPN's time on top")


def four_layers(model: xai.models.Pyramid, x: torch.Tensor, layers: tuple[str, ...]) -> torch.Tensor:
    batch = Activations(model, x, together=layers)
    return combined([finish(raw_maps(batch, "gradcam", None, layer)) for layer in layers])


if __name__ == "__main__":
    main()
