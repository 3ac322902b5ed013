"""What a black box and its student say of a photo: at once with three maps, and by other methods when asked."""

import time
from collections.abc import Generator
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from xai import Explanation
from xai.activations import Activations
from xai.agreement import TOP, Agreement, agreement, order
from xai.blackbox import BlackBox, BlackBoxError
from xai.blackbox.explain import STUDENT, explain_black_box_steps
from xai.blackbox.hosted import hosted_black_boxes, load_hosted
from xai.explaining import class_index
from xai.familiar import is_familiar
from xai.methods import METHODS
from xai.methods.distilled import parts
from xai.metrics import GAMES
from xai.metrics.controls import random
from xai.metrics.games import play_steps
from xai.models import Classifier
from xai.modes import without_gradients
from xai.noise import without_contrast
from xai.studio.answers import LOADING, Answer, Look, Question, Side
from xai.studio.blackbox.maps import BLOCKS, STAGES, Choice, StudentMaps
from xai.studio.gpu import GPU
from xai.studio.methods import BLACK_BOX, QUESTIONS

NO_ANSWER = (BlackBoxError, ValueError, OSError)  # a black box or its student cannot be had, for now or at all
CELLS = 7  # a side of the random map, as of a layer's: single pixels would be a texture that no network has seen
PACE: dict[str, float] = {}  # seconds a question takes, by black box
Curves = dict[str, dict[str, np.ndarray]]  # by game and map


@dataclass
class BlackBoxSide(Side):
    """What a black box says of the photo; what are `explained` are its student's maps.

    There are none where it has no student, or one without attention blocks.

    Attributes:
        classes: names of the K classes.
        confidences: (K); None where the black box did not answer.
        target: index of the class to explain.
        agreement: how far the student agrees; None where there is no student.
    """

    classes: list[str] = field(default_factory=list)
    confidences: np.ndarray | None = None
    target: int = 0
    agreement: Agreement | None = None

    @property
    def silent(self) -> bool:
        return self.confidences is None

    @property
    def label(self) -> str:
        return self.classes[self.target]

    @property
    def confidence(self) -> float:
        return float(self.confidences[self.target])

    @property
    def surest(self) -> list[tuple[str, float]]:
        """The most confident classes with their confidences, the surest first."""
        if self.silent:
            return []
        return [(self.classes[k], float(self.confidences[k])) for k in order(self.confidences[None])[0, :TOP]]


@dataclass(frozen=True)
class BlackBoxLook(Look):
    """How pictures look, and what enters the distilled map."""

    choice: Choice


@dataclass(frozen=True)
class FoundMap:
    """A method's map.

    Attributes:
        raw: the unscaled map (h, w).
        seconds: how long it took.
        source: who was asked, or whose gradients were taken.
        size: how many questions the visitor wanted, for a method where that can be chosen.
        blank: nothing speaks for the class.
        questions: how many were asked.
        settled: how much of the map would come out again from as many other questions, in [0, 1].
    """

    raw: np.ndarray
    seconds: float
    source: str
    size: int | None = None
    blank: bool = False
    questions: int | None = None
    settled: float | None = None


@dataclass
class BlackBoxAnswer(Answer):
    """A visitor's answer, with what other methods found.

    Attributes:
        found: maps by method, but the distilled one, which changes with the visitor's choice.
        growing: explanations so far, None before the first, and the share done, by method.
        played: the choice with which the games were last played.
    """

    found: dict[str, FoundMap] = field(default_factory=dict)
    growing: dict[str, tuple[Explanation | None, float]] = field(default_factory=dict)
    played: Choice | None = None

    @property
    def side(self) -> BlackBoxSide:
        return self.sides[0]

    @property
    def silent(self) -> bool:
        return self.side.silent

    def is_for(self, photo: Image.Image, questions: list[Question]) -> bool:
        """Whether this is the answer to these questions; if it is silent, the black box is asked again."""
        return not self.silent and super().is_for(photo, questions)

    def has(self, method: str, size: int) -> bool:
        """Whether there is nothing left to do for a method, by so many questions if it asks any."""
        return method == "distilled" or (method in self.found and self.found[method].size in (None, size))

    def collect_maps(self) -> dict[str, FoundMap]:
        """All maps by method, the distilled one as it was last chosen among them."""
        maps = self.side.explained
        raw = maps and maps.combine(self.look.choice)[-1]
        if raw is None:
            return self.found
        return {"distilled": FoundMap(raw, maps.seconds, STUDENT, blank=not raw.any()), **self.found}


@cache
def load(title: str) -> tuple[BlackBox, Classifier | None]:
    black_box, student = load_hosted(title)
    if black_box.assumed:  # its host should see it
        print(f"black box {title}{black_box.assumption}", flush=True)
    return black_box, student


def get_pair(title: str) -> tuple[BlackBox, Classifier | None]:
    """A black box and its student, loaded once for all visitors."""
    with LOADING:
        return load(title)


def list_possible(title: str) -> list[str]:
    """The methods that can explain a black box."""
    black_box, student = get_pair(title)
    possible = {*QUESTIONS}
    if has_attention_blocks(student):
        possible.add("distilled")
    if student is not None or black_box.white is not None:
        possible |= {"gradcam", "mask"}
    return [name for name in BLACK_BOX if name in possible]


def has_attention_blocks(student: Classifier | None) -> bool:
    """Whether there is a student, and it has the attention blocks that the three maps are made of."""
    return student is not None and METHODS["distilled"].unsuitable(student) is None


def is_familiar_to(title: str, photo: Image.Image) -> bool | None:
    """Whether a photo is like those that a black box's student was trained on, or if it has none, the black box itself.

    None where that is not known.
    """
    return is_familiar(photo, hosted_black_boxes()[title].student or get_pair(title)[0])


def get_pace(title: str) -> float:
    """Seconds a question takes, as last measured."""
    if title not in PACE:
        PACE[title] = measure_pace(title)
    return PACE[title]


def record_pace(title: str, pace: float) -> None:
    """Keep the seconds a question took when many were asked."""
    PACE[title] = pace


@GPU(duration=20)
def measure_pace(title: str) -> float:
    """Seconds a question takes, from as many as are asked at once."""
    black_box, _ = get_pair(title)
    pixels = torch.rand(black_box.at_once, 3, black_box.input_size, black_box.input_size, device=black_box.device)
    started = time.perf_counter()
    black_box.ask(pixels)
    return (time.perf_counter() - started) / len(pixels)


@without_gradients
def look(photo: Image.Image, question: Question) -> BlackBoxSide:
    """What the black box says, and the maps of its student."""
    black_box, student = get_pair(question.model)
    confidences = black_box.ask(black_box.pixels([photo]))[0].cpu().numpy()  # K
    target = int(confidences.argmax()) if question.target is None else class_index(black_box, question.target)
    side = BlackBoxSide(question, classes=black_box.classes, confidences=confidences, target=target)
    side.familiar = is_familiar_to(question.model, photo)
    if student is None:
        return side
    if has_attention_blocks(student):
        imitated, side.explained = look_inside(black_box, student, photo, target)
    else:
        imitated = student.predict_proba(photo)[0]
    side.agreement = agreement(confidences, imitated, black_box.classes)
    return side


def look_inside(
    black_box: BlackBox, student: Classifier, photo: Image.Image, target: int
) -> tuple[np.ndarray, StudentMaps]:
    """A student's confidences (K) and its maps, from one forward pass and one gradient call."""
    started = time.perf_counter()
    batch = Activations(student, student.preprocess([photo]), together=[f"layer{stage}" for stage in STAGES])
    targets = torch.tensor([target], device=student.device)
    signed, evidence = (move_to_cpu(maps) for maps in parts(batch, targets, BLOCKS, STAGES))
    absolute = move_to_cpu(parts(batch, targets, BLOCKS, (), "absolute")[0])
    if without_contrast(black_box.pixels([photo])).any():  # the maps would be of the student's borders alone
        signed, absolute, evidence = ([torch.zeros_like(m) for m in maps] for maps in (signed, absolute, evidence))
    maps = StudentMaps({"signed": signed, "absolute": absolute}, evidence, time.perf_counter() - started)
    return batch.logits()[0].softmax(0).cpu().numpy(), maps


def move_to_cpu(maps: list[Tensor]) -> list[Tensor]:
    return [m.cpu() for m in maps]


@GPU(duration=20)
def look_at(photo: Image.Image, question: Question) -> BlackBoxSide:
    """The answer: all that needs a GPU, and no more, since what is passed travels between processes."""
    return look(photo, question)


@GPU(duration=120)
def look_slowly(
    photo: Image.Image, question: Question, size: int | None = None
) -> Generator[tuple[float, Explanation | None], None, None]:
    """The share done, in [0, 1], with the map so far where there is one, again and again, and at last (1, the map)."""
    black_box, student = get_pair(question.model)
    options = {QUESTIONS[question.method]: size} if question.method in QUESTIONS and size is not None else {}
    e = yield from explain_black_box_steps(black_box, photo, question.method, question.target, student, **options)
    if student is not None and e.agreement is None:
        imitated = student.predict_proba(photo)[0]
        e = replace(e, agreement=agreement(e.confidences, imitated, black_box.classes))
    yield 1.0, e


@GPU(duration=120)
def play(
    photo: Image.Image, title: str, target: int, maps: dict[str, np.ndarray]
) -> Generator[float | Curves, None, None]:
    """The share done, in [0, 1], again and again, and at last the Curves of these maps and of a random one."""
    black_box, _ = get_pair(title)
    shape = torch.empty(1, 1, black_box.input_size, black_box.input_size)
    control = random(shape, [0], CELLS)[0, 0].numpy()
    yield (yield from play_steps(black_box, photo, {**maps, "random": control}, target, GAMES))
