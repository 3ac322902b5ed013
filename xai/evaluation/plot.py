"""The results as a picture: the games' curves, and every other figure as a dot with its interval."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from xai.evaluation.bootstrap import interval, resample_means
from xai.evaluation.intervals import Figures
from xai.evaluation.lines import Line
from xai.metrics.games import auc
from xai.metrics.registry import METRICS, MOSAIC

COLORS = ("#0f766e", "#c2410c", "#4338ca", "#be123c", "#65a30d", "#0284c7", "#a21caf", "#b45309", "#475569", "#14b8a6")
MARKERS = "osD^v"  # of the first ten networks, the next ten, …
CONTROL_COLOR, CONTROL_STYLES = "#78716c", ("--", ":", "-.")
WIDTH, HEIGHT, LINE = 5.6, 4.2, 0.3  # inches: of a panel of curves, and of a line of text


def draw(
    file: Path,
    lines: Sequence[Line],
    metrics: Sequence[str],
    figures: Figures,
    resamples: int,
    seed: int,
    chance: float | None = None,
) -> None:
    """A row of panels for each model's games, then one for the other metrics, as a PNG; a dotted line is chance."""
    models = list(dict.fromkeys(line.model for line in lines))
    games = [metric for metric in metrics if METRICS[metric].axis]
    others = [metric for metric in metrics if metric not in games]
    methods = list(dict.fromkeys(line.row.name for line in lines))
    curves, dots = HEIGHT + LINE * len(methods), 1 + LINE * len(methods) * max(1, 0.6 * len(models))
    heights = [curves] * len(models) * bool(games) + [dots] * bool(others)
    width = max(WIDTH * len(games), 2 + 3 * len(others))
    picture = Figure(figsize=(width, sum(heights)), layout="constrained")
    parts = np.ravel(picture.subfigures(len(heights), 1, squeeze=False, height_ratios=heights))
    if games:
        for part, model in zip(parts, models, strict=False):
            mine = [line for line in lines if line.model == model]
            part.suptitle(f"{model}, mean over {mine[0].photos} photos")
            panels = np.ravel(part.subplots(1, len(games), sharey=True))
            panels[0].set_ylabel("confidence in the predicted class")
            for axes, game in zip(panels, games, strict=True):
                draw_game(axes, game, mine, choose_styles(methods, lines), resamples, seed)
    if others:
        panels = np.ravel(parts[-1].subplots(1, len(others), sharey=True))
        for axes, metric in zip(panels, others, strict=True):
            draw_dots(axes, metric, lines, figures, models, methods)
            if metric == MOSAIC:
                axes.axvline(chance, color=CONTROL_COLOR, linestyle=":")
        if len(models) > 1:
            handles = panels[0].get_legend_handles_labels()
            parts[-1].legend(*handles, loc="outside lower center", ncols=min(len(models), 4), frameon=False)
    picture.savefig(file, dpi=130)


def choose_styles(methods: Sequence[str], lines: Sequence[Line]) -> dict[str, dict]:
    """How each method is drawn, the same in all panels; controls are grey."""
    controls = {line.row.name for line in lines if line.row.to_beat}
    plain = [name for name in methods if name not in controls]
    found = {name: {"color": COLORS[i % len(COLORS)]} for i, name in enumerate(plain)}
    for i, name in enumerate(name for name in methods if name in controls):
        found[name] = {"color": CONTROL_COLOR, "linestyle": CONTROL_STYLES[i % len(CONTROL_STYLES)]}
    return found


def draw_game(
    axes: Axes, game: str, lines: Sequence[Line], style: Mapping[str, Mapping], resamples: int, seed: int
) -> None:
    """Mean curves with their intervals; the best method stands first in the legend."""
    metric = METRICS[game]
    for line in sorted(lines, key=lambda line: line.values[game].mean(), reverse=metric.better == "higher"):
        curves = line.curves[game]  # N, n + 1
        share = np.linspace(0, 1, curves.shape[1])
        low, high = interval(resample_means(curves, resamples, seed))
        label = f"{line.row.name}, AUC {auc(curves.mean(0)):.3f}"
        axes.plot(share, curves.mean(0), label=label, linewidth=1.8, **style[line.row.name])
        faint = max(0.04, 0.3 / len(lines))  # many bands on end would hide each other
        axes.fill_between(share, low, high, color=style[line.row.name]["color"], alpha=faint, linewidth=0)
    axes.set(xlabel=metric.axis, xlim=(0, 1), ylim=(0, 1), title=f"{game}, the {metric.better} the better")
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.grid(alpha=0.25)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), frameon=False, fontsize=9)


def draw_dots(
    axes: Axes,
    metric: str,
    lines: Sequence[Line],
    figures: Figures,
    models: Sequence[str],
    methods: Sequence[str],
) -> None:
    """A dot with its interval for every method and model, methods from top to bottom."""
    for number, model in enumerate(models):
        mine = [(line, row[metric]) for line, row in zip(lines, figures, strict=True) if line.model == model]
        shift = min(0.3, 0.8 / len(models)) * (number - (len(models) - 1) / 2)  # within the method's line
        places = [methods.index(line.row.name) + shift for line, _ in mine]
        means = np.array([figure.mean for _, figure in mine])
        spread = np.array([(figure.mean - figure.low, figure.high - figure.mean) for _, figure in mine]).T.clip(min=0)
        color, marker = COLORS[number % len(COLORS)], MARKERS[number // len(COLORS) % len(MARKERS)]
        axes.errorbar(means, places, xerr=spread, fmt=marker, markersize=5, capsize=2, color=color, label=model)
    axes.set(title=METRICS[metric].heading, yticks=range(len(methods)), yticklabels=methods)
    axes.set_ylim(len(methods) - 0.5, -0.5)
    axes.grid(axis="x", alpha=0.25)
