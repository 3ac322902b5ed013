"""What attention branches cost, and four explained layers: python -m benchmarks.pyramid."""

import argparse

import torch

import xai
from benchmarks import record
from benchmarks.timing import in_turn, machine, median
from xai.activations import Activations
from xai.maps import combine_maps
from xai.methods import METHODS
from xai.running import compute_maps
from xai.steps import finish
from xai.studio.pyramid import EXAMPLES
from xai.zoo import PYRAMID


@torch.no_grad()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--output", default="pyramid", help="name of the results file, or a path that ends in .json")
    options = parser.parse_args()
    rounds = options.rounds
    models = {name: xai.load_model(name) for name in PYRAMID}
    inputs = {name: model.preprocess([EXAMPLES[0]]) for name, model in models.items()}
    forward = {name: lambda model=model, x=inputs[name]: model(x) for name, model in models.items()}
    fpn, fal = in_turn(forward, 4 * rounds).values()
    extra = median([b / a for a, b in zip(fpn, fal, strict=True)]) - 1  # by rounds: the machine's pace drifts
    runs = {}
    for name, model in models.items():
        runs[f"{name}: forward"] = forward[name]
        for what, layers in (("layers", model.layer_names), ("attended maps", model.attended_names)):
            runs[f"{name}: Grad-CAM of four {what}, combined"] = lambda model=model, x=inputs[name], layers=layers: (
                four_layers(model, x, layers)
            )
        runs[f"{name}: explain_layers, photo to pictures' maps"] = lambda model=model: xai.explain_layers(
            model, EXAMPLES[0]
        )
    times = {name: median(row) for name, row in in_turn(runs, rounds).items()}
    print(machine())
    print(f"forward passes alone: {median(fpn):.1f} ms, with branches {median(fal):.1f} ms, {extra:+.1%} in a round")
    rows = []
    for name, milliseconds in times.items():
        passes = milliseconds / times[f"{name.partition(':')[0]}: forward"]
        print(f"{name:60} {milliseconds:7.1f} ms  {passes:.2f} forward passes")
        rows.append({"what": name, "ms": round(milliseconds, 1), "forward passes": round(passes, 2)})
    record.write(options.output, rows, rounds=rounds, branches=round(extra, 3))


def four_layers(model: xai.models.Pyramid, x: torch.Tensor, layers: tuple[str, ...]) -> torch.Tensor:
    batch = Activations(model, x, together=layers)
    return combine_maps([finish(compute_maps(batch, METHODS["gradcam"], None, layer)) for layer in layers])


if __name__ == "__main__":
    main()
