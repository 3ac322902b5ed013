"""What a black box and its student say of a photo: with the maps to be had at once, and others when asked."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from xai import Explanation
from xai.activations import Activations
from xai.agreement import TOP, Agreement, compare_answers, rank_classes
from xai.batch import Batch
from xai.blackbox import BlackBox, BlackBoxError
from xai.blackbox.hosted import hosted_black_boxes, load_hosted
from xai.explaining import explain_batch, explain_steps, find_class
from xai.familiar import is_familiar
from xai.methods import METHODS, list_methods
from xai.methods.distilled import compute_parts
from xai.methods.reading import SOURCES, find_trouble, plan_reading
from xai.metrics import GAMES
from xai.metrics.games import play_steps
from xai.models import Classifier
from xai.modes import without_gradients
from xai.noise import lacks_contrast
from xai.steps import Progress, finish, follow
from xai.studio.answers import LOADING, Answer, Look, Question, Side
from xai.studio.blackbox.maps import BLOCKS, STAGES, Choice, StudentMaps
from xai.studio.gpu import GPU
from xai.studio.methods import DEFAULT

NO_ANSWER = (BlackBoxError, ValueError, OSError)  # a black box or its student cannot be had, for now or at all
CELLS = 7  # a side of the random map, as of a layer's: single pixels would be a texture that no network has seen
PACE: dict[str, float] = {}  # seconds a question takes, by black box
Curves = dict[str, dict[str, np.ndarray]]  # by game and map


@dataclass
class BlackBoxSide(Side):
    """What a black box says of the photo; what are `explained` are its student's maps.

    There are none where it has no student, or one without attention blocks. Then a network that can be read, its own or
    the student's, gives a single map; where there is none such, nothing but asking explains it.

    Attributes:
        single: the map of the page's default method, where there are no three maps but a network to read.
        classes: names of the K classes.
        confidences: (K); None where the black box did not answer.
        target: index of the class to explain.
        agreement: how far the student agrees; None where there is no student.
    """

    single: Explanation | None = None
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
        if self.confidences is None:
            raise ValueError("a black box that did not answer is sure of nothing")
        return float(self.confidences[self.target])

    @property
    def surest(self) -> list[tuple[str, float]]:
        """The most confident classes with their confidences, the surest first."""
        if self.confidences is None:
            return []
        return [(self.classes[k], float(self.confidences[k])) for k in rank_classes(self.confidences[None])[0, :TOP]]


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

    @classmethod
    def of(cls, e: Explanation, size: int | None = None) -> "FoundMap":
        return cls(e.raw, e.seconds, e.source, size, e.blank, e.questions, e.settled)


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

    def __post_init__(self) -> None:
        if self.side.single is not None:
            self.found[self.side.single.method] = FoundMap.of(self.side.single)

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
        return {"distilled": FoundMap(raw, maps.seconds, SOURCES["student"], blank=not raw.any()), **self.found}


@cache
def load(title: str) -> BlackBox:
    black_box = load_hosted(title)
    if black_box.assumed:  # its host should see it
        print(f"black box {title}{black_box.assumption}", flush=True)
    return black_box


def get_black_box(title: str) -> BlackBox:
    """A black box with its student, loaded once for all visitors."""
    with LOADING:
        return load(title)


def list_possible(title: str) -> list[str]:
    """The methods that can explain a black box, the distilled map, which the tab shows first, before the others."""
    return sorted(list_methods(get_black_box(title)), key=lambda method: method != "distilled")


def has_attention_blocks(student: Classifier) -> bool:
    """Whether a student has the attention blocks that the three maps are made of."""
    return METHODS["distilled"].unsuitable(student) is None


def is_familiar_to(title: str, photo: Image.Image) -> bool | None:
    """Whether a photo is like those that a black box's student was trained on, or if it has none, the black box itself.

    None where that is not known.
    """
    return is_familiar(photo, hosted_black_boxes()[title].student or get_black_box(title))


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
    black_box = get_black_box(title)
    pixels = torch.rand(black_box.batch_size, 3, black_box.input_size, black_box.input_size, device=black_box.device)
    started = time.perf_counter()
    black_box.ask(pixels)
    return (time.perf_counter() - started) / len(pixels)


@without_gradients
def look(photo: Image.Image, question: Question) -> BlackBoxSide:
    """What the black box says, and the maps that can be had at once."""
    black_box = get_black_box(question.model)
    student, batch = black_box.student, Batch(black_box, [photo])
    confidences = batch.confidences[0].numpy()  # K
    target = int(confidences.argmax()) if question.target is None else find_class(black_box, question.target)
    side = BlackBoxSide(question, classes=black_box.classes, confidences=confidences, target=target)
    side.familiar = is_familiar_to(question.model, photo)
    if student is not None and has_attention_blocks(student):
        imitated, side.explained = look_inside(black_box, student, photo, target)
        side.agreement = compare_answers(confidences, imitated, black_box.classes)
    elif find_trouble(black_box, DEFAULT) is None:
        (e,) = finish(explain_batch(batch, plan_reading(black_box, DEFAULT), [target]))
        side.single, side.agreement = replace(e, photo=photo), e.agreement
    return side


def look_inside(
    black_box: BlackBox, student: Classifier, photo: Image.Image, target: int
) -> tuple[np.ndarray, StudentMaps]:
    """A student's confidences (K) and its maps, from one forward pass and one gradient call."""
    started = time.perf_counter()
    batch = Activations(student, student.preprocess([photo]), together=[f"layer{stage}" for stage in STAGES])
    targets = torch.tensor([target], device=student.device)
    signed, evidence = (move_to_cpu(maps) for maps in compute_parts(batch, targets, BLOCKS, STAGES))
    absolute = move_to_cpu(compute_parts(batch, targets, BLOCKS, (), "absolute")[0])
    if lacks_contrast(black_box.pixels([photo])).any():  # the maps would be of the student's borders alone
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
def look_slowly(photo: Image.Image, question: Question, size: int | None = None) -> Iterator[Progress]:
    """How far the explanation is, with the one so far where there is one, and at last all of it.

    `size` is how many questions a method asks, where that can be chosen.
    """
    number = METHODS[question.method].number if question.method in METHODS else ""
    options: dict[str, Any] = {number: size} if number and size is not None else {}
    black_box = get_black_box(question.model)
    reading = plan_reading(black_box, question.method, options=options)
    yield from follow(explain_steps(black_box, photo, reading, question.target))


@GPU(duration=120)
def play(photo: Image.Image, title: str, target: int, maps: dict[str, np.ndarray]) -> Iterator[Progress]:
    """How far the games are, again and again, and at last the Curves of these maps and of a random one."""
    black_box = get_black_box(title)
    shape = torch.empty(1, 3, black_box.input_size, black_box.input_size)
    control = METHODS["random"].run(shape, [0], cells=CELLS)[0].numpy()
    yield from follow(play_steps(black_box, photo, {**maps, "random": control}, target, GAMES))
