"""Deletion and insertion of the methods that explain a black box: python -m benchmarks.games --data TRASHNET.

60 test photos, each method on each: deletion to grey, as RISE's published code and Kang et al. (2021) have it, deletion
to the blurred photo, and insertion from it. RISE as published, with 4,000 questions, is measured on the same photos by
`python -m benchmarks.rise_questions`. MASK, which takes minutes a photo, is measured on 20 of them. By how much the
distilled map differs from its rivals is told with intervals, and what it is worth where the student names the black
box's class, and where not. Writes benchmarks/results/games.json; a stopped run goes on.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks import record
from benchmarks.rise_questions import PLAYED, PUBLISHED
from xai.blackbox import BlackBox, BlackBoxError, load_black_box
from xai.evaluation import Settings, evaluate
from xai.evaluation.intervals import Interval, estimate, estimate_mean, subtract
from xai.evaluation.lines import Line
from xai.evaluation.report import say_not_better
from xai.evaluation.subset import choose_photos
from xai.metrics import COMPANIONS
from xai.zoo import read_json

METHODS = (
    "gradcam:teacher", "gradcam:student", "lime", "distilled", "distilled:literal", *COMPANIONS, "random",
    "random:7", "gaussian",
)  # fmt: skip
RIVALS = ("gradcam:student", "random", "random:7", "gaussian")  # of the distilled map
DISTILLED = "distilled"


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line: the photos, and who explains."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="of CLASS/PHOTO")
    parser.add_argument("--black-box", default="garbage-efficientnet_lite0", metavar="SPEC")
    parser.add_argument("--student", default="blackbox-student", metavar="NAME")
    parser.add_argument("--methods", nargs="+", default=list(METHODS), metavar="METHOD")
    parser.add_argument("--limit", type=int, default=60, help="test photos (default: 60)")
    parser.add_argument("--slow", nargs="*", default=["mask:teacher", "mask:student"], metavar="METHOD")
    parser.add_argument("--few", type=int, default=20, help="test photos of slow methods (default: 20)")
    parser.add_argument("--work", type=Path, default=Path("runs/games"), help="folder to go on from")
    parser.add_argument("--output", default="games", help="name below benchmarks/results, or a .json path")
    options = parser.parse_args(arguments)

    try:
        print(measure(options))
    except (ValueError, OSError, BlackBoxError) as error:
        parser.error(str(error))


def measure(options: argparse.Namespace) -> Path:
    """Play all games, or go on with them; returns the results file.

    Raises:
        ValueError: there is no such photo, network or method.
        OSError: a file is damaged.
        BlackBoxError: the black box gave no answer.
    """
    names = choose_photos(options.data, limit=options.limit)
    subject = load_black_box(options.black_box, student=options.student)
    settings, lines = Settings(), []
    for work, methods in ((options.work, options.methods), (options.work / "rise", ["rise", *COMPANIONS])):
        found = evaluate([subject], methods, list(PLAYED), options.data, work, names, settings=settings)
        lines += found.lines
    few = choose_photos(options.data, limit=min(options.few, options.limit))
    work = options.work / "slow"
    slow: list[Line] = []
    if options.slow:
        slow = evaluate([subject], options.slow, list(PLAYED), options.data, work, few, settings=settings).lines
    draws = settings.resamples, settings.seed
    rows = [{"method": line.row.name, **play(line, draws)} for line in lines]
    rows += published(record.RESULTS / f"rise-questions-{options.black_box}.json", names, draws)
    agreed = find_agreed(subject, [options.data / name for name in names])  # N
    chosen = np.array([name in few for name in names])
    facts = {
        "photos": len(names),
        "data": options.data.name,
        "black_box": options.black_box,
        "not_better": say_not_better(lines, list(PLAYED), *draws),
        "differences": compare(lines, draws),
        "agreed": int(agreed.sum()),
        "where_agreed": select(lines, agreed, draws),
        "where_not": select(lines, ~agreed, draws),
        "few": len(few),
        "on_few": select(lines, chosen, draws) + [{"method": line.row.name, **play(line, draws)} for line in slow],
    }
    return record.write(options.output, rows, **facts)


def play(line: Line, draws: tuple[int, int]) -> dict[str, list[float]]:
    """A method's figures by game."""
    return {game: figures(estimate(line, game, *draws)) for game in PLAYED}


def find_agreed(subject: BlackBox, photos: Sequence[Path]) -> np.ndarray:
    """Of which photos (N) student and black box name the same class."""
    asked = (subject, subject.student)
    first, second = (np.array([who.predict_proba(photo)[0].argmax() for photo in photos]) for who in asked)
    return first == second


def select(lines: Sequence[Line], chosen: np.ndarray, draws: tuple[int, int]) -> list[dict]:
    """The methods' figures on some of the photos (N), or nothing where there are fewer than two of these."""
    if chosen.sum() < 2:  # of one there is no interval
        return []
    parts = [replace(line, values={game: line.values[game][chosen] for game in PLAYED}) for line in lines]
    return [{"method": line.row.name, **play(line, draws)} for line in parts if not line.row.companion]


def compare(lines: Sequence[Line], draws: tuple[int, int]) -> list[dict]:
    """By how much the distilled map's figures exceed its rivals', photo by photo."""
    by_name = {line.row.name: line for line in lines}
    return [
        {
            "method": DISTILLED,
            "less": rival,
            **{game: figures(subtract(by_name[DISTILLED], by_name[rival], game, *draws)) for game in PLAYED},
        }
        for rival in RIVALS
        if {DISTILLED, rival} <= by_name.keys()
    ]


def figures(figure: Interval) -> list[float]:
    """Mean, low and high of a figure."""
    return [round(float(value), 4) for value in (figure.mean, figure.low, figure.high)]


def published(file: Path, names: Sequence[str], draws: tuple[int, int]) -> list[dict]:
    """RISE as published on these photos; no row where they were not all measured."""
    if not file.is_file():
        return []
    found = read_json(file)
    known = {row["photo"]: row for row in found["rows"]}
    if not set(names) <= set(known):
        return []
    row = {"method": "rise:published", "questions": found["many"]}
    for game in PLAYED:
        row[game] = figures(estimate_mean(np.array([known[name][PUBLISHED][game] for name in names]), *draws))
    return [row]


if __name__ == "__main__":
    main()
