"""Measure trained models on photos: python -m train.evaluate --models NAME … --data FOLDER … prints a table."""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import tyro
from accelerate import Accelerator
from torch.utils.data import DataLoader
from tqdm import tqdm

from train.data import SPLITS, Split, Whole, contents_of, load, name_of
from train.gather import trouble_with
from train.measure import predict, score
from xai.folders import shown
from xai.models import CNN
from xai.zoo import GARBAGE, PHOTOS, find_checkpoint, load_model, read_json


@dataclass
class Evaluation:
    """Accuracy and expected calibration error of models on a split of each data set."""

    data: list[str]
    """Image folders, or hub:OWNER/NAME."""
    models: list[str] = field(default_factory=lambda: list(GARBAGE))
    """Names or folders of checkpoints; by default those of waste."""
    split: Literal[SPLITS] = "test"
    """Part of the data."""
    only: str = ""
    """Measure only photos whose file name begins like this."""
    without: Path | None = None
    """A file that lists photos to leave out, as CLASS/PHOTO, such as leaked.txt of python -m xai duplicates."""
    sizes: list[int] = field(default_factory=list)
    """Sides of the input to try, where the model's own is not wanted; choose on val."""


def evaluate(evaluation: Evaluation) -> list[dict]:
    """A row for each model, data set and size: `model`, `data`, `size`, and what `train.measure.score` gives."""
    accelerator, rows = Accelerator(), []
    jobs = [(name, source) for name in evaluation.models for source in evaluation.data]
    for name, source in tqdm(jobs, disable=not accelerator.is_main_process):
        model = load_model(name, accelerator.device)
        split = load(source, training=False).splits.get(evaluation.split, Split([], []))
        if unknown := sorted(set(split.labels) - set(model.classes)):
            raise ValueError(f"{name} does not know {', '.join(map(shown, unknown))}, which {shown(source)} shows")
        split = chosen(split, evaluation.only, evaluation.without)
        split = usable(split, trained_on(name) if evaluation.split != "train" else set(), source)
        if not len(split):
            raise ValueError(f"{shown(source)} has no photo for {evaluation.split}")
        for size in evaluation.sizes or [model.input_size]:
            if isinstance(model, CNN) and size != model.input_size:
                raise ValueError(f"{name} takes photos of one size only, {model.input_size}: leave out --sizes or it")
            photos = Whole(split, model.classes, size, cache=False)
            loader = accelerator.prepare(DataLoader(photos, batch_size=32, num_workers=1))
            measured = score(*predict(model, loader, accelerator), model.classes)
            rows.append({"model": Path(name).name, "data": name_of(source), "size": size, **measured})
    return rows


def trained_on(name: str) -> set[str]:
    """The contents of the photos a checkpoint was trained on, where it says so."""
    file = find_checkpoint(name) / PHOTOS
    return set(read_json(file)["train"]) if file.is_file() else set()


def usable(split: Split, trained: set[str], source: str) -> Split:
    """The photos that can be opened and were not trained on; says on the terminal which are left out."""
    contents = contents_of(split) if trained else [""] * len(split)
    troubles = [
        "it was trained on" if content in trained else trouble_with(photo)
        for photo, content in zip(split.photos, contents, strict=True)
    ]
    for photo, trouble in zip(split.photos, troubles, strict=True):
        if trouble:
            called = photo if isinstance(photo, Path) else getattr(photo, "name", "a photo")
            print(f"left out of {shown(source)}: {shown(called)}: {trouble}", file=sys.stderr)
    return split.only(lambda i: not troubles[i])


def chosen(split: Split, prefix: str, without: Path | None) -> Split:
    """The photos whose file name begins with a prefix, but for those that a file lists."""
    if not prefix and without is None:
        return split
    out = set(without.read_text(encoding="utf-8-sig", errors="surrogateescape").splitlines()) if without else set()

    def wanted(photo) -> bool:
        if not isinstance(photo, Path):  # of a Hub data set: it has no name
            return False
        endings = ("/".join(photo.parts[i:]) for i in range(len(photo.parts)))
        return photo.name.startswith(prefix) and out.isdisjoint(endings)

    kept = [i for i, photo in enumerate(split.photos) if wanted(photo)]
    if not kept:
        raise ValueError("no photo is left to measure: --only and --without choose by the names of files")
    return Split([split.photos[i] for i in kept], [split.labels[i] for i in kept])


def main() -> None:
    sys.stdout.reconfigure(errors="backslashreplace")  # a terminal may not know the letters of a name
    try:
        rows = evaluate(tyro.cli(Evaluation))
    except (ValueError, OSError) as error:
        sys.exit(str(error))
    print("| model | photos | size | accuracy | calibration error |\n| --- | --- | --- | --- | --- |")
    for row in rows:
        photos = f"{row['photos']} of {row['data']}"
        print(f"| {row['model']} | {photos} | {row['size']} | {row['accuracy']:.2f} % | {row['ece']:.2f} % |")


if __name__ == "__main__":
    main()
