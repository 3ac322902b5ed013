"""What the metrics make of one photo's, or one mosaic's, measurements."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from xai.metrics.games import GAMES, SUBSTRATES, auc
from xai.metrics.scores import Scores

Measurement = Mapping[str, object]  # of one photo and one map: curves by game, confidences, and what else there is


def area(game: str) -> Callable[[Measurement], float]:
    return lambda measurement: float(auc(np.array(measurement[game])))


def scores(measurement: Measurement) -> Scores:
    return Scores(*(torch.tensor([measurement.get(name, np.nan)]).double() for name in Scores.__dataclass_fields__))


def part(name: str) -> Callable[[Measurement], float]:
    return lambda measurement: 100 * measurement[name]


@dataclass(frozen=True)
class Metric:
    """A figure of one photo and one map, or one mosaic and its maps, whose mean the table has.

    Attributes:
        title: with an arrow to where it is better.
        value: from a photo's or a mosaic's measurement; None where it is made of all photos' maps at once.
        parts: what has to be measured of every photo for it; nothing for one that is measured otherwise.
        digits: after the point in a table.
    """

    title: str
    value: Callable[[Measurement], float] | None
    parts: Sequence[str] = ()
    digits: int = 1

    @property
    def lower_is_better(self) -> bool:
        return self.title.endswith("↓")


MOSAIC, SHARED = "mosaic", "shared"
SEEN = ("before", "after")  # confidences in the class: of the whole photo, and of what its map leaves of it
ARROWS = {"deletion": "↓", "insertion": "↑"}
PREPOSITIONS = {"deletion": "to", "insertion": "from"}
BESIDE = {  # a game once more, on a substrate of its own, so that one table shows several
    f"{game}:{ground}": Metric(
        f"{game} AUC, {PREPOSITIONS[game]} {ground} {ARROWS[game]}",
        area(f"{game}:{ground}"),
        [f"{game}:{ground}"],
        4,
    )
    for game in GAMES
    for ground in SUBSTRATES
}
METRICS = {
    **{game: Metric(f"{game} AUC {ARROWS[game]}", area(game), [game], 4) for game in GAMES},
    "drop": Metric("average drop, % ↓", lambda m: scores(m).average_drop(), SEEN),
    "increase": Metric("increase in confidence, % ↑", lambda m: scores(m).increase(), SEEN),
    "gain": Metric("average gain, % ↑", lambda m: scores(m).average_gain(), SEEN),
    "adcc": Metric("ADCC, % ↑", lambda m: scores(m).adcc(), (*SEEN, "coherency", "complexity")),
    MOSAIC: Metric("mosaic test, % ↑", part(MOSAIC)),
    SHARED: Metric("same for every photo, % ↓", None),
    **BESIDE,
}
PLAIN = [name for name in METRICS if name not in BESIDE]


def of_photos(metrics: Sequence[str]) -> list[str]:
    """Those that are measured photo by photo."""
    return [metric for metric in metrics if METRICS[metric].parts]


def games_among(metrics: Sequence[str], substrates: Mapping[str, str]) -> dict[str, str]:
    """The games to be played, each with its substrate: that of its name, or else the one chosen for all."""
    named = {metric: metric.partition(":") for metric in metrics}
    return {metric: ground or substrates[game] for metric, (game, _, ground) in named.items() if game in GAMES}
