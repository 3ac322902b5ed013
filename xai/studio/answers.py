"""What the networks say of a visitor's photo: at once, or, by slow methods, little by little until it is stopped."""

import threading
from dataclasses import dataclass, field
from functools import cache

from PIL import Image

from xai import load_model
from xai.methods import UnsuitableError
from xai.models import Classifier

PREDICTED, LAST = "predicted", "last"
LOADING = threading.Lock()


@dataclass(frozen=True)
class Question:
    """One network, and how to explain it; `layer` None is the method's usual one, `target` None the predicted class."""

    model: str
    method: str
    target: str | None = None
    layer: str | None = None


@dataclass
class Side:
    """What one network says of the photo; a tab's own kind adds what is shown beside the explanation.

    `explained` is None while a slow method is `pending`, and where the method does not suit the network, for which
    `trouble` is the reason. `familiar` is whether the photo is like those that the network was trained on, None where
    nobody knows.
    """

    question: Question
    explained: object = None
    trouble: UnsuitableError | None = None
    pending: bool = False
    familiar: bool | None = None


@dataclass
class Answer:
    """A photo and its sides; `stopped` ends what is being computed for it; `look` is how it was last painted.

    `running` names what was asked for besides, by a button of its own. `halted` is True where the visitor stopped it,
    and not what came instead.
    """

    photo: Image.Image
    sides: list[Side]
    look: tuple = ()
    stopped: threading.Event = field(default_factory=threading.Event)
    running: str = ""
    halted: bool = False

    @property
    def silent(self) -> bool:
        """True where nobody answered, so that there is nothing to go on with."""
        return False

    def end(self, halted: bool = False) -> None:
        """End what is being computed."""
        self.halted = halted
        self.stopped.set()

    def begin(self, what: str) -> None:
        """End what is being computed, for something else, or for nothing."""
        self.end()
        self.stopped, self.running = threading.Event(), what

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


def asked(model: str, method: str, target: str, layer: str = LAST) -> Question:
    """A question as the page's menus put it; a layer that the network has not is the usual one."""
    known = layer in model_of(model).layers
    return Question(model, method, None if target == PREDICTED else target, layer if known else None)
