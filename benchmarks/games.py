"""Deletion and insertion of the methods that explain a black box: python -m benchmarks.games --data TRASHNET.

60 test photos, each method on each: deletion to grey, as RISE's published code and Kang et al. (2021) have it, deletion
to the blurred photo, and insertion from it. RISE's two rows come from `python -m benchmarks.rise_questions`, which
asks about the same photos. Writes benchmarks/results/games.json; a stopped run goes on.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks import record
from benchmarks.rise_questions import COVERAGE, PLAYED, PUBLISHED
from xai.blackbox import load_black_box
from xai.evaluation import Settings, Subject, evaluate
from xai.evaluation.bootstrap import interval, resampled_means
from xai.evaluation.report import figure_of, not_better
from xai.evaluation.subset import chosen_photos
from xai.zoo import load_model, read_json

METHODS = (
    "gradcam:teacher", "gradcam:student", "lime", "distilled", "distilled:literal", "another", "mean", "random",
    "random:7", "gaussian",
)  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line: the photos, and who explains."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="of CLASS/PHOTO")
    parser.add_argument("--black-box", default="garbage-efficientnet_lite0", metavar="SPEC")
    parser.add_argument("--student", default="blackbox-student", metavar="NAME")
    parser.add_argument("--methods", nargs="+", default=list(METHODS), metavar="METHOD")
    parser.add_argument("--limit", type=int, default=60, help="test photos (default: 60)")
    parser.add_argument("--work", type=Path, default=Path("runs/games"), help="folder to go on from")
    parser.add_argument("--output", default="games", help="name below benchmarks/results, or a .json path")
    options = parser.parse_args(arguments)

    names = chosen_photos(options.data, limit=options.limit)
    subject = Subject(load_black_box(options.black_box), load_model(options.student), options.student)
    settings = Settings()
    outcome = evaluate([subject], options.methods, list(PLAYED), options.data, options.work, names, settings=settings)
    draws = settings.resamples, settings.seed
    rows = [
        {"method": line.row.name, **{game: figures(figure_of(line, game, *draws)) for game in PLAYED}}
        for line in outcome.lines
    ]
    rows += rise_rows(record.RESULTS / f"rise-questions-{options.black_box}.json", names, draws)
    said = not_better(outcome.lines, list(PLAYED), *draws)
    facts = {"photos": len(names), "data": options.data.name, "black_box": options.black_box, "not_better": said}
    print(record.write(options.output, rows, **facts))


def figures(figure) -> list[float]:
    """Mean, low and high of a figure."""
    return [round(float(value), 4) for value in (figure.mean, figure.low, figure.high)]


def rise_rows(file: Path, names: Sequence[str], draws: tuple[int, int]) -> list[dict]:
    """Both forms of RISE on these photos; none where they were not all measured."""
    if not file.is_file():
        return []
    found = read_json(file)
    known = {row["photo"]: row for row in found["rows"]}
    if not set(names) <= set(known):
        return []
    rows = []
    for form, method, questions in ((COVERAGE, "rise", "few"), (PUBLISHED, "rise:published", "many")):
        row = {"method": method, "questions": found[questions]}
        for game in PLAYED:
            values = np.array([[known[name][form][game]] for name in names])  # N, 1
            low, high = interval(resampled_means(values, *draws))[:, 0]
            row[game] = [round(float(value), 4) for value in (values.mean(), low, high)]
        rows.append(row)
    return rows


if __name__ == "__main__":
    main()
