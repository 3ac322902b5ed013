"""The pyramids' layers against controls that know other photos: python -m benchmarks.controls --data UCMERCED.

Writes benchmarks/results/pyramid-controls.json: drop and increase in confidence of each layer's Grad-CAM, of another
photo's map, of the mean map and of a Gaussian, every pixel dimmed by the map (`soft`) and with only the strongest 20 %
of the pixels kept (`strongest`); by how much each layer differs from each control, photo by photo; and what its maps
have in common. A stopped run goes on.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from benchmarks import record
from benchmarks.mosaic import plain, text
from xai.blackbox import from_checkpoint
from xai.evaluation import Outcome, Settings, evaluate
from xai.evaluation.intervals import estimate, subtract
from xai.evaluation.plan import ALL_LAYERS
from xai.evaluation.subset import choose_photos
from xai.metrics.controls import ANOTHER, MEAN
from xai.metrics.registry import METRICS, SHARED
from xai.zoo import PYRAMID

MEASURED = ["drop", "increase"]
WAYS = {"soft": None, "strongest": 0.2}
TITLES = {"soft": "Each pixel dimmed by the map", "strongest": "Only the strongest 20 % of the pixels kept"}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="of CLASS/PHOTO")
    parser.add_argument("--models", nargs="+", default=list(PYRAMID), metavar="NAME")
    parser.add_argument("--limit", type=int, default=105, help="test photos (default: 105)")
    parser.add_argument("--work", type=Path, default=Path("runs/controls"), help="folder to go on from")
    parser.add_argument("--output", default="pyramid-controls", help="name below benchmarks/results, or a .json path")
    parser.add_argument("--show", action="store_true", help="only print the table of the file there is")
    options = parser.parse_args(arguments)
    file = record.place(options.output)
    if not options.show:
        if not options.data:
            parser.error("name the data by --data, or --show what was measured")
        names = choose_photos(options.data, limit=options.limit)
        rows = []
        for way, share in WAYS.items():
            settings = Settings(share=share)
            subjects = [from_checkpoint(name) for name in options.models]
            methods, metrics = ["gradcam", "gaussian", ANOTHER, MEAN], [*MEASURED, SHARED]
            work = options.work / way
            outcome = evaluate(subjects, methods, metrics, options.data, work, names, [ALL_LAYERS], settings)
            rows += rows_of(outcome, way, settings)
        record.write(options.output, rows, photos=len(names), data=options.data.name)
    print(table(json.loads(file.read_text(encoding="utf-8"))))


def rows_of(outcome: Outcome, way: str, settings: Settings) -> list[dict]:
    """Every line's figures, and of a control that another row has of its own by how much it differs from that row's."""
    draws, lines = (settings.resamples, settings.seed), {(each.model, each.row.name): each for each in outcome.lines}
    return [
        {
            "model": line.model,
            "map": line.row.name,
            "way": way,
            **{metric: plain(estimate(line, metric, *draws), line.photos) for metric in MEASURED},
            **{
                f"{metric} less {line.row.of}": plain(
                    subtract(line, lines[line.model, line.row.of], metric, *draws), line.photos
                )
                for metric in MEASURED
                if line.row.companion
            },
            **({SHARED: plain(estimate(line, SHARED, *draws), line.photos)} if SHARED in line.values else {}),
        }
        for line in outcome.lines
    ]


def table(found: dict) -> str:
    """The file as Markdown, a table for each way of showing the photo: a layer a row, its controls beside it."""
    drop, increase = (f"{metric} {METRICS[metric].arrow}" for metric in MEASURED)
    head = ["network", "map", drop, "drop of another photo's map, less that", "drop of the mean map, less that",
            increase, "the same for every photo"]  # fmt: skip
    lines = []
    for way, title in TITLES.items():
        rows = [row for row in found["rows"] if row["way"] == way]
        apart = {(row["model"], row["map"]): row.get(f"drop less {row['map'].split(':')[0]}") for row in rows}
        lines += [f"{title}, %:", "", f"| {' | '.join(head)} |", "| --- " * len(head) + "|"]
        for row in rows:
            if ":" not in row["map"]:
                beside = [apart.get((row["model"], f"{row['map']}:{control}")) for control in (ANOTHER, MEAN)]
                figures = [row["drop"], *beside, row["increase"], row.get(SHARED)]
                cells = [f"`{row['model']}`", f"`{row['map']}`", *(text(each) if each else "" for each in figures)]
                lines.append(f"| {' | '.join(cells)} |")
        lines.append("")
    brackets = "in brackets 95 % intervals, of differences paired ones"
    return "\n".join([*lines, f"{found['photos']} test photos; {brackets}."])


if __name__ == "__main__":
    main()
