"""What the section asks of networks: all that needs a GPU."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from xai import Explanation
from xai.batch import Batch
from xai.explaining import explain_batch
from xai.methods.reading import plan_reading
from xai.modes import without_gradients
from xai.steps import finish
from xai.studio.answers import get_model
from xai.studio.gpu import GPU
from xai.studio.how import finding
from xai.studio.how.attention import Turned, compare_attention
from xai.studio.how.channels import Parts, take_apart
from xai.studio.how.finding import Found, Mosaic
from xai.studio.how.hiding import PLACES, hide


@dataclass(frozen=True)
class Inside:
    """What goes on inside a network when it sees a photo.

    Attributes:
        model: the network's name.
        asked: the class that was asked for; None is the predicted one.
        explained: its CAM.
        parts: what that is made of.
        turned: what channel attention does; None where the network has none.
    """

    model: str
    asked: str | None
    explained: Explanation
    parts: Parts
    turned: Turned | None

    def is_for(self, photo: Image.Image, model: str, asked: str | None) -> bool:
        return (self.model, self.asked) == (model, asked) and self.explained.photo == photo


@GPU(duration=20)
@without_gradients
def look_inside(photo: Image.Image, name: str, asked: str | None) -> Inside:
    """One photo, taken apart for a class; None is the predicted one.

    Raises:
        ValueError: there is no such class, or CAM does not suit the network.
    """
    model = get_model(name)
    batch = Batch(model, [photo])
    (explained,) = finish(explain_batch(batch, plan_reading(model, "cam"), [asked]))
    activations = batch.activations(model)
    parts = take_apart(activations, explained.target)
    return Inside(name, asked, explained, parts, compare_attention(name, activations))


@GPU(duration=10)
@without_gradients
def ask_hidden(photo: Image.Image, name: str, target: int, places: Sequence[tuple[int, int]]) -> list[float]:
    """How sure a network is of a class when a grey square is at each place (row, column) of the photo."""
    model = get_model(name)
    return model.ask(hide(model.pixels([photo]), places))[:, target].tolist()


def ask_everywhere(photo: Image.Image, name: str, target: int) -> Iterator[np.ndarray]:
    """How sure a network is of a class with the square at each of all places, row by row: (1, 7), …, (7, 7)."""
    rows: list[list[float]] = []
    for row in range(PLACES):
        rows.append(ask_hidden(photo, name, target, [(row, column) for column in range(PLACES)]))
        yield np.array(rows, np.float32)


@GPU(duration=20)
@without_gradients
def compose(name: str, photo: Image.Image) -> Mosaic:
    return finding.compose(name, photo)


@GPU(duration=20)
@without_gradients
def find(mosaic: Mosaic, quarter: int, method: str) -> Found:
    """Where the map of a quarter's class lies in a mosaic."""
    return finding.find(get_model(mosaic.model), mosaic.photos, mosaic.labels[quarter], quarter, method)
