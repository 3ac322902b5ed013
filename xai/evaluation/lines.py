"""The lines of the table: what was measured of one method on one model, over all photos."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from xai.evaluation.plan import Row
from xai.metrics.games import GAMES
from xai.metrics.registry import METRICS, MOSAIC, SHARED, select_games, select_photo_metrics
from xai.subject import Subject


@dataclass(frozen=True)
class Line:
    """A line of the table.

    Attributes:
        model: the name of the model or black box that is explained.
        row: the method.
        asked: the name of the network or black box that the map comes from; empty for a control.
        seconds: a map, the median over the photos; None for a control.
        photos: how many were measured.
        values: for each metric the value of each photo (N) or, for the mosaic test, of each mosaic, as they are shown;
            for `shared` the inner products (N, N) of the photos' maps. Metrics not measured of this row are left out.
        curves: for each game the curve of each photo (N, n + 1).
        paired: how many mosaics, the first ones, are the same for all models.
    """

    model: str
    row: Row
    asked: str
    seconds: float | None
    photos: int
    values: Mapping[str, np.ndarray]
    curves: Mapping[str, np.ndarray]
    paired: int = 0


def make_lines(
    subjects: Sequence[Subject],
    rows: Mapping[str, Sequence[Row]],
    metrics: Sequence[str],
    names: Sequence[str],
    records: Mapping[tuple[str, str], Mapping],
    mosaics: Mapping[str, Sequence[Mapping]],
    products: Mapping[tuple[str, str], np.ndarray],
) -> list[Line]:
    """A line for every model and row.

    Args:
        subjects: the models.
        rows: of each model, by its name.
        metrics: names of `METRICS`.
        names: the photos.
        records: of each model and photo, as `photos.jsonl` holds them.
        mosaics: the records of each model's mosaics.
        products: of each model and row the inner products of its maps, where `shared` is wanted.
    """
    lines = []
    for subject in subjects:
        for row in rows[subject.name]:
            found = [records[subject.name, name]["maps"].get(row.name) for name in names]
            found = [each for each in found if each is not None]
            mine = [each for each in mosaics.get(subject.name, ()) if row.name in each["maps"]]
            tested = [each["maps"][row.name] for each in mine]
            values = {metric: measure_values(metric, found) for metric in select_photo_metrics(metrics) if found}
            if tested:
                values[MOSAIC] = measure_values(MOSAIC, tested)
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
                    values={metric: each for metric, each in values.items() if not np.isnan(each).all()},
                    curves={game: np.array([each[game] for each in found]) for game in select_games(metrics, GAMES)},
                    paired=sum(each["mosaic"].startswith("shared") for each in mine),
                )
            )
    return lines


def name_asked(subject: Subject, row: Row) -> str:
    """The name of the network that is read, or of whoever is asked."""
    return subject.networks[row.role].name if row.role == "student" else subject.name


def measure_values(metric: str, records: Sequence[Mapping]) -> np.ndarray:
    """A metric's values (N), as they are shown, of photos or mosaics; not a number where a part was not measured."""
    wanted = METRICS[metric]
    parts = {part: np.array([record.get(part, np.nan) for record in records]) for part in wanted.parts}
    return wanted.scale * np.asarray(wanted.measure(parts))
