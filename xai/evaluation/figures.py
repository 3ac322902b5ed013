"""What the metrics make of one photo's measurements."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from xai.metrics.games import auc
from xai.metrics.scores import Scores

Measurement = Mapping[str, object]  # of one photo and one map: curves by game, confidences, and what else there is


def area(game: str) -> Callable[[Measurement], float]:
    return lambda measurement: float(auc(np.array(measurement[game])))


def scores(measurement: Measurement) -> Scores:
    return Scores(*(torch.tensor([measurement.get(name, np.nan)]).double() for name in Scores.__dataclass_fields__))


@dataclass(frozen=True)
class Metric:
    """A figure of one photo and one map, whose mean over the photos the table has.

    Attributes:
        title: with an arrow to where it is better.
        value: from a photo's measurement.
        parts: what has to be measured for it.
        digits: after the point in a table.
    """

    title: str
    value: Callable[[Measurement], float]
    parts: Sequence[str]
    digits: int = 1

    @property
    def lower_is_better(self) -> bool:
        return self.title.endswith("↓")


SEEN = ("before", "after")  # confidences in the class: of the whole photo, and of what its map leaves of it
METRICS = {
    "deletion": Metric("deletion AUC ↓", area("deletion"), ["deletion"], 4),
    "insertion": Metric("insertion AUC ↑", area("insertion"), ["insertion"], 4),
    "drop": Metric("average drop, % ↓", lambda m: scores(m).average_drop(), SEEN),
    "increase": Metric("increase in confidence, % ↑", lambda m: scores(m).increase(), SEEN),
    "gain": Metric("average gain, % ↑", lambda m: scores(m).average_gain(), SEEN),
    "adcc": Metric("ADCC, % ↑", lambda m: scores(m).adcc(), (*SEEN, "coherency", "complexity")),
}
