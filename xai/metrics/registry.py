"""All metrics: what each is called, which way is better, and how it follows from what was measured of a photo.

Tables, plots, the page and the benchmarks read titles and directions here. To add a metric, write its formula into a
file of this folder and add a line to `METRICS`. A formula takes the parts that are measured of every photo: `before`,
`after`, `coherency` and `complexity` (see `Scores`), or the curve of a game. The page needs a definition of it
in each language as `term.NAME`, and a short name for a metric of `TABLE_1` as `metric.NAME`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from torch import Tensor

from xai.metrics.confidence import drop, gain, increase
from xai.metrics.games import GAMES, SUBSTRATES, auc
from xai.metrics.reliability import adcc

Parts = Mapping[str, Tensor | np.ndarray]


@dataclass(frozen=True)
class Metric:
    """How maps are measured. The figure of several photos, or mosaics, is the mean of their values.

    Attributes:
        title: the heading of its column, without unit and arrow.
        better: which values are better.
        formula: takes what was measured of N photos, `parts` in their order, each (N, …), and gives their values (N);
            None for a metric of all photos' maps at once.
        parts: names of what has to be measured of every photo.
        unit: `%` where values in [0, 1] are shown as percentages.
        digits: behind the point, in a table.
        source: a key of `xai.references.REFERENCES`; empty for a metric of our own.
        axis: what grows along the horizontal axis of its curve; empty for a metric without one.
    """

    title: str
    better: Literal["lower", "higher"]
    formula: Callable[..., Tensor | np.ndarray] | None
    parts: tuple[str, ...] = ()
    unit: str = "%"
    digits: int = 1
    source: str = ""
    axis: str = ""

    @property
    def arrow(self) -> str:
        return {"lower": "↓", "higher": "↑"}[self.better]

    @property
    def label(self) -> str:
        """As in "average drop ↓", for a table that names the unit once."""
        return f"{self.title} {self.arrow}"

    @property
    def heading(self) -> str:
        """As in "average drop, % ↓"."""
        return f"{self.title}, {self.unit} {self.arrow}" if self.unit else self.label

    @property
    def best(self) -> Callable:
        """`min` or `max`, which of several values finds the best."""
        return {"lower": min, "higher": max}[self.better]

    @property
    def scale(self) -> int:
        """By what values are multiplied to be shown."""
        return 100 if self.unit == "%" else 1

    def beats(self, value: float, other: float) -> bool:
        """Whether a value is better than another."""
        return value != other and self.best(value, other) == value

    def measure(self, measured: Parts) -> Tensor | np.ndarray:
        """The values (N), not scaled, of N photos of which all `parts` were measured.

        Raises:
            ValueError: it is not measured photo by photo.
        """
        if self.formula is None:
            raise ValueError(f"{self.title} is measured of all photos together")
        return self.formula(*(measured[part] for part in self.parts))


def adcc_through_maps(before: Tensor, after: Tensor, coherency: Tensor, complexity: Tensor) -> Tensor:
    """ADCC (N) of photos seen through their maps."""
    return adcc(drop(before, after), coherency, complexity)


def as_measured(values: Tensor) -> Tensor:
    """Values that were measured as they are."""
    return values


MOSAIC, SHARED = "mosaic", "shared"
SEEN = ("before", "after")  # confidences in the class: of the whole photo, and of what its map leaves of it
METRICS = {
    "deletion": Metric(
        "deletion AUC", "lower", auc, ("deletion",), "", digits=4, source="petsiuk2018", axis="pixels deleted"
    ),
    "insertion": Metric(
        "insertion AUC", "higher", auc, ("insertion",), "", digits=4, source="petsiuk2018", axis="pixels inserted"
    ),
    "drop": Metric("average drop", "lower", drop, SEEN, source="chattopadhay2018"),
    "increase": Metric("increase in confidence", "higher", increase, SEEN, source="chattopadhay2018"),
    "gain": Metric("average gain", "higher", gain, SEEN, source="zhang2024"),
    "adcc": Metric("ADCC", "higher", adcc_through_maps, (*SEEN, "coherency", "complexity"), source="poppi2021"),
    MOSAIC: Metric("mosaic test", "higher", as_measured, (MOSAIC,), source="bohle2021"),
    SHARED: Metric("same for every photo", "lower", None),
}
PLAIN = list(METRICS)
METRICS |= {  # a game once more, on a substrate of its own, so that one table shows several
    f"{game}:{ground}": replace(
        METRICS[game], title=f"{METRICS[game].title}, {preposition} {ground}", parts=(f"{game}:{ground}",)
    )
    for game, preposition in {"deletion": "to", "insertion": "from"}.items()
    for ground in SUBSTRATES
}
TABLE_1 = ("drop", "increase", "gain", "adcc")  # of the FPN-ABN layered model (FAL), with gain and ADCC


def select_photo_metrics(metrics: Sequence[str]) -> list[str]:
    """Those that are measured photo by photo."""
    return [metric for metric in metrics if METRICS[metric].parts and metric != MOSAIC]


def select_hiding_metrics(metrics: Sequence[str]) -> list[str]:
    """Those for which the network is shown a photo through its map."""
    return [metric for metric in metrics if set(SEEN) <= set(METRICS[metric].parts)]


def select_games(metrics: Sequence[str], substrates: Mapping[str, str]) -> dict[str, str]:
    """The games to be played, each with its substrate: that of its name, or else the one chosen for all."""
    named = {metric: metric.partition(":") for metric in metrics}
    return {metric: ground or substrates[game] for metric, (game, _, ground) in named.items() if game in GAMES}
