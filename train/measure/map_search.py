"""Which combination of a student's maps explains its black box best; it is the default of `xai.methods.distilled`.

A combination of attention and Grad-CAM must tell the classes of a mosaic apart at least as well as the student's
Grad-CAM does alone, and be surely worse than it neither by deletion nor by insertion on the black box. Of those, the
best gains most by the two games together. All of it on validation photos.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import get_args

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from train.data.sources import name_source
from xai.activations import Activations
from xai.blackbox import BlackBox, load_black_box
from xai.checks import check_numbers
from xai.evaluation.intervals import estimate_mean
from xai.evaluation.mosaics import join_all, open_photos, plan_mosaics
from xai.evaluation.plan import Settings
from xai.evaluation.subset import choose_photos
from xai.markdown import format_table
from xai.methods import method_of
from xai.methods.controls import gaussian, random
from xai.methods.distilled import ALL_BLOCKS, ALL_STAGES, LITERAL, Operator, Sign, combine_parts, compute_parts, soften
from xai.metrics.games import auc, draw_curves
from xai.metrics.mosaic import own_share
from xai.metrics.registry import METRICS, MOSAIC
from xai.models import Classifier
from xai.models.classifier import evaluating
from xai.photo import load_photo
from xai.zoo import load_model

BLOCKS_OF_STAGES = ((1, 2, 3), (4, 5, 6, 7), (8, 9, 10, 11, 12, 13), (14, 15, 16))  # of a ResNet-50
STARTS = (ALL_BLOCKS, *BLOCKS_OF_STAGES)
SUBSTRATES = {"deletion:blur": "blur", "insertion": "blur"}  # grey dots look like nothing a network ever saw
COLUMNS = (MOSAIC, *SUBSTRATES)
RESAMPLES = 4000


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
    photos: int = 100
    """How many, each class by its share of all."""
    mosaics: int = 60
    """How many are made of them."""
    step: int = 3584
    """Pixels changed from one question to the next."""
    at_once: int = 16
    """Photos a question."""
    seed: int = 0
    """Which photos, and which of them stand together."""
    rounds: int = 16
    """In each the best so far is changed in every single choice; the search ends where nothing is better."""


@dataclass(frozen=True)
class Combination:
    """The options of `distilled` that say how maps are put together."""

    blocks: tuple[int, ...]
    stages: tuple[int, ...]
    operator: Operator = "product"
    sign: Sign = "negated"
    scaled: bool = False
    unit: bool = True
    softmax: bool = False

    def combine(self, parts: "Parts") -> Tensor:
        """The maps (N, S, S)."""
        own = [parts.attention[self.sign][block - 1] for block in self.blocks]
        grad = [parts.evidence[stage - 1] for stage in self.stages]
        maps = combine_parts(own, grad, self.operator, self.scaled, self.unit)
        return soften(maps) if self.softmax else maps


LAST_STAGE = Combination((), (4,))  # the student's Grad-CAM, as it is usually made
PRINTED = Combination(**LITERAL)
REFERENCES = {
    "eq. 9 as printed": PRINTED,
    **{f"Grad-CAM of stage {stage}": Combination((), (stage,)) for stage in ALL_STAGES},
    **{f"attention of all blocks, {sign}": Combination(ALL_BLOCKS, (), sign=sign) for sign in get_args(Sign)},
}


@dataclass
class Parts:
    """What all combinations need of one picture and N classes.

    Attributes:
        attention: the student's attention maps (16, N, S, S) by sign.
        evidence: Grad-CAM of the student's four stages (4, N, S, S).
    """

    attention: Mapping[Sign, Tensor]
    evidence: Tensor


@dataclass
class Played:
    """A validation photo on which the games are played.

    Attributes:
        pixels: as the black box takes them, (1, 3, S, S).
        target: the black box's class.
        parts: the student's, of that class.
    """

    pixels: Tensor
    target: int
    parts: Parts


@dataclass
class Scores:
    """What is known of combinations: shares of the mosaics (M), and by photo deletion and insertion (N, 2)."""

    black_box: BlackBox
    photos: Sequence[Played]
    mosaics: Sequence[Parts]
    side: int
    step: int
    shares: dict[Combination, np.ndarray] = field(default_factory=dict)
    areas: dict[Combination, np.ndarray] = field(default_factory=dict)

    def test(self, candidates: Sequence[Combination]) -> None:
        """Take the mosaic test of those that are new."""
        for c in tqdm([c for c in candidates if c not in self.shares], "mosaics", leave=False):
            shares = [own_share(c.combine(parts), self.side).mean() for parts in self.mosaics]
            self.shares[c] = torch.stack(shares).double().numpy()

    def play(self, candidates: Sequence[Combination]) -> None:
        """Play the games of those that are new."""
        new = [c for c in candidates if c not in self.areas]
        if not new:
            return
        rows = []
        for photo in tqdm(self.photos, f"games of {len(new)} maps", leave=False):
            maps = torch.cat([c.combine(photo.parts) for c in new])  # M, S, S
            rows.append(measure_areas(self.black_box, photo, maps, self.step))
        self.areas |= dict(zip(new, torch.stack(rows, 1).double().numpy(), strict=True))

    def admit(self, candidates: Sequence[Combination]) -> list[Combination]:
        """Those with attention that tell the classes of a mosaic apart at least as well as Grad-CAM of the last stage.

        Attention by itself does not: it is the same for every class.
        """
        bar = self.shares[LAST_STAGE].mean()
        both = [c for c in dict.fromkeys(candidates) if c.blocks and c.stages]
        return [c for c in both if self.shares[c].mean() >= bar]

    def find_best(self) -> Combination:
        """Of the admitted ones that lose no game surely, the one that gains most over Grad-CAM by both together.

        Grad-CAM itself where there is none.
        """
        gains = {c: self.measure_gains(c) for c in self.admit(list(self.areas))}
        even = [c for c, games in gains.items() if not any(is_loss(game) for game in games)]
        return max(even, key=lambda c: gains[c].mean(), default=LAST_STAGE)

    def measure_gains(self, c: Combination) -> np.ndarray:
        """By how much a combination is better than Grad-CAM of the last stage, by game and photo (2, N)."""
        less_deletion, more_insertion = -1, 1
        return np.array([[less_deletion], [more_insertion]]) * (self.areas[c] - self.areas[LAST_STAGE]).T

    def list_means(self, c: Combination) -> list[float]:
        """A combination's figures, one for each of `COLUMNS`; no games where none were played."""
        return [float(self.shares[c].mean()), *(self.areas[c].mean(0).tolist() if c in self.areas else ())]

    def compare(self, c: Combination, other: Combination) -> dict[str, dict[str, float]]:
        """By how much a combination's figures exceed another's, with 95 % intervals over mosaics or photos."""
        differences = [self.shares[c] - self.shares[other], *(self.areas[c] - self.areas[other]).T]
        intervals = (estimate_mean(values, RESAMPLES, 0) for values in differences)
        return {column: asdict(interval) for column, interval in zip(COLUMNS, intervals, strict=True)}


def is_loss(gains: np.ndarray) -> bool:
    """Whether photos' gains (N) are below 0 on average, surely: all of the 95 % interval."""
    return estimate_mean(gains, RESAMPLES, 0).high < 0


def search_maps(options: Search) -> dict:
    """Score single maps, then change the best combination in one choice at a time, until nothing is better.

    Returns what is written to combinations.json.

    Raises:
        ValueError: there are no such photos, black box or student, or too few classes for a mosaic.
    """
    counts = {name: (getattr(options, name), 1) for name in ("photos", "mosaics", "step", "at_once")}
    check_numbers("train.combine", **counts)
    black_box, student = load_black_box(options.black_box), load_model(options.student)
    if trouble := method_of("distilled").unsuitable(student):
        raise trouble
    black_box.batch_size = options.at_once
    folder, names = Path(options.data), choose_photos(Path(options.data), "val", None, options.photos, options.seed)
    photos, answers = read_photos(black_box, student, folder, names)
    mosaics = read_mosaics(black_box, student, folder, answers, Settings(mosaics=options.mosaics, seed=options.seed))
    scores = Scores(black_box, photos, mosaics, student.input_size, options.step)
    starts = [Combination(blocks, (4,), sign=sign) for blocks in STARTS for sign in get_args(Sign)]
    scores.test([*REFERENCES.values(), *starts])
    scores.play([*REFERENCES.values(), *scores.admit(starts)])
    best = scores.find_best()
    for _ in range(options.rounds):
        beside = list_neighbours(best)
        scores.test(beside)
        scores.play(scores.admit(beside))
        best, before = scores.find_best(), best
        if best == before:
            break
    return write_results(options, names, scores, best)


def list_neighbours(best: Combination) -> list[Combination]:
    """All that differ in one choice: a stage's attention or Grad-CAM more or less, operator, sign or way of scaling."""
    blocks = [replace(best, blocks=tuple(sorted({*best.blocks} ^ {*group}))) for group in BLOCKS_OF_STAGES]
    stages = [replace(best, stages=tuple(sorted({*best.stages} ^ {stage}))) for stage in ALL_STAGES]
    others = [replace(best, operator=operator) for operator in get_args(Operator)]
    others += [replace(best, sign=sign) for sign in get_args(Sign)]
    others += [replace(best, scaled=not best.scaled), replace(best, unit=not best.unit)]
    return [c for c in [*blocks, *stages, *others] if c.blocks and c.stages]


@torch.no_grad()
def read_photos(
    black_box: BlackBox, student: Classifier, folder: Path, names: Sequence[str]
) -> tuple[list[Played], dict[str, tuple[str, float]]]:
    """The photos with their maps, and what the black box answers to each, and how surely."""
    photos, answers = [], {}
    for name in tqdm(names, "maps", leave=False):
        photo = load_photo(folder / name)
        pixels = black_box.pixels([photo])
        confidences = black_box.ask(pixels)[0]  # K
        target = int(confidences.argmax())
        answers[name] = (black_box.classes[target], float(confidences[target]))
        photos.append(Played(pixels, target, read_parts(student, student.preprocess([photo]), [target])))
    return photos, answers


@torch.no_grad()
def read_mosaics(
    black_box: BlackBox, student: Classifier, folder: Path, answers: Mapping, settings: Settings
) -> list[Parts]:
    """The student's maps of mosaics of photos that the black box is sure of, for the class of each photo in turn."""
    planned = plan_mosaics({black_box.name: answers}, {black_box.name: black_box.classes}, settings)[black_box.name]
    found = []
    for mosaic in tqdm(planned, "mosaics", leave=False):
        pixels = join_all(open_photos(folder, [mosaic]), student.input_size, student.device)  # 1, 3, S, S
        targets = [black_box.classes.index(label) for label in mosaic.classes]
        found.append(read_parts(student, student.normalize(pixels), targets))
    return found


def read_parts(student: Classifier, x: Tensor, targets: Sequence[int]) -> Parts:
    """A picture's maps by one forward pass of its input (1, 3, S, S), and a gradient call a class."""
    attention, evidence = {}, []
    with evaluating(student):
        batch = Activations(student, x)
        for target in targets:
            evidence.append(compute_parts(batch, torch.tensor([target], device=x.device), (), ALL_STAGES)[1])
        for sign in get_args(Sign):
            attention[sign] = torch.stack(compute_parts(batch, None, ALL_BLOCKS, (), sign)[0])  # 16, 1, S, S
    return Parts(
        {sign: maps.expand(-1, len(targets), -1, -1) for sign, maps in attention.items()},
        torch.stack([torch.cat(maps) for maps in zip(*evidence, strict=True)]),
    )


def measure_areas(black_box: BlackBox, photo: Played, maps: Tensor, step: int) -> Tensor:
    """Deletion and insertion AUC (M, 2) of maps (M, S, S)."""
    found = draw_curves(black_box, photo.pixels, maps, photo.target, SUBSTRATES, step)
    return torch.stack([torch.as_tensor(auc(found[game])) for game in SUBSTRATES], dim=1)


def score_controls(scores: Scores) -> dict[str, list[float]]:
    """The figures of maps that know neither photo nor network: chance in the mosaic test, and means over the photos."""
    rows = []
    for i, photo in enumerate(scores.photos):
        maps = [random(photo.pixels, [i]), random(photo.pixels, [i], cells=7), gaussian(photo.pixels, [i])]
        rows.append(measure_areas(scores.black_box, photo, torch.cat(maps), scores.step))
    names, means = ("random", "random:7", "gaussian"), torch.stack(rows).mean(0).tolist()
    return {name: [0.25, *row] for name, row in zip(names, means, strict=True)}


def write_results(options: Search, names: Sequence[str], scores: Scores, best: Combination) -> dict:
    """Write all scores to combinations.json, those of interest to combinations.md; returns the former."""
    rivals = {LAST_STAGE: "Grad-CAM of stage 4"}
    own = Combination((), best.stages, scaled=best.scaled and len(best.stages) > 1)
    rivals.setdefault(own, "its Grad-CAM alone")  # unless it is that of stage 4
    shown = {**REFERENCES, "the best": best, **{name: c for c, name in rivals.items()}}
    if best.blocks:
        shown["its attention alone"] = replace(best, stages=())
    scores.test(list(shown.values()))
    scores.play(list(shown.values()))
    found = {
        "data": name_source(options.data),
        "photos": list(names),
        "mosaics": len(scores.mosaics),
        "step": options.step,
        "columns": list(COLUMNS),
        "shown": {name: {**vars(c), "scores": scores.list_means(c)} for name, c in shown.items()},
        "controls": score_controls(scores),
        "differences": {f"the best less {name}": scores.compare(best, c) for c, name in rivals.items()},
        "tried": [{**vars(c), "scores": scores.list_means(c)} for c in scores.shares],
    }
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "combinations.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    (options.out / "combinations.md").write_text(format_found(found), encoding="utf-8")
    return found


def format_found(found: Mapping) -> str:
    """The combinations of interest as a table, and by how much the best exceeds its rivals."""
    arrows = [f"{column} {METRICS[column.partition(':')[0]].arrow}" for column in found["columns"]]
    figures = {name: row["scores"] for name, row in found["shown"].items()} | found["controls"]
    rows = [[name, *(f"{figure:.4f}" for figure in row)] for name, row in figures.items()]
    for name, columns in found["differences"].items():  # on the photos that chose the best, so somewhat too good
        rows.append([name, *("{mean:+.4f} [{low:+.4f}, {high:+.4f}]".format(**each) for each in columns.values())])
    return "\n".join(format_table(["map", *arrows], rows)) + "\n"
