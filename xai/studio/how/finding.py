"""The proof: four photos of four classes side by side, and the share of a class's map on the photo of that class."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import torch
from PIL import Image

from xai import Explanation
from xai.batch import Batch
from xai.explaining import explain_batch
from xai.methods.reading import plan_reading
from xai.metrics.mosaic import join_photos, own_share
from xai.models import Classifier
from xai.photo import load_photo, to_photos
from xai.steps import finish
from xai.studio.answers import get_model
from xai.studio.examples import GARBAGE_EXAMPLES, read_class

QUARTERS = 4
SIDE = 448  # pixels of the mosaic as it is shown; the network gets its own size


@dataclass(frozen=True)
class Mosaic:
    """Four photos in reading order, and the class that a network gives to each alone; the visitor's is the first."""

    model: str
    photos: list[Image.Image] = field(repr=False)
    labels: list[str]

    def picture(self) -> Image.Image:
        return to_photos(join_photos(self.photos, SIDE)[None])[0]


@dataclass(frozen=True)
class Found:
    """Where a class's map of a mosaic lies.

    Attributes:
        quarter: whose class was asked for.
        explained: the explanation of the mosaic.
        shares: what of the map's positive part lies in each quarter; they sum to 1, and are 1/4 each where there is
            none.
    """

    quarter: int
    explained: Explanation
    shares: list[float]


@cache
def list_recognized(name: str) -> dict[str, Image.Image]:
    """Of every class one example that a network names rightly, where there is any."""
    model = get_model(name)
    said = model.predict_proba([*GARBAGE_EXAMPLES]).argmax(1)  # N
    right = [path for path, k in zip(GARBAGE_EXAMPLES, said, strict=True) if model.classes[k] == read_class(path)]
    return {read_class(path): load_photo(path) for path in reversed(right)}


def compose(name: str, photo: Image.Image) -> Mosaic:
    """A photo with examples of three other classes than the one that a network gives to it: the next ones in order.

    Raises:
        ValueError: the network names examples of fewer than three other classes rightly.
    """
    model = get_model(name)
    own = int(model.predict_proba(photo)[0].argmax())
    order = [*model.classes[own + 1 :], *model.classes[:own]]
    known = list_recognized(name)
    others = [label for label in order if label in known][: QUARTERS - 1]
    if len(others) < QUARTERS - 1:
        raise ValueError(f"{name} recognizes too few of the examples")
    return Mosaic(name, [photo, *(known[label] for label in others)], [model.classes[own], *others])


def find(model: Classifier, photos: Sequence[Image.Image], label: str, quarter: int, method: str) -> Found:
    """The map of a quarter's class over the mosaic, and how it is spread, by the measure of `mosaic_test`.

    Raises:
        ValueError: the method does not suit the network.
    """
    batch = Batch.of_pixels(model, join_photos(photos, model.input_size, model.device)[None])
    (explained,) = finish(explain_batch(batch, plan_reading(model, method), [label]))
    raw = np.zeros_like(explained.raw) if explained.blank else explained.raw  # h, w
    shares = own_share(torch.from_numpy(raw).expand(QUARTERS, -1, -1), model.input_size)
    return Found(quarter, explained, shares.tolist())
