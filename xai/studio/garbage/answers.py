"""What a network says of a photo of waste: one explanation, every class's evidence, training photos like it."""

import logging
import time
from collections.abc import Generator
from dataclasses import dataclass, field, replace
from functools import cache

from PIL import Image

from xai import Evidence, Explanation
from xai.activations import Activations
from xai.class_evidence import evidence_of
from xai.explaining import explain_batch, explain_steps, finish
from xai.familiar import is_familiar
from xai.methods import METHODS
from xai.modes import without_gradients
from xai.similar import Index, Neighbour, load_index
from xai.studio.answers import Question, Side, get_model
from xai.studio.examples import GARBAGE_EXAMPLES
from xai.studio.gpu import GPU

LOG = logging.getLogger(__name__)


@dataclass
class GarbageSide(Side):
    """One network's answer; what is `explained` is an Explanation."""

    evidence: Evidence | None = None
    neighbours: list[Neighbour] = field(default_factory=list)

    @property
    def label(self) -> str:
        """The predicted class."""
        return self.evidence.classes[self.evidence.confidences.argmax()]


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
    model, method, started = get_model(question.model), METHODS[question.method], time.perf_counter()
    batch = Activations(model, model.preprocess([photo]))
    trouble = method.unsuitable(model, question.layer)
    pending = trouble is None and method.is_slow(model, question.layer)
    explanation = None
    if trouble is None and not pending:
        steps = explain_batch([photo], batch, question.method, [question.target], question.layer, started)
        (explanation,) = finish(steps)
    index = get_index(question.model)
    neighbours = index.nearest_to(batch.last) if index else []
    familiar = is_familiar(photo, question.model)
    return GarbageSide(question, explanation, trouble, pending, familiar, evidence_of(photo, batch), neighbours)


@GPU(duration=20)
def look_at(photo: Image.Image, questions: list[Question]) -> list[GarbageSide]:
    """Each network's answer: all that needs a GPU, and no more, since what is passed travels between processes."""
    return [look(photo, question) for question in questions]


@GPU(duration=120)
def look_slowly(photo: Image.Image, question: Question) -> Generator[float | Explanation, None, None]:
    """The share done, in [0, 1], again and again, and at last the explanation."""
    steps = explain_steps(get_model(question.model), photo, question.method, question.target, question.layer)
    yield replace((yield from steps), photo=photo)  # the very photo of the answer: a copy would weigh as much again
