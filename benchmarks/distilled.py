"""What the distilled map costs: in forward passes of the student, and against RISE, in turn in one process.

    python -m benchmarks.distilled          (needs: pip install -e ".[bench]")

The shipped student and its black box, one photo. RISE asks the black box; its time for all masks is that of a few,
times their number, since each costs the same (`--masks`, `--timed`).
"""

import argparse
from functools import partial

import torch

import xai
from benchmarks import record
from benchmarks.timing import in_turn, machine, median
from xai.activations import Activations
from xai.methods.distilled import LITERAL, distilled
from xai.studio.garbage import EXAMPLES


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--student", default="blackbox-student")
    parser.add_argument("--black-box", default="garbage-efficientnet_lite0")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--masks", type=int, default=4000, help="of RISE")
    parser.add_argument("--timed", type=int, default=64, help="masks of RISE that are timed")
    parser.add_argument("--output", default="distilled", help="name of the results file, or a path that ends in .json")
    options = parser.parse_args()
    student, black_box = xai.load_model(options.student), xai.load_black_box(options.black_box)
    x = student.preprocess([EXAMPLES[0]])

    @torch.no_grad()
    def forward() -> None:
        student(x)

    @torch.no_grad()
    def mapped(**form) -> None:
        distilled(Activations(student, x), None, student.last_layer, **form)

    times = in_turn(
        {
            "forward pass of the student": forward,
            "distilled map": mapped,
            "distilled map, eq. 9 of Kang et al.": partial(mapped, **LITERAL),
            f"RISE, {options.timed} masks": lambda: xai.explain(black_box, EXAMPLES[0], "rise", masks=options.timed),
        },
        options.rounds,
    )
    bare, _, _, some = (median(row) for row in times.values())
    rise = some * options.masks / options.timed
    print(f"{machine()}, {options.student}, medians of {options.rounds} rounds\n\n| | ms | forward passes | of RISE |")
    print("| --- | --- | --- | --- |")
    rows = []
    for name, row in [*times.items(), (f"RISE, {options.masks} masks", [rise])]:
        ms = median(row)
        print(f"| {name} | {ms:.1f} | {ms / bare:.2f} | 1/{rise / ms:.0f} |")
        passes, share = round(ms / bare, 2), round(ms / rise, 5)
        rows.append({"what": name, "ms": round(ms, 1), "forward passes": passes, "share of RISE": share})
    record.write(options.output, rows, student=options.student, rounds=options.rounds)


if __name__ == "__main__":
    main()
