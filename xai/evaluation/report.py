"""The results of a run: a table for programs, one for people, and a plot."""

import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from xai.evaluation.intervals import Figures, Interval, estimate_all, find_best, find_clear, subtract, surely_beats
from xai.evaluation.lines import Line
from xai.markdown import format_table
from xai.metrics.controls import COMPANIONS
from xai.metrics.registry import METRICS, MOSAIC, SHARED, select_photo_metrics
from xai.metrics.shared import nearly_the_same


def write(output: Path, lines: Sequence[Line], metrics: Sequence[str], settings: Mapping) -> None:
    """`results.csv`, `results.md` and `plot.png`."""
    from xai.evaluation import plot  # Matplotlib takes its time

    resamples, reference = settings["report"]["resamples"], settings["report"]["reference"]
    figures, differences = estimate_all(lines, metrics, resamples, settings["seed"], reference)
    write_csv(output / "results.csv", lines, figures, differences)
    text = format_results(lines, metrics, figures, differences, settings)
    (output / "results.md").write_text(text, encoding="utf-8")
    chance = 100 / settings["mosaics"]["grid"] ** 2 if settings["mosaics"] else None
    plot.draw(output / "plot.png", lines, metrics, figures, resamples, settings["seed"], chance)


def write_csv(file: Path, lines: Sequence[Line], figures: Figures, differences: Figures) -> None:
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


def format_results(
    lines: Sequence[Line], metrics: Sequence[str], figures: Figures, differences: Figures, settings: Mapping
) -> str:
    """The results as Markdown.

    A table with a row a method, the best that is no control in bold, whether or not that means anything; sentences on
    what is no better than a control; the differences to the reference, if any; and what the figures depend on.
    """
    several = len({line.model for line in lines}) > 1
    photos = [f"{lines[0].photos} photos"] * bool({*select_photo_metrics(metrics), SHARED} & set(metrics))
    if MOSAIC in metrics:
        photos.append(f"{max(len(line.values.get(MOSAIC, ())) for line in lines)} mosaics a network")
    text = [f"Of {' and '.join(photos)}, in brackets {settings['report']['interval']}; seconds are medians.", ""]
    text += format_lines(lines, metrics, figures, several, bold=find_best(lines, metrics, figures))
    draws = settings["report"]["resamples"], settings["seed"]
    sentences = [*say_not_better(lines, metrics, *draws), *say_alike(lines, figures)]
    text += ["", *(f"- {sentence}" for sentence in sentences)] if sentences else []
    if differences:
        reference = settings["report"]["reference"]
        text += ["", f"Less `{reference}`, photo by photo, in bold where the interval excludes 0:", ""]
        text += format_lines(lines, metrics, differences, several, bold=find_clear(differences))
    compared = compare_networks(lines, *draws) if several and MOSAIC in metrics else []
    if compared:
        mine, changes = [line for line, _ in compared], [{MOSAIC: change} for _, change in compared]
        text += ["", f"The mosaic test less that of `{lines[0].model}`, of the {mine[0].paired} mosaics that all "
                 "networks got, in bold where the interval excludes 0:", ""]  # fmt: skip
        text += format_lines(mine, [MOSAIC], changes, several, bold=find_clear(changes))
    return "\n".join([*text, "", *format_settings(settings, lines), ""])


def format_lines(
    lines: Sequence[Line], metrics: Sequence[str], figures: Figures, several: bool, bold: set[tuple[int, str]]
) -> list[str]:
    """A Markdown table of the lines' figures.

    Args:
        lines: a row each.
        metrics: a column each.
        figures: of the lines.
        several: whether the lines are of several models, which then have a column of their own.
        bold: places of lines, and metrics, whose figures stand out.
    """
    rows = []
    for i, line in enumerate(lines):
        cells = []
        for metric in metrics:
            text = figures[i][metric].format(METRICS[metric].digits)
            cells.append(f"**{text}**" if (i, metric) in bold else text)
        seconds = "" if line.seconds is None else f"{line.seconds:.3g}"
        rows.append([*[line.model] * several, f"`{line.row.name}`", *cells, seconds])
    headings = [METRICS[metric].heading for metric in metrics]
    return format_table([*["model"] * several, "method", *headings, "seconds a map"], rows)


def compare_networks(lines: Sequence[Line], resamples: int, seed: int) -> list[tuple[Line, Interval]]:
    """By how much each line's share of its own photo differs from the first model's, by the same method."""
    first = {line.row.name: line for line in lines if line.model == lines[0].model}
    pairs = [(line, first[line.row.name]) for line in lines if line.model != lines[0].model and line.row.name in first]
    found = [(line, subtract(line, its, MOSAIC, resamples, seed)) for line, its in pairs]
    return [(line, change) for line, change in found if not np.isnan(change.mean)]


def say_not_better(lines: Sequence[Line], metrics: Sequence[str], resamples: int, seed: int) -> list[str]:
    """Sentences that name the rows that are not surely better than the controls made of their own maps."""
    rows = {(line.model, line.row.name): line for line in lines}
    several, lost = len({line.model for line in lines}) > 1, defaultdict(list)
    for line in lines:
        if line.row.companion:
            own = rows[line.model, line.row.of]
            measured = [metric for metric in select_photo_metrics(metrics) if metric in line.values]
            worse = [metric for metric in measured if not surely_beats(own, line, metric, resamples, seed)]
            if worse:
                lost[own.model, own.row.name].append(f"{COMPANIONS[line.row.companion]} ({', '.join(worse)})")
    together = defaultdict(list)  # rows that are not better than the same controls
    for (model, name), controls in lost.items():
        together[model, " nor than ".join(controls)].append(f"`{name}`")
    return [
        f"{', '.join(names)}{f' of {model}' if several else ''}: not surely better than {controls}."
        for (model, controls), names in together.items()
    ]


def say_alike(lines: Sequence[Line], figures: Figures) -> list[str]:
    """Sentences that name the rows whose maps are nearly the same for every photo."""
    several = len({line.model for line in lines}) > 1
    return [
        f"`{line.row.name}`{f' of {line.model}' if several else ''} shows nearly the same for every photo: "
        f"{row[SHARED].mean:.0f} % of what its maps show is common to all."
        for line, row in zip(lines, figures, strict=True)
        if SHARED in row and nearly_the_same(row[SHARED].mean / 100)
    ]


def format_settings(settings: Mapping, measured: Sequence[Line]) -> list[str]:
    """What has to be known to compare the figures with others, as items of a list."""
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
