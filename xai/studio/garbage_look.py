"""What a network says of a photo of waste: one explanation, every class's evidence, training photos like it."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache

from PIL import Image

from xai import Evidence
from xai.batch import Batch
from xai.class_evidence import evidence_of
from xai.explaining import explain_batch, explain_steps
from xai.familiar import is_familiar
from xai.methods import METHODS
from xai.methods.reading import find_trouble, plan_reading
from xai.modes import without_gradients
from xai.similar import Index, Neighbour, load_index
from xai.steps import Progress, finish, follow
from xai.studio.answers import Question, Side, model_of
from xai.studio.gpu import GPU

LOG = logging.getLogger(__name__)


@dataclass
class GarbageSide(Side):
    """One network's answer; what is `explained` is an Explanation."""

    evidence: Evidence | None = None
    neighbours: list[Neighbour] = field(default_factory=list)


@cache
def index_of(name: str) -> Index | None:
    """The index of a model's training photos, where one comes with it."""
    try:
        return load_index(name)
    except (OSError, ValueError) as error:
        LOG.warning("%s", error)
        return None


@without_gradients
def look(photo: Image.Image, question: Question) -> GarbageSide:
    """One network's answer, but for the map of a slow method."""
    model, method = model_of(question.model), METHODS[question.method]
    batch = Batch(model, [photo])
    trouble = find_trouble(model, question.method, question.layer)
    pending = trouble is None and method.is_slow(model, question.layer)
    explanation = None
    if trouble is None and not pending:
        reading = plan_reading(model, question.method, question.layer)
        (explanation,) = finish(explain_batch(batch, reading, [question.target]))
    activations, index = batch.activations(model), index_of(question.model)
    neighbours = index.nearest_to(activations.last) if index else []
    known = is_familiar(photo, question.model)
    return GarbageSide(question, explanation, trouble, pending, known, evidence_of(photo, activations), neighbours)


@GPU(duration=20)
def look_at(photo: Image.Image, questions: list[Question]) -> list[GarbageSide]:
    """All that needs a GPU at once, and no more, since its arguments travel to a worker."""
    return [look(photo, question) for question in questions]


@GPU(duration=120)
def look_slowly(photo: Image.Image, question: Question) -> Iterator[Progress]:
    """How far the explanation is, again and again; at last it is the result so far."""
    model = model_of(question.model)
    for done, e in follow(explain_steps(model, photo, question.method, question.target, question.layer)):
        yield Progress(done, e and replace(e, photo=photo))  # not a copy
