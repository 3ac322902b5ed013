"""The mosaic test of a run: which photos stand together, and what every method makes of them."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from xai.evaluation.maps import draw_control_maps, explain_rows, look_at, read_clock
from xai.evaluation.measure import Tick, ask_about
from xai.evaluation.plan import Row, Settings
from xai.evaluation.subset import draw_lot
from xai.metrics.mosaic import join_photos, own_share
from xai.metrics.registry import MOSAIC
from xai.models import Classifier
from xai.models.classifier import evaluating
from xai.modes import without_gradients
from xai.photo import load_photo
from xai.subject import Subject

DIGITS = 6  # of a share


@dataclass(frozen=True)
class Mosaic:
    """Photos that stand side by side.

    Attributes:
        name: `shared` and a number, where all networks of a run get it, else `own` and a number.
        photos: their names, in reading order.
        classes: what the network takes each for: n² different ones.
    """

    name: str
    photos: tuple[str, ...]
    classes: tuple[str, ...]

    @property
    def shared(self) -> bool:
        return self.name.startswith("shared")


def plan_mosaics(
    answers: Mapping[str, Mapping[str, tuple[str, float]]], classes: Mapping[str, Sequence[str]], settings: Settings
) -> dict[str, list[Mosaic]]:
    """Every model's mosaics, from its answers: half of them the same for all models, so that differences are paired.

    They are made of photos that a model is sure of: of those that it puts into the class of their folder (where it
    knows none of that name, into any class) the surer half of each class. The shared ones, which come first, are of
    photos that all models put into one class, the surer half by the least sure model. A single model's are all its own.

    Args:
        answers: by model and photo, its class and confidence.
        classes: those that each model knows.
        settings: how many mosaics, photos a side, and the seed.

    Raises:
        ValueError: the photos that a model is sure of have fewer classes than a mosaic has photos.
    """
    found: dict[str, list[Mosaic]] = {model: [] for model in answers}
    common = 0
    if len(answers) > 1:
        common = (settings.mosaics + 1) // 2
        first, *others = (select_right(each, classes[model]) for model, each in answers.items())
        agreed = {
            photo: (label, min([confidence, *(other[photo][1] for other in others)]))
            for photo, (label, confidence) in first.items()
            if all(photo in other and other[photo][0] == label for other in others)
        }
        together = draw_mosaics(select_sure(agreed), "shared", common, settings, "all of these networks are")
        found = {model: list(together) for model in answers}
    for model, each in answers.items():
        sure = select_sure(select_right(each, classes[model]))
        found[model] += draw_mosaics(sure, "own", settings.mosaics - common, settings, f"{model} is")
    return found


def select_right(answers: Mapping[str, tuple[str, float]], classes: Sequence[str]) -> dict[str, tuple[str, float]]:
    """The answers that name the class of the photo's folder, or any where that is no class of the model's."""
    return {
        photo: answer for photo, answer in answers.items() if answer[0] == read_own_class(photo, answer[0], classes)
    }


def read_own_class(photo: str, answer: str, classes: Sequence[str]) -> str:
    folder = Path(photo).parent.name
    return folder if folder in classes else answer


def select_sure(answers: Mapping[str, tuple[str, float]]) -> dict[str, list[str]]:
    """Of each class the half of the photos that are answered most confidently, at least one."""
    by_class: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for photo, (label, confidence) in answers.items():
        by_class[label].append((-confidence, photo))
    return {
        label: [photo for _, photo in sorted(found)[: (len(found) + 1) // 2]]
        for label, found in sorted(by_class.items())
    }


def draw_mosaics(
    sure: Mapping[str, Sequence[str]], kind: str, number: int, settings: Settings, who: str
) -> list[Mosaic]:
    """Mosaics of so many photos of different classes, in which all classes, and all photos of a class, come as often.

    Raises:
        ValueError: there are too few classes.
    """
    cells = settings.grid**2
    if number and len(sure) < cells:
        raise ValueError(
            f"a mosaic of {settings.grid}×{settings.grid} needs photos of {cells} classes, and there are {len(sure)} "
            f"of which {who} right on any photo: take more photos, or a smaller grid"
        )
    waiting = {label: sorted(photos, key=lambda name: draw_lot(name, settings.seed)) for label, photos in sure.items()}
    used = dict.fromkeys(sure, 0)
    found = []
    for k in range(number):

        def place(label: str, k: int = k) -> int:
            return draw_lot(f"{kind} {k} {label}", settings.seed)

        chosen = sorted(sorted(sure, key=lambda label: (used[label], place(label)))[:cells], key=place)
        photos = tuple(waiting[label][used[label] % len(waiting[label])] for label in chosen)
        for label in chosen:
            used[label] += 1
        found.append(Mosaic(f"{kind}-{k}", photos, tuple(chosen)))
    return found


@without_gradients
def measure_mosaics(
    subject: Subject,
    rows: Sequence[Row],
    mosaics: Sequence[Mosaic],
    slow: set[str],
    folder: Path,
    settings: Settings,
    tick: Tick = lambda maps: None,
) -> Iterator[dict]:
    """A record of each of some mosaics, in which every row has the mean of its maps' shares, and the shares.

    Args:
        subject: who is asked.
        rows: the methods.
        mosaics: few enough for one forward pass.
        slow: names of those that slow methods are measured on, too.
        folder: of the photos.
        settings: of all.
        tick: told the number of maps done after each step.
    """
    pixels = join_all(photos := open_photos(folder, mosaics), subject.input_size, subject.device)  # B, 3, S, S
    targets = torch.tensor([[subject.classes.index(label) for label in mosaic.classes] for mosaic in mosaics])
    chosen = {row.name: [i for i, m in enumerate(mosaics) if not row.slow or m.name in slow] for row in rows}
    found = Found([{} for _ in mosaics], [{} for _ in mosaics])
    for row in rows:
        for i in chosen[row.name] if row.control or row.asks else ():
            found.add(i, row, *explain_mosaic(subject, row, pixels[i : i + 1], mosaics[i], targets[i], settings.seed))
            tick(1)
    for role, network in subject.networks.items():
        inside = [row for row in rows if row.looks_inside and row.role == role]
        for numbers in {tuple(chosen[row.name]): None for row in inside if chosen[row.name]}:
            mine = [row for row in inside if tuple(chosen[row.name]) == numbers]
            x = join_all([photos[i] for i in numbers], network.input_size, network.device)
            read_mosaics(network, mine, x, targets[list(numbers)], numbers, found)
            tick(len(mine) * len(numbers))
    for i, mosaic in enumerate(mosaics):
        yield {
            "mosaic": mosaic.name, "model": subject.name, "photos": mosaic.photos, "classes": mosaic.classes,
            "maps": {row.name: found.measure(i, row, subject.input_size, settings.grid)
                     for row in rows if row.name in found.maps[i]},
        }  # fmt: skip


@dataclass
class Found:
    """Of each mosaic, by row, its n² maps (h, w) and the seconds a map took; None of a control."""

    maps: list[dict[str, list[Tensor]]]
    seconds: list[dict[str, float | None]]

    def add(self, i: int, row: Row, raws: Sequence[Tensor], seconds: float | None) -> None:
        """More maps of the i-th mosaic."""
        self.maps[i].setdefault(row.name, []).extend(raws)
        self.seconds[i][row.name] = seconds

    def measure(self, i: int, row: Row, side: int, grid: int) -> dict:
        """What a row is worth on the i-th mosaic: the mean share, the shares and the seconds a map."""
        shares = own_share(torch.stack(self.maps[i][row.name]), side, grid)  # n²
        return {
            MOSAIC: round(shares.mean().item(), DIGITS),
            "shares": [round(share, DIGITS) for share in shares.tolist()],
            "seconds": self.seconds[i][row.name],
        }


def explain_mosaic(
    subject: Subject, row: Row, pixels: Tensor, mosaic: Mosaic, targets: Tensor, seed: int
) -> tuple[list[Tensor], float | None]:
    """The maps (h, w) of targets (n²) of one mosaic (1, 3, S, S), by a control or by asking, and seconds a map."""
    if row.control:
        alike = draw_control_maps(row, pixels, ["|".join(mosaic.photos)], seed)[0]  # S, S
        return [alike] * len(targets), None
    started, who = read_clock(subject.device), remember_answers(subject)
    raws = [ask_about(who, row, pixels, int(target), lambda share: None) for target in targets]
    return raws, (read_clock(subject.device) - started) / len(targets)


@without_gradients
def read_mosaics(
    network: Classifier, rows: Sequence[Row], pixels: Tensor, targets: Tensor, numbers: Sequence[int], found: Found
) -> None:
    """Add the maps of mosaics (B, 3, S, S) and targets (B, n²), of these numbers, by rows that read a network."""
    with evaluating(network):
        x = network.normalize(pixels)
        started = read_clock(x.device)
        batch = look_at(network, x, network.layers)
        forward = read_clock(x.device) - started
        for its_targets in targets.to(x.device).T:  # B, for each cell
            for name, (raws, seconds) in explain_rows(batch, rows, its_targets).items():
                row = next(row for row in rows if row.name == name)
                for i, raw in zip(numbers, raws, strict=True):
                    found.add(i, row, [raw], (forward + seconds) / len(numbers))


def remember_answers(subject: Subject) -> Subject:
    """One that is not asked the same twice: most methods' questions about a mosaic are the same for all its classes."""
    again, known = copy(subject), {}

    def ask(pixels: Tensor) -> Tensor:
        question = hashlib.blake2b(pixels.cpu().numpy().tobytes()).digest()
        if question not in known:
            known[question] = subject.ask(pixels)
        return known[question]

    again.ask = ask
    return again


def open_photos(folder: Path, mosaics: Sequence[Mosaic]) -> list[list[Image.Image]]:
    """The photos of each mosaic."""
    return [[load_photo(folder / name) for name in mosaic.photos] for mosaic in mosaics]


def join_all(photos: Sequence[Sequence], side: int, device: torch.device) -> Tensor:
    """Mosaics of photos as pixels (B, 3, S, S) in [0, 1]."""
    return torch.stack([join_photos(each, side, device) for each in photos])
