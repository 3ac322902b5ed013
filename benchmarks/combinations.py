"""Which combination of the student's maps explains the black box best: `train.combine`, its results written down.

    python -m benchmarks.combinations --data TRASHNET

takes the options of `python -m train.combine`. Writes benchmarks/results/OUTPUT.json.
"""

import json
from dataclasses import dataclass

from benchmarks import record
from train.cli import run_command
from train.measure.map_search import Search, format_found, search_maps


@dataclass
class Written(Search):
    """Score a student's maps and their combinations on validation photos, and write the results down."""

    output: str = "combinations"
    """Name below benchmarks/results, or a path that ends in .json."""


def write(options: Written) -> None:
    """Search, write the results down and print the table."""
    found = search_maps(options)
    file = record.write(options.output, found["tried"], **{key: found[key] for key in found if key != "tried"})
    print(table(json.loads(file.read_text(encoding="utf-8"))))


def table(found: dict) -> str:
    """The combinations of interest with their figures, and what they were measured on."""
    measured = (
        f"{len(found['photos'])} validation photos and {found['mosaics']} mosaics of them; games on the black box; "
        "in brackets 95 % intervals, somewhat too good, as the best was chosen on the same photos."
    )
    return f"{format_found(found)}\n{measured}\n"


def main() -> None:
    """Command line: the options of the search."""
    run_command(Written, write, (ValueError, OSError, RuntimeError))  # what a black box raises


if __name__ == "__main__":
    main()
