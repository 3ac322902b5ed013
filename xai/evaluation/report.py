"""The results of a run: a table for programs, one for people, and a plot."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xai.evaluation.bootstrap import interval, resampled_means
from xai.evaluation.figures import METRICS
from xai.evaluation.plan import Row, Subject
from xai.metrics.games import GAMES


@dataclass(frozen=True)
class Line:
    """A line of the table.

    Attributes:
        model: who was asked.
        row: the method.
        asked: whose answers or features the map comes from; empty for a control.
        seconds: a map, the median over the photos; None for a control.
        values: each metric's, one a photo (N).
        curves: each game's, one a photo (N, n + 1).
    """

    model: str
    row: Row
    asked: str
    seconds: float | None
    values: Mapping[str, np.ndarray]
    curves: Mapping[str, np.ndarray]


def lines_of(
    subjects: Sequence[Subject],
    rows: Mapping[str, Sequence[Row]],
    metrics: Sequence[str],
    names: Sequence[str],
    records: Mapping[tuple[str, str], Mapping],
) -> list[Line]:
    """A line for every model and row, from the records of these photos."""
    lines = []
    for subject in subjects:
        for row in rows[subject.name]:
            found = [records[subject.name, name]["maps"][row.name] for name in names]
            seconds = [each["seconds"] for each in found if each["seconds"] is not None]
            lines.append(
                Line(
                    model=subject.name,
                    row=row,
                    asked="" if row.control else subject.called(row.whose),
                    seconds=float(np.median(seconds)) if seconds else None,
                    values={metric: np.array([METRICS[metric].value(each) for each in found]) for metric in metrics},
                    curves={game: np.array([each[game] for each in found]) for game in GAMES if game in metrics},
                )
            )
    return lines


@dataclass(frozen=True)
class Figure:
    """A mean over the photos, with the interval that a bootstrap gives it."""

    mean: float
    low: float
    high: float

    def text(self, digits: int) -> str:
        return f"{self.mean:.{digits}f} [{self.low:.{digits}f}, {self.high:.{digits}f}]"

    @property
    def excludes_zero(self) -> bool:
        return not self.low <= 0 <= self.high


def figures_of(
    lines: Sequence[Line], metrics: Sequence[str], resamples: int, seed: int, reference: str | None = None
) -> tuple[list[dict[str, Figure]], list[dict[str, Figure]]]:
    """Every line's figures by metric, and by how much they differ from its model's reference, photo by photo."""
    values = np.stack([line.values[metric] for line in lines for metric in metrics], axis=1)  # N, L M
    means = resampled_means(values, resamples, seed).reshape(resamples, len(lines), len(metrics))
    exact = values.mean(0).reshape(len(lines), len(metrics))
    found = [row_of(exact[i], means[:, i], metrics) for i in range(len(lines))]
    if reference is None:
        return found, []
    to = {line.model: i for i, line in enumerate(lines) if line.row.name == reference}
    against = [to[line.model] for line in lines]
    return found, [row_of(exact[i] - exact[j], means[:, i] - means[:, j], metrics) for i, j in enumerate(against)]


def row_of(exact: np.ndarray, means: np.ndarray, metrics: Sequence[str]) -> dict[str, Figure]:
    low, high = interval(means)  # M each
    return {metric: Figure(*map(float, each)) for metric, *each in zip(metrics, exact, low, high, strict=True)}


def write(output: Path, lines: Sequence[Line], metrics: Sequence[str], settings: Mapping) -> None:
    """`results.csv`, `results.md` and `plot.png`."""
    from xai.evaluation import plot  # Matplotlib takes its time

    resamples, reference = settings["report"]["resamples"], settings["report"]["reference"]
    figures, differences = figures_of(lines, metrics, resamples, settings["seed"], reference)
    write_csv(output / "results.csv", lines, figures, differences)
    text = markdown(lines, metrics, figures, differences, settings)
    (output / "results.md").write_text(text, encoding="utf-8")
    plot.draw(output / "plot.png", lines, metrics, figures, resamples, settings["seed"])


def write_csv(
    file: Path, lines: Sequence[Line], figures: Sequence[dict[str, Figure]], differences: Sequence[dict[str, Figure]]
) -> None:
    """A line a method, with three columns a metric, and three more for the difference to the reference, if any."""
    with file.open("w", newline="", encoding="utf-8") as table:
        rows = csv.writer(table)
        heads = ["model", "method", "asked", "photos", "seconds"]
        for suffix, found in (("", figures), (" difference", differences)):
            known = found[0] if found else ()
            heads += [f"{metric}{suffix}{end}" for metric in known for end in ("", " low", " high")]
        rows.writerow(heads)
        for i, line in enumerate(lines):
            photos = len(next(iter(line.values.values())))
            seconds = "" if line.seconds is None else f"{line.seconds:.6f}"
            numbers = [f for found in (figures, differences) if found for f in found[i].values()]
            cells = [f"{number:.6f}" for f in numbers for number in (f.mean, f.low, f.high)]
            rows.writerow([line.model, line.row.name, line.asked, photos, seconds, *cells])


def markdown(
    lines: Sequence[Line],
    metrics: Sequence[str],
    figures: Sequence[dict[str, Figure]],
    differences: Sequence[dict[str, Figure]],
    settings: Mapping,
) -> str:
    """A table with a row a method, the best that is no control in bold, whether or not that means anything."""
    several = len({line.model for line in lines}) > 1
    photos = len(next(iter(lines[0].values.values())))
    text = [f"Means over {photos} photos, in brackets {settings['report']['interval']}; seconds are medians.", ""]
    text += table(lines, metrics, figures, several, bold=best(lines, metrics, figures))
    if differences:
        reference = settings["report"]["reference"]
        text += ["", f"Less `{reference}`, photo by photo, in bold where the interval excludes 0:", ""]
        clear = {(i, metric) for i, row in enumerate(differences) for metric in metrics if row[metric].excludes_zero}
        text += table(lines, metrics, differences, several, bold=clear)
    return "\n".join([*text, "", *facts(settings), ""])


def best(lines: Sequence[Line], metrics: Sequence[str], figures: Sequence[dict[str, Figure]]) -> set[tuple[int, str]]:
    """The line of each model and metric whose figure is best, controls aside."""
    found = set()
    for model in {line.model for line in lines}:
        mine = [i for i, line in enumerate(lines) if line.model == model and not line.row.control]
        for metric in metrics if len(mine) > 1 else ():
            choose = min if METRICS[metric].lower_is_better else max
            found.add((choose(mine, key=lambda i, metric=metric: figures[i][metric].mean), metric))
    return found


def table(
    lines: Sequence[Line],
    metrics: Sequence[str],
    figures: Sequence[dict[str, Figure]],
    several: bool,
    bold: set[tuple[int, str]],
) -> list[str]:
    heads = [*(["model"] if several else []), "method", *(METRICS[metric].title for metric in metrics), "seconds a map"]
    rows = ["| " + " | ".join(heads) + " |", "| --- " * len(heads) + "|"]
    for i, line in enumerate(lines):
        cells = [line.model] if several else []
        cells.append(f"`{line.row.name}`")
        for metric in metrics:
            text = figures[i][metric].text(METRICS[metric].digits)
            cells.append(f"**{text}**" if (i, metric) in bold else text)
        cells.append("" if line.seconds is None else f"{line.seconds:.3g}")
        rows.append("| " + " | ".join(cells) + " |")
    return rows


def facts(settings: Mapping) -> list[str]:
    """What has to be known to compare the figures with others."""
    games, hiding, photos, report = (settings[key] for key in ("games", "hiding", "photos", "report"))
    asked = ", ".join(
        f"`{name}` at {model['input']}²" + (f", imitated by `{model['student']}`" if model["student"] else "")
        for name, model in settings["models"].items()
    )
    lines = [f"- Asked: {asked}; class: {settings['class']}."]
    if games:
        substrates = ", ".join(f"{game} {substrate}" for game, substrate in games["substrates"].items())
        lines.append(f"- Games: {games['step']} pixels a step; substrates: {substrates}; blur: {games['blur']}; "
                     f"order: {games['order']}; score: {games['score']}.")  # fmt: skip
    if hiding:
        kept = "every pixel dimmed by its value"
        if hiding["share"] is not None:
            kept = f"the strongest {hiding['share']:.0%} of the pixels kept"
        lines.append(f"- Hidden pixels: {hiding['behind']}; {kept}.")
    of = f"{photos['folder']}, {photos['split']} split" if photos["split"] else photos["folder"]
    lines.append(f"- Photos: {photos['number']} of {of}; networks saw {settings['batch']} at once; "
                 f"{report['resamples']} resamples; {settings['device']}. All else is in `settings.json`.")  # fmt: skip
    return lines
