"""The mosaic test of a run: which photos stand together, and what every method makes of them."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from xai.blackbox.blackbox import BlackBox
from xai.blackbox.explain import BASELINES
from xai.evaluation.maps import control_maps, looked_at, maps_inside, now
from xai.evaluation.measure import Tick, asked_for
from xai.evaluation.plan import STUDENT, TEACHER, Row, Settings, Subject
from xai.evaluation.subset import lot
from xai.metrics.mosaic import join_photos, own_share
from xai.metrics.registry import MOSAIC
from xai.models.classifier import evaluating
from xai.modes import without_gradients
from xai.photo import load_photo

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
        first, *others = (right_answers(each, classes[model]) for model, each in answers.items())
        agreed = {
            photo: (label, min([confidence, *(other[photo][1] for other in others)]))
            for photo, (label, confidence) in first.items()
            if all(photo in other and other[photo][0] == label for other in others)
        }
        together = draw(sure_photos(agreed), "shared", common, settings, "all of these networks are")
        found = {model: list(together) for model in answers}
    for model, each in answers.items():
        sure = sure_photos(right_answers(each, classes[model]))
        found[model] += draw(sure, "own", settings.mosaics - common, settings, f"{model} is")
    return found


def right_answers(answers: Mapping[str, tuple[str, float]], classes: Sequence[str]) -> dict[str, tuple[str, float]]:
    """The answers that name the class of the photo's folder, or any where that is no class of the model's."""
    return {photo: answer for photo, answer in answers.items() if answer[0] == own_class(photo, answer[0], classes)}


def own_class(photo: str, answer: str, classes: Sequence[str]) -> str:
    folder = Path(photo).parent.name
    return folder if folder in classes else answer


def sure_photos(answers: Mapping[str, tuple[str, float]]) -> dict[str, list[str]]:
    """Of each class the half of the photos that are answered most confidently, at least one."""
    by_class: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for photo, (label, confidence) in answers.items():
        by_class[label].append((-confidence, photo))
    return {
        label: [photo for _, photo in sorted(found)[: (len(found) + 1) // 2]]
        for label, found in sorted(by_class.items())
    }


def draw(sure: Mapping[str, Sequence[str]], kind: str, number: int, settings: Settings, who: str) -> list[Mosaic]:
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
    waiting = {label: sorted(photos, key=lambda name: lot(name, settings.seed)) for label, photos in sure.items()}
    used = dict.fromkeys(sure, 0)
    found = []
    for k in range(number):

        def place(label: str, k: int = k) -> int:
            return lot(f"{kind} {k} {label}", settings.seed)

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
    black_box, grid = subject.black_box, settings.grid
    photos = [[load_photo(folder / name) for name in mosaic.photos] for mosaic in mosaics]
    pixels = joined(photos, black_box.input_size, black_box.device)  # B, 3, S, S
    targets = torch.tensor([[black_box.classes.index(label) for label in mosaic.classes] for mosaic in mosaics])
    some = [[i for i, mosaic in enumerate(mosaics) if not row.slow or mosaic.name in slow] for row in rows]
    maps: list[dict[str, list[Tensor]]] = [{} for _ in mosaics]  # of each, by row: n² maps (h, w)
    seconds: list[dict[str, float | None]] = [{} for _ in mosaics]
    for row, chosen in zip(rows, some, strict=True):
        for i in chosen if row.control or row.method in BASELINES else ():
            started = now(black_box.device)
            if row.control:
                alike = control_maps(row, pixels[i : i + 1], ["|".join(mosaics[i].photos)], settings.seed)[0]  # S, S
                maps[i][row.name] = [alike] * len(mosaics[i].classes)
            else:
                asked, who = pixels[i : i + 1], replace(subject, black_box=remembering(black_box))
                maps[i][row.name] = [asked_for(who, row, asked, int(t), lambda done: None) for t in targets[i]]
            taken = (now(black_box.device) - started) / len(mosaics[i].classes)
            seconds[i][row.name] = None if row.control else taken
            tick(1)
    for whose in (TEACHER, STUDENT):
        network = subject.network(whose)
        inside = [
            (row, chosen) for row, chosen in zip(rows, some, strict=True) if row.looks_inside and row.whose == whose
        ]
        for chosen in {tuple(chosen): None for _, chosen in inside if chosen}:
            mine = [row for row, own in inside if tuple(own) == chosen]
            with evaluating(network):
                x = network.normalize(joined([photos[i] for i in chosen], network.input_size, network.device))
                started = now(x.device)
                batch = looked_at(network, x, network.layers)
                forward = now(x.device) - started
                for cell in range(grid * grid):
                    its_targets = targets[list(chosen), cell].to(x.device)  # B
                    for name, (raws, taken) in maps_inside(batch, mine, its_targets).items():
                        for i, raw in zip(chosen, raws, strict=True):
                            maps[i].setdefault(name, []).append(raw)
                            seconds[i][name] = (forward + taken) / len(chosen)
                tick(len(mine) * len(chosen))
    for i, mosaic in enumerate(mosaics):
        found = {}
        for row in rows:
            if row.name in maps[i]:
                shares = own_share(torch.stack(maps[i][row.name]), black_box.input_size, grid)  # n²
                found[row.name] = {
                    MOSAIC: round(shares.mean().item(), DIGITS),
                    "shares": [round(share, DIGITS) for share in shares.tolist()],
                    "seconds": seconds[i][row.name],
                }
        yield {
            "mosaic": mosaic.name, "model": subject.name, "photos": mosaic.photos, "classes": mosaic.classes,
            "maps": found,
        }  # fmt: skip


def remembering(black_box: BlackBox) -> BlackBox:
    """One that is not asked the same twice: most methods' questions about a mosaic are the same for all its classes."""
    again, known = copy(black_box), {}

    def answer(pixels: Tensor) -> object:
        question = hashlib.blake2b(pixels.cpu().contiguous().numpy()).digest()
        if question not in known:
            known[question] = black_box.ask(pixels)
        return known[question]

    again.answer = answer
    return again


def joined(photos: Sequence[Sequence], side: int, device: torch.device) -> Tensor:
    """Mosaics of photos as pixels (B, 3, S, S) in [0, 1]."""
    return torch.stack([join_photos(each, side, device) for each in photos])
