"""Which combination of a student's maps explains its black box best; it is the default of `xai.methods.distilled`.

Every attention map and every stage's Grad-CAM is scored by itself, then their combinations, by deletion and insertion
on the black box, on validation photos.
"""

import json
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import get_args

import torch
from torch import Tensor
from tqdm import tqdm

from train.data.sources import name_source
from xai.activations import Activations
from xai.blackbox import BlackBox, load_black_box
from xai.evaluation.subset import choose_photos
from xai.markdown import format_table
from xai.methods.controls import gaussian, random
from xai.methods.distilled import ALL_BLOCKS, LITERAL, Operator, Sign, combine_parts, compute_parts
from xai.metrics.games import auc, draw_curves
from xai.metrics.registry import METRICS
from xai.models import Classifier
from xai.models.classifier import evaluating
from xai.photo import load_photo
from xai.zoo import load_model

STAGES = ((2, 3, 4), (1, 2, 3, 4), (3, 4), (2, 3), (2, 4), (4,), (3,))
SHALLOW = (1, 2, 3, 4, 5, 6, 7)  # blocks of the first two stages, whose maps are fine


@dataclass
class Search:
    """Score a student's maps and their combinations on validation photos."""

    data: str
    """Image folder whose validation photos are used."""
    black_box: str = "garbage-efficientnet_lite0"
    """Whom to ask, as `xai.load_black_box` names it."""
    student: str = "blackbox-student"
    """Checkpoint of the student."""
    out: Path = Path("runs/combine")
    """Folder for combinations.json and combinations.md."""
    photos: int = 60
    """How many, as many of each class as there are."""
    step: int = 1792
    """Pixels changed from one question to the next."""
    at_once: int = 64
    """Photos a question."""
    seed: int = 0
    """Which photos."""
    rounds: int = 16
    """In each the best so far is changed in every single choice; the search ends where nothing is better."""


@dataclass(frozen=True)
class Combination:
    """The options of `distilled` that say how maps are put together."""

    blocks: tuple[int, ...]
    stages: tuple[int, ...]
    operator: Operator = "product"
    sign: Sign = "signed"
    scaled: bool = False
    unit: bool = True

    def combine(self, attention: dict[Sign, Tensor], evidence: Tensor) -> Tensor:
        """The map (S, S) from a photo's attention maps (16, S, S) by sign and Grad-CAM of its four stages (4, S, S)."""
        own = [attention[self.sign][block - 1][None] for block in self.blocks]
        grad = [evidence[stage - 1][None] for stage in self.stages]
        return combine_parts(own, grad, self.operator, self.scaled, self.unit)[0]


@dataclass
class PhotoMaps:
    """What all combinations need of a validation photo.

    Attributes:
        pixels: as the black box takes them, (1, 3, S, S).
        target: the black box's class.
        attention: the student's attention maps (16, S, S) by sign.
        evidence: Grad-CAM of the student's four stages (4, S, S).
    """

    pixels: Tensor
    target: int
    attention: dict[Sign, Tensor]
    evidence: Tensor


def search_maps(options: Search) -> dict:
    """Score single maps, then combinations, then what differs from the best in one choice, until nothing is better.

    Returns what is written to combinations.json.

    Raises:
        ValueError: there are no such photos, black box or student.
    """
    black_box, student = load_black_box(options.black_box), load_model(options.student)
    black_box.batch_size = options.at_once
    names = choose_photos(Path(options.data), "val", limit=options.photos, seed=options.seed)
    photos = [read_maps(black_box, student, Path(options.data) / name) for name in tqdm(names, "maps", leave=False)]
    scores: dict[Combination, tuple[float, float]] = {}

    def score(candidates: list[Combination]) -> None:
        new = [c for c in dict.fromkeys(candidates) if c not in scores and (c.blocks or c.stages)]
        rows = [
            play_games(black_box, photo, new, options.step) for photo in tqdm(photos, f"{len(new)} maps", leave=False)
        ]
        for candidate, row in zip(new, torch.stack(rows).mean(0).tolist(), strict=True):  # deletion, insertion
            scores[candidate] = tuple(row)

    literal = Combination(**{key: value for key, value in LITERAL.items() if key != "softmax"})  # it keeps the order
    alone = [Combination((block,), (), sign=sign) for sign in get_args(Sign) for block in ALL_BLOCKS]
    alone += [Combination((), (stage,)) for stage in (1, 2, 3, 4)]
    alone += [Combination(ALL_BLOCKS, (), sign=sign) for sign in get_args(Sign)]
    score([literal, *alone])
    ways = product((ALL_BLOCKS, SHALLOW), STAGES, get_args(Operator), get_args(Sign), (False, True))
    score([Combination(*way) for way in ways])
    best = find_best(scores)
    for _ in range(options.rounds):
        kept = best
        score(list_neighbours(kept))
        best = find_best(scores)
        if best == kept:
            break
    controls = score_controls(black_box, photos, options.step)
    return write_results(options, names, scores, literal, best, controls)


def find_best(scores: dict[Combination, tuple[float, float]]) -> Combination:
    """The combination with the largest insertion less deletion, of those with Grad-CAM.

    Attention by itself is the same for every class.
    """
    return max((c for c in scores if c.stages), key=lambda c: scores[c][1] - scores[c][0])


def list_neighbours(best: Combination) -> list[Combination]:
    """All that differ in one choice: one block or stage more or less, another operator, sign or way of scaling."""
    blocks = [replace(best, blocks=tuple(sorted({*best.blocks} ^ {block}))) for block in ALL_BLOCKS]
    stages = [replace(best, stages=tuple(sorted({*best.stages} ^ {stage}))) for stage in (1, 2, 3, 4)]
    others = [replace(best, operator=operator) for operator in get_args(Operator)]
    others += [replace(best, sign=sign) for sign in get_args(Sign)]
    return [*blocks, *stages, *others, replace(best, scaled=not best.scaled), replace(best, unit=not best.unit)]


@torch.no_grad()
def read_maps(black_box: BlackBox, student: Classifier, path: Path) -> PhotoMaps:
    """A photo's maps, by one forward pass and one gradient call of the student, at the black box's class."""
    photo = load_photo(path)
    pixels = black_box.pixels([photo])
    target = int(black_box.ask(pixels)[0].argmax())
    with evaluating(student):
        batch = Activations(student, student.preprocess([photo]))
        found = {
            sign: compute_parts(batch, torch.tensor([target], device=student.device), ALL_BLOCKS, (1, 2, 3, 4), sign)
            for sign in get_args(Sign)
        }
    attention = {sign: torch.cat(maps) for sign, (maps, _) in found.items()}
    return PhotoMaps(pixels, target, attention, torch.cat(found["signed"][1]))


def play_games(black_box: BlackBox, photo: PhotoMaps, candidates: list[Combination], step: int) -> Tensor:
    """Deletion and insertion AUC (M, 2) of M combinations on a photo."""
    if not candidates:
        return torch.empty(0, 2)
    maps = torch.stack([candidate.combine(photo.attention, photo.evidence) for candidate in candidates])
    return measure_areas(black_box, photo, maps, step)


def measure_areas(black_box: BlackBox, photo: PhotoMaps, maps: Tensor, step: int) -> Tensor:
    """Deletion and insertion AUC (M, 2) of maps (M, S, S)."""
    found = draw_curves(black_box, photo.pixels, maps, photo.target, step=step)
    return torch.stack([torch.as_tensor(auc(found[game])) for game in ("deletion", "insertion")], dim=1)


def score_controls(black_box: BlackBox, photos: list[PhotoMaps], step: int) -> dict[str, list[float]]:
    """Deletion and insertion AUC of maps that know neither photo nor network, means over the photos."""
    rows = []
    for i, photo in enumerate(photos):
        maps = torch.cat([random(photo.pixels, [i]), gaussian(photo.pixels, [i])])
        rows.append(measure_areas(black_box, photo, maps, step))
    return dict(zip(("random", "gaussian"), torch.stack(rows).mean(0).tolist(), strict=True))


def write_results(options: Search, names, scores, literal, best, controls) -> dict:
    """Write all scores to combinations.json, those of interest to combinations.md; returns the former."""
    found = {
        "data": name_source(options.data),
        "photos": list(names),
        "step": options.step,
        "columns": ["deletion", "insertion"],
        "literal": {**vars(literal), "scores": scores[literal]},
        "best": {**vars(best), "scores": scores[best]},
        "controls": controls,
        "tried": [{**vars(candidate), "scores": row} for candidate, row in scores.items()],
    }
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "combinations.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    rows = []

    def add_row(name: str, row: tuple[float, float]) -> None:
        rows.append([name, f"{row[0]:.4f}", f"{row[1]:.4f}"])

    for stage in (1, 2, 3, 4):
        add_row(f"Grad-CAM of stage {stage}", scores[Combination((), (stage,))])
    for block in ALL_BLOCKS:
        for sign in get_args(Sign):
            add_row(f"attention of block {block}, {sign}", scores[Combination((block,), (), sign=sign)])
    for sign in get_args(Sign):
        add_row(f"all attention maps, {sign}", scores[Combination(ALL_BLOCKS, (), sign=sign)])
        add_row(f"eq. 9, parts scaled, {sign}", scores[Combination(ALL_BLOCKS, (2, 3, 4), sign=sign)])
    add_row("eq. 9 as printed", scores[literal])
    add_row("the best: " + ", ".join(f"{key} {value}" for key, value in vars(best).items()), scores[best])
    for name, row in controls.items():
        add_row(name, row)
    lines = format_table(["map", *(f"{game} {METRICS[game].arrow}" for game in found["columns"])], rows)
    (options.out / "combinations.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return found
