"""What the layers of a pyramid are worth as explanations: figures for every class, and the layers to strengthen."""

import time
from collections.abc import Callable
from statistics import mean, median
from typing import Any

import torch
from PIL import Image
from tqdm import tqdm

from train.data.splits import Split, open_photo
from xai.metrics import Scores, score_layers
from xai.metrics.hiding import Hiding
from xai.models import Classifier

ALL = "all"
SHARE = 0.2  # of the pixels, where maps are compared that must not profit from being broad
WAYS = {"soft": None, "strongest": SHARE}  # how much of the pixels is kept; None dims each by the map
WARM_UP = 3
BRANCHES = 2  # as many as the FAL of the FPN-ABN layered model has


def score_split(
    model: Classifier, split: Split, method: str, layers: list[str], hiding: Hiding, title: str
) -> dict[str, dict[str, Scores]]:
    """Scores of layers on a split's photos: dimmed by the map (`soft`), or only its strongest pixels kept.

    Beside them are the controls: maps that know no photo, and of each layer another photo's map and the mean map.
    """
    photos, found = open_photos(split), {}
    for way, share in WAYS.items():
        with tqdm(total=len(photos), desc=f"{title}, {way}", leave=False) as bar:
            found[way] = score_layers(
                model, photos, method, layers, hiding=hiding, share=share, step=bar.update, companions=True
            )
    return found


def average_by_class(scores: dict[str, dict[str, Scores]], labels: list[str]) -> dict[str, dict]:
    """For each way, for all photos and those of each class, the figures of each layer, in percent; how many photos."""
    groups = {ALL: list(range(len(labels)))}
    for i, label in enumerate(labels):
        groups.setdefault(label, []).append(i)
    figures = {
        way: {
            name: {
                layer: {key: round(value, 2) for key, value in found[members].row().items()}
                for layer, found in layers.items()
            }
            for name, members in groups.items()
        }
        for way, layers in scores.items()
    }
    return {**figures, "photos": {name: len(members) for name, members in groups.items()}}


def average(figures: list, across: Callable[[list], Any] = mean) -> Any:
    """Figures of several seeds, nested alike, as one of their means, or of what `across` makes of a list."""
    first = figures[0]
    if isinstance(first, dict):
        return {key: average([each[key] for each in figures], across) for key in first}
    return across(figures)


def find_weak_layers(figures: dict[str, dict[str, float]]) -> list[int]:
    """The two layers whose explanation is weakest: the largest drop less increase in confidence.

    Args:
        figures: by layer, `drop` and `increase`, on validation photos; combination and controls are passed over.
    """
    weakness = {name: row["drop"] - row["increase"] for name, row in figures.items() if name[-1].isdigit()}
    return sorted(int(name[-1]) for name in sorted(weakness, key=lambda name: weakness[name])[-BRANCHES:])


@torch.no_grad()
def time_models(models: list[Classifier], split: Split, rounds: int = 25) -> list[float]:
    """Milliseconds of each model's forward pass of one photo, medians; in every round each runs once."""
    photos = open_photos(Split(split.photos[:rounds], split.labels[:rounds]))
    inputs = [model.preprocess(photos) for model in models]
    times = [[] for _ in models]
    for i in range(-WARM_UP, len(photos)):
        for model, x, measured in zip(models, inputs, times, strict=True):
            started = time.perf_counter()
            model(x[i : i + 1] if i >= 0 else x[:1]).sum().item()  # a number, so that a GPU is waited for
            if i >= 0:
                measured.append(1000 * (time.perf_counter() - started))
    return [median(measured) for measured in times]


def open_photos(split: Split) -> list[Image.Image]:
    """All photos of a split, upright and in RGB."""
    return [open_photo(photo) for photo in split.photos]
