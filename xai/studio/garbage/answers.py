"""What a network says of a photo of waste: one explanation, every class's evidence, training photos like it."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache

from PIL import Image

from xai.batch import Batch
from xai.class_evidence import compute_evidence
from xai.explaining import explain_batch, explain_steps
from xai.familiar import is_familiar
from xai.methods import METHODS
from xai.methods.reading import find_trouble, plan_reading
from xai.modes import without_gradients
from xai.similar import Index, Neighbour, load_index
from xai.steps import Progress, finish, follow
from xai.studio.answers import Question, Side, get_model
from xai.studio.examples import GARBAGE_EXAMPLES
from xai.studio.gpu import GPU

LOG = logging.getLogger(__name__)


@dataclass
class GarbageSide(Side):
    """One network's answer; what is `explained` is an Explanation.

    Attributes:
        neighbours: training photos that look the same to the network.
    """

    neighbours: list[Neighbour] = field(default_factory=list)


@cache
def get_index(name: str) -> Index | None:
    """The index of a network's training photos; None where none comes with it."""
    try:
        return load_index(name)
    except (OSError, ValueError) as error:
        LOG.warning("%s", error)
        return None


def preload(name: str) -> None:
    """Load all that a network's answers need."""
    get_model(name), get_index(name), is_familiar(GARBAGE_EXAMPLES[0], name)


@without_gradients
def look(photo: Image.Image, question: Question) -> GarbageSide:
    """One network's answer, without the map of a slow method."""
    model = get_model(question.model)
    batch, explanation = Batch(model, [photo]), None
    trouble = find_trouble(model, question.method, question.layer)
    pending = trouble is None and METHODS[question.method].is_slow(model, question.layer)
    if trouble is None and not pending:
        reading = plan_reading(model, question.method, question.layer)
        (explanation,) = finish(explain_batch(batch, reading, [question.target]))
    activations, index = batch.activations(model), get_index(question.model)
    neighbours = index.nearest_to(activations.last) if index else []
    familiar, evidence = is_familiar(photo, question.model), compute_evidence(photo, activations)
    confidences = dict(zip(model.classes, map(float, evidence.confidences), strict=True))
    return GarbageSide(question, confidences, explanation, trouble, pending, familiar, evidence, neighbours)


@GPU(duration=20)
def look_at(photo: Image.Image, questions: list[Question]) -> list[GarbageSide]:
    """Each network's answer: all that needs a GPU, and no more, since what is passed travels between processes."""
    return [look(photo, question) for question in questions]


@GPU(duration=120)
def look_slowly(photo: Image.Image, question: Question) -> Iterator[Progress]:
    """How far the explanation is, with the one so far where there is one, and at last all of it."""
    model = get_model(question.model)
    reading = plan_reading(model, question.method, question.layer)
    for done, e in follow(explain_steps(model, photo, reading, question.target)):
        # the very photo of the answer: a copy would weigh as much again
        yield Progress(done, e and replace(e, photo=photo))
