"""What the networks say of a visitor's photo: at once, or, by slow methods, little by little until it is stopped."""

import logging
import threading
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from functools import cache

import torch
from PIL import Image

from xai import Evidence, Explanation, load_model
from xai.activations import Activations
from xai.evidence import evidence_of
from xai.explain import explain_batch, explain_steps, finish
from xai.methods import METHODS, UnsuitableError
from xai.models import Classifier
from xai.similar import Index, Neighbour, load_index
from xai.studio.gpu import GPU

PREDICTED, LAST = "predicted", "last"
LOADING = threading.Lock()
LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Question:
    """One network, and how to explain it; `layer` None is the method's usual one, `target` None the predicted class."""

    model: str
    method: str
    target: str | None = None
    layer: str | None = None


@dataclass
class Side:
    """What one network says of the photo.

    `explanation` is None while a slow method is `pending`, and where the method does not suit the network, for which
    `trouble` is the reason.
    """

    question: Question
    evidence: Evidence
    neighbours: list[Neighbour]
    explanation: Explanation | None = None
    trouble: UnsuitableError | None = None
    pending: bool = False


@dataclass
class Answer:
    """A photo and its sides; `stopped` ends what is being computed for it; `look` is how it was last painted."""

    photo: Image.Image
    sides: list[Side]
    look: tuple = ()
    stopped: threading.Event = field(default_factory=threading.Event)

    def answers(self, photo: Image.Image, questions: list[Question]) -> bool:
        """True where it is, or is about to be, the answer to these questions."""
        same = questions == [side.question for side in self.sides] and photo == self.photo
        return same and not self.stopped.is_set()


@cache
def load(name: str) -> Classifier:
    return load_model(name)


def model_of(name: str) -> Classifier:
    """A model, loaded once for all visitors."""
    with LOADING:
        return load(name)


@cache
def index_of(name: str) -> Index | None:
    """The index of a model's training photos, where one comes with it."""
    try:
        return load_index(name)
    except (OSError, ValueError) as error:
        LOG.warning("%s", error)
        return None


def asked(model: str, method: str, target: str, layer: str) -> Question:
    """A question as the page's menus put it; a layer that the network has not is the usual one."""
    known = layer in model_of(model).layers
    return Question(model, method, None if target == PREDICTED else target, layer if known else None)


@torch.no_grad()
def look(photo: Image.Image, question: Question) -> Side:
    """One network's answer, but for the map of a slow method."""
    model, method, started = model_of(question.model), METHODS[question.method], time.perf_counter()
    batch = Activations(model, model.preprocess([photo]))
    trouble = method.unsuitable(model, question.layer)
    pending = trouble is None and method.is_slow(model, question.layer)
    explanation = None
    if trouble is None and not pending:
        steps = explain_batch([photo], batch, question.method, [question.target], question.layer, started)
        (explanation,) = finish(steps)
    index = index_of(question.model)
    neighbours = index.nearest_to(batch.last) if index else []
    return Side(question, evidence_of(photo, batch), neighbours, explanation, trouble, pending)


@GPU(duration=20)
def look_at(photo: Image.Image, questions: list[Question]) -> list[Side]:
    """All that needs a GPU at once, and no more, since its arguments travel to a worker."""
    return [look(photo, question) for question in questions]


@GPU(duration=120)
def look_slowly(photo: Image.Image, question: Question) -> Generator[float | Explanation, None, None]:
    """The share done, in [0, 1], again and again, and at last the explanation."""
    steps = explain_steps(model_of(question.model), photo, question.method, question.target, question.layer)
    yield (yield from steps)
