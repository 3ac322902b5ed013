"""Accuracy and calibration error of checkpoints on any photos."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import torch
from accelerate import Accelerator
from torch import Tensor
from torch.utils.data import DataLoader
from tqdm import tqdm

from train.data.datasets import WholePhotos
from train.data.prepare import find_trouble
from train.data.sources import name_source, read_data_set
from train.data.splits import LazyPhoto, Split, hash_photos
from train.measure.predict import predict, score
from xai.folders import show
from xai.models import CNN
from xai.zoo import GARBAGE, PHOTOS, find_checkpoint, load_model, read_json

BATCH_SIZE = 32
UNUSABLE = -1  # the label of a photo that cannot be opened


@dataclass
class Evaluation:
    """Accuracy and expected calibration error of models on a split of each data set."""

    data: list[str]
    """Image folders, or hub:OWNER/NAME."""
    models: list[str] = field(default_factory=lambda: list(GARBAGE))
    """Names or folders of checkpoints; by default those of waste."""
    split: Literal["train", "val", "test"] = "test"
    """Part of the data."""
    only: str = ""
    """Measure only photos whose file name begins like this."""
    without: Path | None = None
    """A file that lists photos to leave out, as CLASS/PHOTO, such as leaked.txt of python -m xai duplicates."""
    sizes: list[int] = field(default_factory=list)
    """Sides of the input to try, where the model's own is not wanted; choose on val."""


class PhotosToCheck(WholePhotos):
    """Whole photos; one that cannot be opened is black and has the label −1."""

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        try:
            return super().__getitem__(index)
        except Exception:  # a damaged photo of the Hub raises whatever it likes
            return torch.zeros(3, *self.size, dtype=torch.uint8), UNUSABLE


def evaluate(options: Evaluation) -> list[dict]:
    """A row for each model, data set and size: `model`, `data`, `size`, and what `score` gives.

    Photos that the model was trained on, and those that cannot be opened, are left out and named on the terminal.

    Raises:
        ValueError: the data or a model cannot be read, a model does not know a class, or no photo is left.
    """
    accelerator, rows = Accelerator(), []
    splits = {
        source: read_data_set(source, training=False).splits.get(options.split, Split([], []))
        for source in options.data
    }
    jobs = [(name, source) for name in options.models for source in options.data]
    for name, source in tqdm(jobs, disable=not accelerator.is_main_process):
        model, split = load_model(name, accelerator.device), splits[source]
        if unknown := sorted(set(split.labels) - set(model.classes)):
            raise ValueError(f"{name} does not know {', '.join(map(show, unknown))}, which {show(source)} shows")
        split = select_photos(split, options.only, options.without)
        if options.split != "train":
            split = drop_trained(split, name, source)
        for size in options.sizes or [model.input_size]:
            if isinstance(model, CNN) and size != model.input_size:
                raise ValueError(f"{name} takes photos of one size only, {model.input_size}: leave out --sizes or it")
            photos = PhotosToCheck(split, model.classes, size, cache=False)
            loader = accelerator.prepare(DataLoader(photos, BATCH_SIZE, num_workers=1))
            trouble = f"{show(source)} has no photo for {options.split}"
            if not len(split):
                raise ValueError(trouble)
            split, logits, labels = drop_unusable(split, *predict(model, loader, accelerator), source)
            if not len(split):
                raise ValueError(trouble)
            measured = score(logits, labels, model.classes)
            rows.append({"model": Path(name).name, "data": name_source(source), "size": size, **measured})
    return rows


def select_photos(split: Split, prefix: str, without: Path | None) -> Split:
    """The photos whose file name begins with a prefix, but for those that a file lists.

    Raises:
        ValueError: none is left.
    """
    if not prefix and without is None:
        return split
    out = set(without.read_text(encoding="utf-8-sig", errors="surrogateescape").splitlines()) if without else set()

    def is_wanted(photo: LazyPhoto) -> bool:
        if not isinstance(photo, Path):  # of a Hub data set: it has no name
            return False
        endings = ("/".join(photo.parts[i:]) for i in range(len(photo.parts)))
        return photo.name.startswith(prefix) and out.isdisjoint(endings)

    selected = split.filter(lambda i: is_wanted(split.photos[i]))
    if not len(selected):
        raise ValueError("no photo is left to measure: --only and --without choose by the names of files")
    return selected


def drop_trained(split: Split, name: str, source: str) -> Split:
    """The photos that a checkpoint was not trained on, by their content, where it says which it was trained on."""
    file = find_checkpoint(name) / PHOTOS
    if not file.is_file():
        return split
    trained = set(read_json(file)["train"])
    split.contents = hash_photos(split)
    left = [photo for photo, content in zip(split.photos, split.contents, strict=True) if content in trained]
    print_left_out(source, left, ["it was trained on"] * len(left))
    return split.filter(lambda i: split.contents[i] not in trained)


def drop_unusable(split: Split, logits: Tensor, labels: Tensor, source: str) -> tuple[Split, Tensor, Tensor]:
    """Photos, logits (N, K) and labels (N) without those photos that could not be opened."""
    usable = labels != UNUSABLE
    left = [photo for photo, opened in zip(split.photos, usable, strict=True) if not opened]
    print_left_out(source, left, map(find_trouble, left))
    return split.filter(lambda i: bool(usable[i])), logits[usable], labels[usable]


def print_left_out(source: str, photos: Iterable[LazyPhoto], reasons: Iterable[str]) -> None:
    """Name photos that are not measured, and why."""
    for photo, reason in zip(photos, reasons, strict=True):
        name = photo if isinstance(photo, Path) else getattr(photo, "name", "a photo")
        print(f"left out of {show(source)}: {show(name)}: {reason}", file=sys.stderr)
