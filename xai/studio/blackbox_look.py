"""What a black box and its student say of a photo: at once with three maps, and what other methods say when asked."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from xai.activations import Activations
from xai.agreement import TOP, Agreement, agreement, order
from xai.blackbox import BlackBox
from xai.blackbox.hosted import hosted_black_boxes, load_hosted
from xai.explaining import class_index, explain_steps
from xai.familiar import is_familiar
from xai.methods import METHODS, list_methods
from xai.methods.distilled import ALL_BLOCKS, LITERAL, distilled, joined, parts
from xai.metrics import GAMES
from xai.metrics.games import play_steps
from xai.models import Classifier
from xai.modes import without_gradients
from xai.noise import suspicious, without_contrast
from xai.steps import Progress, follow
from xai.studio.answers import LOADING, Answer, Question, Side
from xai.studio.gpu import GPU

STAGES = (1, 2, 3, 4)
PRESETS = {"source": LITERAL, "best": distilled.__kwdefaults__}
NAMES = ("distilled", "gradcam", "rise", "lime", "mask")
ASKING = {"rise": "masks", "lime": "samples"}  # methods that need nothing but answers, by the option how many
CELLS = 7  # a side of the random map, as of a layer's: single pixels would be a texture that no network has seen
PACE: dict[str, float] = {}  # seconds a question, by black box
Curves = dict[str, dict[str, np.ndarray]]  # by game and map


@dataclass(frozen=True)
class Choice:
    """What enters the distilled map, and how: the options of `xai.methods.distilled`."""

    blocks: tuple[int, ...]
    stages: tuple[int, ...]
    operator: str
    sign: str
    scaled: bool
    unit: bool
    softmax: bool


@dataclass(frozen=True)
class Parts:
    """All that one pass of a student gives for any choice: maps (1, S, S) of the 16 blocks and of the four stages."""

    attention: dict[str, list[Tensor]]  # by sign
    evidence: list[Tensor]
    seconds: float

    def changed(self, sign: str) -> list[Tensor]:
        return [-m for m in self.attention["signed"]] if sign == "negated" else self.attention[sign]

    def figure(self, choice: Choice) -> list[np.ndarray | None]:
        """The maps (S, S) of attention, of evidence and of both together, as in figure 5 of Kang et al. 2021; None of
        what nothing enters. One that cannot be told from the same value everywhere is zero.
        """
        attention = [self.changed(choice.sign)[block - 1] for block in choice.blocks]
        evidence = [self.evidence[stage - 1] for stage in choice.stages]
        rows = (attention, []), ([], evidence), (attention, evidence)
        maps = [joined(*row, choice.operator, choice.scaled, choice.unit) if any(row) else None for row in rows]
        blank = [m is not None and bool(suspicious(m.flatten(1), m.abs().amax()[None])) for m in maps]
        if choice.softmax and maps[-1] is not None:
            maps[-1] = maps[-1].flatten(1).softmax(1).view_as(maps[-1])
        maps = [torch.zeros_like(m) if empty else m for m, empty in zip(maps, blank, strict=True)]
        return [m if m is None else m[0].numpy() for m in maps]


@dataclass
class BlackBoxSide(Side):
    """What a black box says of the photo, `confidences` None where it did not answer.

    What are `explained` are its student's Parts, None where it has no student, or one without attention blocks.
    """

    classes: list[str] = field(default_factory=list)
    confidences: np.ndarray | None = None  # K
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
        return [(self.classes[k], float(self.confidences[k])) for k in order(self.confidences[None])[0, :TOP]]


@dataclass(frozen=True)
class Found:
    """A map; `size` is how many questions a visitor wanted asked for it, where that can be chosen.

    `questions` is how many were asked, and `settled` how much of the map would come out again from as many others.
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
    """A session's answer, with what was found on request, and the choice of maps that last played the games."""

    found: dict[str, Found] = field(default_factory=dict)
    growing: dict[str, tuple] = field(default_factory=dict)  # explanations so far, if any, with the share done
    played: Choice | None = None

    @property
    def side(self) -> BlackBoxSide:
        return self.sides[0]

    @property
    def silent(self) -> bool:
        return self.side.silent

    def answers(self, photo: Image.Image, questions: list[Question]) -> bool:
        return not self.silent and super().answers(photo, questions)

    def has(self, method: str, size: int) -> bool:
        """True where there is nothing left to do for a method, with so many questions if it asks any."""
        return method == "distilled" or (method in self.found and self.found[method].size in (None, size))


@cache
def load(title: str) -> BlackBox:
    black_box = load_hosted(title)
    if black_box.assumed:  # its host should see it
        print(f"black box {title}{black_box.assumption}", flush=True)
    return black_box


def hosted(title: str) -> BlackBox:
    """A black box with its student, loaded once for all visitors."""
    with LOADING:
        return load(title)


def possible(title: str) -> list[str]:
    """The methods that can explain a black box."""
    return [name for name in NAMES if name in list_methods(hosted(title))]


def has_figure(student: Classifier | None) -> bool:
    """True for a student with the attention blocks that the three maps are made of."""
    return student is not None and METHODS["distilled"].unsuitable(student) is None


def is_known(photo: Image.Image, title: str) -> bool | None:
    """Whether a photo is like those that a black box's student was trained on, or where it has none, the network
    inside; None where nobody knows.
    """
    return is_familiar(photo, hosted_black_boxes()[title].student or hosted(title))


def pace(title: str) -> float:
    """Seconds a question: measured when first wanted, then by whatever asked many."""
    if title not in PACE:
        PACE[title] = measured(title)
    return PACE[title]


@GPU(duration=20)
def measured(title: str) -> float:
    """Seconds a question, from as many as are asked at once."""
    black_box = hosted(title)
    pixels = torch.rand(black_box.batch_size, 3, black_box.input_size, black_box.input_size, device=black_box.device)
    started = time.perf_counter()
    black_box.ask(pixels)
    return (time.perf_counter() - started) / len(pixels)


@without_gradients
def look(photo: Image.Image, question: Question) -> BlackBoxSide:
    """What the black box says, and one pass of the student with one gradient call."""
    black_box = hosted(question.model)
    student = black_box.student
    said = black_box.ask(black_box.pixels([photo]))[0].cpu().numpy()  # K
    target = int(said.argmax()) if question.target is None else class_index(black_box, question.target)
    side = BlackBoxSide(question, classes=black_box.classes, confidences=said, target=target)
    side.familiar = is_known(photo, question.model)
    if not has_figure(student):
        if student is not None:
            side.agreement = agreement(said, student.predict_proba(photo)[0], black_box.classes)
        return side
    started = time.perf_counter()
    batch = Activations(student, student.preprocess([photo]), together=[f"layer{stage}" for stage in STAGES])
    targets = torch.tensor([target], device=student.device)
    signed, evidence = (on_cpu(maps) for maps in parts(batch, targets, ALL_BLOCKS, STAGES))
    absolute = on_cpu(parts(batch, targets, ALL_BLOCKS, (), "absolute")[0])
    if without_contrast(black_box.pixels([photo])).any():  # the maps would be of the student's borders alone
        signed, absolute, evidence = ([torch.zeros_like(m) for m in maps] for maps in (signed, absolute, evidence))
    side.explained = Parts({"signed": signed, "absolute": absolute}, evidence, time.perf_counter() - started)
    side.agreement = agreement(said, batch.logits()[0].softmax(0).cpu().numpy(), black_box.classes)
    return side


def on_cpu(maps: list[Tensor]) -> list[Tensor]:
    return [m.cpu() for m in maps]


@GPU(duration=20)
def look_at(photo: Image.Image, question: Question) -> BlackBoxSide:
    """All that needs a GPU at once, and no more, since its arguments travel to a worker."""
    return look(photo, question)


@GPU(duration=120)
def look_slowly(photo: Image.Image, question: Question, size: int | None = None) -> Iterator[Progress]:
    """How far the explanation is, with the one so far where there is one, again and again, and at last all of it."""
    options = {ASKING[question.method]: size} if question.method in ASKING and size is not None else {}
    yield from follow(explain_steps(hosted(question.model), photo, question.method, question.target, **options))


@GPU(duration=120)
def play(photo: Image.Image, title: str, target: int, maps: dict[str, np.ndarray]) -> Iterator[Progress]:
    """How far the games are, again and again, and at last the Curves of these maps and of a random one."""
    black_box = hosted(title)
    shape = torch.empty(1, 3, black_box.input_size, black_box.input_size)
    control = METHODS["random"].run(shape, [0], cells=CELLS)[0].numpy()
    yield from follow(play_steps(black_box, photo, {**maps, "random": control}, target, GAMES))
