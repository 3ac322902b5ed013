"""The figures of the table's lines with their intervals, and by how much two lines differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from xai.evaluation.bootstrap import interval_around, resample_means, resample_sameness
from xai.evaluation.lines import Line
from xai.metrics.registry import METRICS, MOSAIC, SHARED
from xai.metrics.shared import weighted_sameness

Resampled = tuple[float, np.ndarray]  # a figure, and what it is in each resample (resamples)


@dataclass(frozen=True)
class Interval:
    """A figure of many photos, between the ends of its 95 % interval; not a number where it is not known."""

    mean: float
    low: float
    high: float

    def format(self, digits: int) -> str:
        """As in "4.2 [3.9, 4.6]"; empty where the figure is not known."""
        if np.isnan(self.mean):
            return ""
        if np.isnan(self.low):
            return f"{self.mean:.{digits}f}"
        return f"{self.mean:.{digits}f} [{self.low:.{digits}f}, {self.high:.{digits}f}]"

    @property
    def excludes_zero(self) -> bool:
        return self.low > 0 or self.high < 0


Figures = Sequence[Mapping[str, Interval]]  # of each line, by metric
UNKNOWN = Interval(np.nan, np.nan, np.nan)


def estimate(line: Line, metric: str, resamples: int, seed: int) -> Interval:
    """A line's figure; unknown where the metric was not measured of it."""
    if metric not in line.values:
        return UNKNOWN
    figure, again = resample(line, metric, resamples, seed)
    return Interval(figure, *interval_around(figure, again, len(line.values[metric])))


def estimate_mean(values: np.ndarray, resamples: int, seed: int) -> Interval:
    """The mean of photos' values (N)."""
    mean, means = float(values.mean()), resample_means(values[:, None], resamples, seed)[:, 0]
    return Interval(mean, *interval_around(mean, means, len(values)))


def subtract(line: Line, other: Line, metric: str, resamples: int, seed: int) -> Interval:
    """By how much a line's figure exceeds another's, paired by photo or mosaic; unknown where it cannot be told."""
    if metric not in line.values or metric not in other.values:
        return UNKNOWN
    first = None if metric == SHARED else count_common(line, other, metric)
    if first == 0:
        return UNKNOWN
    figure, again = resample(line, metric, resamples, seed, first)
    other_figure, other_again = resample(other, metric, resamples, seed, first)
    photos = len(line.values[metric][:first])
    return Interval(figure - other_figure, *interval_around(figure - other_figure, again - other_again, photos))


def resample(line: Line, metric: str, resamples: int, seed: int, first: int | None = None) -> Resampled:
    """A line's figure, and what it would be of photos, or mosaics, drawn again with replacement.

    Args:
        line: of the table.
        metric: one that was measured of it.
        resamples: how often photos are drawn again.
        seed: of the draws: lines of as many photos get the same ones in each resample.
        first: use only so many photos or mosaics, the first ones; None is all.
    """
    values = line.values[metric][:first]
    if metric == SHARED:
        figure = 100 * float(weighted_sameness(values, np.ones((1, len(values))))[0])
        return figure, resample_sameness(values, resamples, seed)
    return float(values.mean()), resample_means(values[:, None], resamples, seed)[:, 0]


def count_common(line: Line, other: Line, metric: str) -> int:
    """How many photos or mosaics, the first ones, two lines have in common."""
    if metric == MOSAIC and line.model != other.model:
        return min(line.paired, other.paired)
    return min(len(line.values[metric]), len(other.values[metric]))


def estimate_all(
    lines: Sequence[Line], metrics: Sequence[str], resamples: int, seed: int, reference: str | None = None
) -> tuple[list[dict[str, Interval]], list[dict[str, Interval]]]:
    """For each line its figures by metric, and those less its model's reference row's, if there is one."""
    figures = [{metric: estimate(line, metric, resamples, seed) for metric in metrics} for line in lines]
    if reference is None:
        return figures, []
    references = {line.model: line for line in lines if line.row.name == reference}
    return figures, [
        {metric: subtract(line, references[line.model], metric, resamples, seed) for metric in metrics}
        for line in lines
    ]


def surely_beats(line: Line, other: Line, metric: str, resamples: int, seed: int) -> bool:
    """Whether a line's figure is better than another's by more than chance."""
    gap = subtract(line, other, metric, resamples, seed)
    return gap.high < 0 if METRICS[metric].better == "lower" else gap.low > 0


def find_best(lines: Sequence[Line], metrics: Sequence[str], figures: Figures) -> set[tuple[int, str]]:
    """For each model and metric the line, by its place, and the metric with the best figure, controls aside."""
    found = set()
    for model in {line.model for line in lines}:
        mine = [i for i, line in enumerate(lines) if line.model == model and not line.row.to_beat]
        for metric in metrics:
            known = {i: figures[i][metric].mean for i in mine if not np.isnan(figures[i][metric].mean)}
            if len(known) > 1:
                found.add((METRICS[metric].best(known, key=known.get), metric))
    return found


def find_clear(differences: Figures) -> set[tuple[int, str]]:
    """The lines, by their places, and metrics whose difference has an interval without 0."""
    return {(i, metric) for i, row in enumerate(differences) for metric, each in row.items() if each.excludes_zero}
