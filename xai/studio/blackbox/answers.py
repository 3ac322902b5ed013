"""What a black box and its student say of a photo: with the maps to be had at once, and others when asked."""

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from xai import Evidence, Explanation
from xai.activations import Activations
from xai.agreement import Agreement, compare_answers
from xai.batch import Batch, compute_confidences
from xai.blackbox import BlackBox, BlackBoxError
from xai.blackbox.hosted import hosted_black_boxes, load_hosted
from xai.class_evidence import compute_evidence
from xai.explaining import explain_batch, explain_steps, find_class
from xai.familiar import is_familiar
from xai.methods import METHODS, list_methods
from xai.methods.distilled import ALL_BLOCKS, ALL_STAGES, compute_parts
from xai.methods.reading import SOURCES, find_trouble, plan_reading
from xai.metrics import GAMES
from xai.metrics.games import play_steps
from xai.models import Classifier
from xai.modes import without_gradients
from xai.noise import lacks_contrast
from xai.steps import Progress, finish, follow
from xai.studio.answers import LOADING, Answer, Question, Side
from xai.studio.blackbox.maps import DEFAULT_CHOICE, Choice, StudentMaps
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
    the student's, gives a single map; where there is none such, nothing but asking explains it. Where the black box did
    not answer, there are no confidences.

    Attributes:
        imitated: the student's confidences by class; None where there is no student.
        agreement: how far the student agrees; None where there is no student.
        single: the map of the page's default method, where there are no three maps but a network to read.
        classes: names of the K classes.
        target: index of the class to explain.
    """

    imitated: dict[str, float] | None = None
    agreement: Agreement | None = None
    single: Explanation | None = None
    classes: list[str] = field(default_factory=list)
    target: int = 0

    @property
    def silent(self) -> bool:
        return not self.confidences

    @property
    def wanted(self) -> str:
        """The class to explain."""
        return self.classes[self.target]


@dataclass
class BlackBoxAnswer(Answer):
    """A visitor's answer, with what other methods found.

    Attributes:
        choice: what enters the distilled map.
        found: explanations by method, but the distilled one, which changes with the visitor's choice.
        asked: how many questions the visitor wanted, by method, where that can be chosen.
        growing: explanations so far, None before the first, and the share done, by method.
        played: the choice with which the games were last played.
    """

    choice: Choice = DEFAULT_CHOICE
    found: dict[str, Explanation] = field(default_factory=dict)
    asked: dict[str, int] = field(default_factory=dict)
    growing: dict[str, tuple[Explanation | None, float]] = field(default_factory=dict)
    played: Choice | None = None

    def __post_init__(self) -> None:
        if self.side.single is not None:
            self.found[self.side.single.method] = self.side.single

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
        return method == "distilled" or (method in self.found and self.asked.get(method, size) == size)

    def collect_explanations(self) -> dict[str, Explanation]:
        """All explanations by method, the distilled one as it was last chosen among them."""
        maps = self.side.explained
        raw = maps and maps.combine(self.choice)[-1]
        if raw is None:
            return self.found
        side = self.side
        distilled = Explanation(
            photo=self.photo,
            raw=raw,
            target=side.target,
            label=side.wanted,
            confidence=side.confidences[side.wanted],
            confidences=np.array([side.confidences[c] for c in side.classes], np.float32),
            method="distilled",
            target_layer=plan_reading(get_black_box(side.question.model), "distilled").layer,
            seconds=maps.seconds,
            source=SOURCES["student"],
            agreement=side.agreement,
            blank=not raw.any(),
            subject=side.question.model,
            classes=tuple(side.classes),
            options=asdict(self.choice),
        )
        return {"distilled": distilled, **self.found}


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
    confidences, classes = batch.confidences[0].numpy(), black_box.classes  # K
    target = int(confidences.argmax()) if question.target is None else find_class(black_box, question.target)
    side = BlackBoxSide(question, dict(zip(classes, confidences.tolist(), strict=True)), classes=classes, target=target)
    side.familiar = is_familiar_to(question.model, photo)
    if student is not None and has_attention_blocks(student):
        imitated, side.explained, side.evidence = look_inside(black_box, student, photo, target)
        side.imitated = dict(zip(classes, imitated.tolist(), strict=True))
        side.agreement = compare_answers(confidences, imitated, classes)
    elif find_trouble(black_box, DEFAULT) is None:
        reading = plan_reading(black_box, DEFAULT)
        (e,) = finish(explain_batch(batch, reading, [target]))
        side.single, side.agreement = replace(e, photo=photo), e.agreement
        network = black_box.networks["teacher" if e.source == SOURCES["teacher"] else "student"]
        side.evidence = compute_evidence(photo, batch.activations(network))
        if student is not None:
            imitated = compute_confidences(batch.activations(student))[0].tolist()
            side.imitated = dict(zip(classes, imitated, strict=True))
    return side


def look_inside(
    black_box: BlackBox, student: Classifier, photo: Image.Image, target: int
) -> tuple[np.ndarray, StudentMaps, Evidence]:
    """A student's confidences (K), its maps and its evidence, from one forward pass and one gradient call."""
    started = time.perf_counter()
    batch = Activations(student, student.preprocess([photo]), together=[f"layer{stage}" for stage in ALL_STAGES])
    targets = torch.tensor([target], device=student.device)
    signed, evidence = (move_to_cpu(maps) for maps in compute_parts(batch, targets, ALL_BLOCKS, ALL_STAGES))
    absolute = move_to_cpu(compute_parts(batch, targets, ALL_BLOCKS, (), "absolute")[0])
    if lacks_contrast(black_box.pixels([photo])).any():  # the maps would be of the student's borders alone
        signed, absolute, evidence = ([torch.zeros_like(m) for m in maps] for maps in (signed, absolute, evidence))
    maps = StudentMaps({"signed": signed, "absolute": absolute}, evidence, time.perf_counter() - started)
    return batch.logits()[0].softmax(0).cpu().numpy(), maps, compute_evidence(photo, batch)


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
