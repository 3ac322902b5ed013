"""A visitor's question, and what networks answer: at once, or by slow methods little by little until stopped."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from PIL import Image

from xai import Evidence, load_model
from xai.methods import METHODS, UnsuitableError
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
    """What one network says of the photo; each tab has a kind of its own that adds what it shows besides.

    Attributes:
        question: the network, and how it is explained.
        confidences: by class.
        explained: the explanation; None while `pending`, and where there is `trouble`.
        trouble: why the method does not suit the network; None where it does.
        pending: whether a slow method has still to explain it.
        familiar: whether the photo is like those that the network was trained on; None where that is not known.
        evidence: which region speaks for which class; None where that is not known.
    """

    question: Question
    confidences: dict[str, float] = field(default_factory=dict)
    explained: Any = None
    trouble: UnsuitableError | None = None
    pending: bool = False
    familiar: bool | None = None
    evidence: Evidence | None = None

    @property
    def label(self) -> str:
        """The predicted class."""
        return max(self.confidences, key=self.confidences.__getitem__)


@dataclass
class Answer:
    """A photo and what each network says of it.

    Attributes:
        photo: the photo.
        sides: an answer of each network, a `Side` of the tab's kind.
        stopped: set once what is being computed for it has to end.
        halted: whether the visitor pressed Stop, so that it did not end for something else that was asked.
        task: name of what a button of its own has started; "" where nothing of the kind runs.
    """

    photo: Image.Image
    sides: Sequence[Any]
    stopped: threading.Event = field(default_factory=threading.Event)
    halted: bool = False
    task: str = ""

    @property
    def silent(self) -> bool:
        """Whether no network answered, so that nothing can be explained."""
        return False

    def end(self, halted: bool = False) -> None:
        """End what is being computed."""
        self.halted = halted
        self.stopped.set()

    def replace_task(self, task: str) -> None:
        """End what is being computed; `task` comes next, or nothing where it is ""."""
        self.end()
        self.stopped, self.task = threading.Event(), task

    def is_for(self, photo: Image.Image, questions: list[Question]) -> bool:
        """Whether this is the answer to these questions, or will be once it is complete."""
        same = questions == [side.question for side in self.sides] and photo == self.photo
        return same and not self.stopped.is_set()


@cache
def load(name: str) -> Classifier:
    return load_model(name)


def get_model(name: str) -> Classifier:
    """A network by name, loaded once for all visitors."""
    with LOADING:
        return load(name)


def read_target(target: str) -> str | None:
    """The class that a menu names; None for the predicted one."""
    return None if target == PREDICTED else target


def read_question(model: str, method: str, target: str, layer: str = LAST) -> Question:
    """A question as the menus put it; a layer stands for the method's usual one where the network has none such.

    So it does where the method explains the photo as a whole, whatever the menu of layers says.
    """
    known = layer in get_model(model).layers and METHODS[method].needs == "features"
    return Question(model, method, read_target(target), layer if known else None)
