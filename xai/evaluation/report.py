"""The results of a run: a table for programs, one for people, and a plot."""

import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xai.evaluation.bootstrap import interval_around, resampled_means, resampled_shares
from xai.evaluation.figures import METRICS, MOSAIC, SHARED, games_among, of_photos
from xai.evaluation.plan import Row
from xai.metrics.controls import COMPANIONS
from xai.metrics.games import GAMES
from xai.metrics.shared import nearly_the_same, share_of
from xai.subject import Subject


@dataclass(frozen=True)
class Line:
    """A line of the table.

    Attributes:
        model: who was asked.
        row: the method.
        asked: whose answers or features the map comes from; empty for a control.
        seconds: a map, the median over the photos; None for a control.
        photos: how many were measured.
        values: each metric's, one a photo (N) or, of the mosaic test, one a mosaic; of what is the same for all photos
            the products (N, N) of their maps. A metric that was not measured of this row is left out.
        curves: each game's, one a photo (N, n + 1).
        paired: how many mosaics, the first ones, all models got.
    """

    model: str
    row: Row
    asked: str
    seconds: float | None
    photos: int
    values: Mapping[str, np.ndarray]
    curves: Mapping[str, np.ndarray]
    paired: int = 0


def lines_of(
    subjects: Sequence[Subject],
    rows: Mapping[str, Sequence[Row]],
    metrics: Sequence[str],
    names: Sequence[str],
    records: Mapping[tuple[str, str], Mapping],
    mosaics: Mapping[str, Sequence[Mapping]],
    products: Mapping[tuple[str, str], np.ndarray],
) -> list[Line]:
    """A line for every model and row, from the records of these photos and of each model's mosaics."""
    lines = []
    for subject in subjects:
        for row in rows[subject.name]:
            found = [records[subject.name, name]["maps"].get(row.name) for name in names]
            found = [each for each in found if each is not None]
            mine = [each for each in mosaics.get(subject.name, ()) if row.name in each["maps"]]
            tested = [each["maps"][row.name] for each in mine]
            values = {m: np.array([METRICS[m].value(each) for each in found]) for m in of_photos(metrics)}
            if tested:
                values[MOSAIC] = np.array([METRICS[MOSAIC].value(each) for each in tested])
            if (subject.name, row.name) in products:
                values[SHARED] = products[subject.name, row.name]
            seconds = [each["seconds"] for each in found or tested if each.get("seconds") is not None]
            lines.append(
                Line(
                    model=subject.name,
                    row=row,
                    asked="" if row.to_beat else name_asked(subject, row),
                    seconds=float(np.median(seconds)) if seconds else None,
                    photos=len(names),
                    values={m: each for m, each in values.items() if not np.isnan(each).all()},
                    curves={game: np.array([each[game] for each in found]) for game in games_among(metrics, GAMES)},
                    paired=sum(each["mosaic"].startswith("shared") for each in mine),
                )
            )
    return lines


def name_asked(subject: Subject, row: Row) -> str:
    """Who is read, or asked."""
    return subject.networks[row.role].name if row.role == "student" else subject.name


@dataclass(frozen=True)
class Figure:
    """A figure of many photos, with the interval of `interval_around`; not a number where it is not known."""

    mean: float
    low: float
    high: float

    def text(self, digits: int) -> str:
        if np.isnan(self.mean):
            return ""
        if np.isnan(self.low):
            return f"{self.mean:.{digits}f}"
        return f"{self.mean:.{digits}f} [{self.low:.{digits}f}, {self.high:.{digits}f}]"

    @property
    def excludes_zero(self) -> bool:
        return self.low > 0 or self.high < 0


UNKNOWN = Figure(np.nan, np.nan, np.nan)
Sample = tuple[float, np.ndarray]  # a figure, and what it is in each resample (resamples)


def sample(line: Line, metric: str, resamples: int, seed: int, first: int | None = None) -> Sample:
    """A line's figure, and what it is of photos, or mosaics, that are drawn again; of the `first` ones alone if given.

    Lines with as many photos, or mosaics, meet the same ones in each resample.
    """
    values = line.values[metric][:first]
    if metric == SHARED:
        return 100 * float(share_of(values, np.ones((1, len(values))))[0]), resampled_shares(values, resamples, seed)
    return float(values.mean()), resampled_means(values[:, None], resamples, seed)[:, 0]


def figure_of(line: Line, metric: str, resamples: int, seed: int) -> Figure:
    if metric not in line.values:
        return UNKNOWN
    exact, means = sample(line, metric, resamples, seed)
    return Figure(exact, *interval_around(exact, means, len(line.values[metric])))


def difference(line: Line, other: Line, metric: str, resamples: int, seed: int) -> Figure:
    """By how much a line's figure differs from another's, photo by photo, or mosaic by mosaic."""
    if metric not in line.values or metric not in other.values:
        return UNKNOWN
    first = None if metric == SHARED else common(line, other, metric)
    if first == 0:
        return UNKNOWN
    (exact, means), (its, others) = (sample(each, metric, resamples, seed, first) for each in (line, other))
    number = len(line.values[metric][:first])
    return Figure(exact - its, *interval_around(exact - its, means - others, number))


def common(line: Line, other: Line, metric: str) -> int:
    """How many of their photos or mosaics, the first ones, two lines have in common."""
    if metric == MOSAIC and line.model != other.model:
        return min(line.paired, other.paired)
    return min(len(line.values[metric]), len(other.values[metric]))


def figures_of(
    lines: Sequence[Line], metrics: Sequence[str], resamples: int, seed: int, reference: str | None = None
) -> tuple[list[dict[str, Figure]], list[dict[str, Figure]]]:
    """Every line's figures by metric, and by how much they differ from its model's reference, photo by photo."""
    found = [{metric: figure_of(line, metric, resamples, seed) for metric in metrics} for line in lines]
    if reference is None:
        return found, []
    to = {line.model: line for line in lines if line.row.name == reference}
    return found, [
        {metric: difference(line, to[line.model], metric, resamples, seed) for metric in metrics} for line in lines
    ]


def write(output: Path, lines: Sequence[Line], metrics: Sequence[str], settings: Mapping) -> None:
    """`results.csv`, `results.md` and `plot.png`."""
    from xai.evaluation import plot  # Matplotlib takes its time

    resamples, reference = settings["report"]["resamples"], settings["report"]["reference"]
    figures, differences = figures_of(lines, metrics, resamples, settings["seed"], reference)
    write_csv(output / "results.csv", lines, figures, differences)
    text = markdown(lines, metrics, figures, differences, settings)
    (output / "results.md").write_text(text, encoding="utf-8")
    chance = 100 / settings["mosaics"]["grid"] ** 2 if settings["mosaics"] else None
    plot.draw(output / "plot.png", lines, metrics, figures, resamples, settings["seed"], chance)


def write_csv(
    file: Path, lines: Sequence[Line], figures: Sequence[dict[str, Figure]], differences: Sequence[dict[str, Figure]]
) -> None:
    """A line a method, with three columns a metric, and three more for the difference to the reference, if any."""
    with file.open("w", newline="", encoding="utf-8") as table:
        rows = csv.writer(table)
        tested = MOSAIC in figures[0]
        heads = ["model", "method", "asked", "photos", *["mosaics"] * tested, "seconds"]
        for suffix, found in (("", figures), (" difference", differences)):
            known = found[0] if found else ()
            heads += [f"{metric}{suffix}{end}" for metric in known for end in ("", " low", " high")]
        rows.writerow(heads)
        for i, line in enumerate(lines):
            seconds = "" if line.seconds is None else f"{line.seconds:.6f}"
            mosaics = [len(line.values.get(MOSAIC, ()))] * tested
            numbers = [f for found in (figures, differences) if found for f in found[i].values()]
            cells = ["" if np.isnan(n) else f"{n:.6f}" for f in numbers for n in (f.mean, f.low, f.high)]
            rows.writerow([line.model, line.row.name, line.asked, line.photos, *mosaics, seconds, *cells])


def markdown(
    lines: Sequence[Line],
    metrics: Sequence[str],
    figures: Sequence[dict[str, Figure]],
    differences: Sequence[dict[str, Figure]],
    settings: Mapping,
) -> str:
    """A table with a row a method, the best that is no control in bold, whether or not that means anything."""
    several = len({line.model for line in lines}) > 1
    counted = [f"{lines[0].photos} photos"] * bool({*of_photos(metrics), SHARED} & set(metrics))
    if MOSAIC in metrics:
        counted.append(f"{max(len(line.values.get(MOSAIC, ())) for line in lines)} mosaics a network")
    text = [f"Of {' and '.join(counted)}, in brackets {settings['report']['interval']}; seconds are medians.", ""]
    text += table(lines, metrics, figures, several, bold=best(lines, metrics, figures))
    draws = settings["report"]["resamples"], settings["seed"]
    said = [*not_better(lines, metrics, *draws), *alike(lines, figures)]
    text += ["", *(f"- {sentence}" for sentence in said)] if said else []
    if differences:
        reference = settings["report"]["reference"]
        text += ["", f"Less `{reference}`, photo by photo, in bold where the interval excludes 0:", ""]
        text += table(lines, metrics, differences, several, bold=clear(differences))
    against = networks_compared(lines, *draws) if several and MOSAIC in metrics else []
    if against:
        mine, changes = [line for line, _ in against], [{MOSAIC: change} for _, change in against]
        text += ["", f"The mosaic test less that of `{lines[0].model}`, of the {against[0][0].paired} mosaics that all "
                 "networks got, in bold where the interval excludes 0:", ""]  # fmt: skip
        text += table(mine, [MOSAIC], changes, several, bold=clear(changes))
    return "\n".join([*text, "", *facts(settings, lines), ""])


def clear(differences: Sequence[Mapping[str, Figure]]) -> set[tuple[int, str]]:
    return {(i, metric) for i, row in enumerate(differences) for metric, each in row.items() if each.excludes_zero}


def networks_compared(lines: Sequence[Line], resamples: int, seed: int) -> list[tuple[Line, Figure]]:
    """By how much each line's share of its own photo differs from the first model's, by the same method."""
    first = {line.row.name: line for line in lines if line.model == lines[0].model}
    pairs = [(line, first[line.row.name]) for line in lines if line.model != lines[0].model and line.row.name in first]
    found = [(line, difference(line, its, MOSAIC, resamples, seed)) for line, its in pairs]
    return [(line, change) for line, change in found if not np.isnan(change.mean)]


def not_better(lines: Sequence[Line], metrics: Sequence[str], resamples: int, seed: int) -> list[str]:
    """Sentences that say which rows are not better, by which metrics, than the controls of their own."""
    rows = {(line.model, line.row.name): line for line in lines}
    several, lost = len({line.model for line in lines}) > 1, defaultdict(list)
    for line in lines:
        if line.row.companion:
            own = rows[line.model, line.row.of]
            worse = [m for m in of_photos(metrics) if m in line.values and not beats(own, line, m, resamples, seed)]
            if worse:
                lost[own.model, own.row.name].append(f"{COMPANIONS[line.row.companion]} ({', '.join(worse)})")
    alike = defaultdict(list)  # rows of which the same is to be said
    for (model, name), controls in lost.items():
        alike[model, " nor than ".join(controls)].append(f"`{name}`")
    return [
        f"{', '.join(names)}{f' of {model}' if several else ''}: not surely better than {controls}."
        for (model, controls), names in alike.items()
    ]


def beats(line: Line, other: Line, metric: str, resamples: int, seed: int) -> bool:
    """Whether a line's figure is better than another's by more than chance."""
    gap = difference(line, other, metric, resamples, seed)
    return gap.high < 0 if METRICS[metric].lower_is_better else gap.low > 0


def alike(lines: Sequence[Line], figures: Sequence[Mapping[str, Figure]]) -> list[str]:
    """Sentences that say which rows show nearly the same for every photo."""
    several = len({line.model for line in lines}) > 1
    return [
        f"`{line.row.name}`{f' of {line.model}' if several else ''} shows nearly the same for every photo: "
        f"{row[SHARED].mean:.0f} % of what its maps show is common to all."
        for line, row in zip(lines, figures, strict=True)
        if SHARED in row and nearly_the_same(row[SHARED].mean / 100)
    ]


def best(lines: Sequence[Line], metrics: Sequence[str], figures: Sequence[dict[str, Figure]]) -> set[tuple[int, str]]:
    """The line of each model and metric whose figure is best, controls aside."""
    found = set()
    for model in {line.model for line in lines}:
        mine = [i for i, line in enumerate(lines) if line.model == model and not line.row.to_beat]
        for metric in metrics:
            known = [i for i in mine if not np.isnan(figures[i][metric].mean)]
            choose = min if METRICS[metric].lower_is_better else max
            if len(known) > 1:
                found.add((choose(known, key=lambda i, metric=metric: figures[i][metric].mean), metric))
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


def facts(settings: Mapping, measured: Sequence[Line]) -> list[str]:
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
    if settings["mosaics"]:
        grid, slow = settings["mosaics"]["grid"], settings["mosaics"]["slow"]
        text = (f"- Mosaic test: {grid}×{grid} photos of different classes, each squeezed into its part of the input; "
                f"the share of each class's map that lies on its own photo; chance {100 / grid**2:.1f} %")  # fmt: skip
        text += "; half of the mosaics are the same for all networks" if measured[0].paired else ""
        few = any(line.row.slow for line in measured if MOSAIC in line.values)
        lines.append(f"{text}; by slow methods {slow} of them." if few else f"{text}.")
    of = f"{photos['folder']}, {photos['split']} split" if photos["split"] else photos["folder"]
    lines.append(f"- Photos: {photos['number']} of {of}; networks saw {settings['batch']} at once; "
                 f"{report['resamples']} resamples; {settings['device']}. All else is in `settings.json`.")  # fmt: skip
    return lines
