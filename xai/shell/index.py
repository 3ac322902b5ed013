"""python -m xai index: the file behind "photos like this one"."""

import argparse
from pathlib import Path

from tqdm import tqdm

from xai.folders import read_layout, show
from xai.shell.parser import add_command
from xai.similar import make_indices, save_indices
from xai.zoo import GARBAGE, load_model


def add_to(commands) -> None:
    parser = add_command(
        commands,
        run,
        "index",
        "make the file behind `photos like this one` from labelled photos",
        "Make an index of labelled photos: their hashes, labels and thumbnails. FOLDER holds CLASS/PHOTO; "
        "with a train.txt listing such paths, or a folder train, only the training photos are taken. The class is the "
        "folder below that, whatever lies deeper.",
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE.npz")
    parser.add_argument("--model", nargs="+", default=list(GARBAGE), metavar="NAME", help="default: those of waste")


def run(options: argparse.Namespace) -> int:
    """Index the training photos of a folder."""
    splits = read_layout(options.folder).splits
    others = {photo for split in ("val", "test") for photo in splits.get(split, ())}
    class_of = {photo: label for photo, label in splits.get("train", {}).items() if photo not in others}
    if not class_of:
        raise ValueError(f"{show(options.folder)} has no training photos")
    photos, labels = list(class_of), list(class_of.values())
    names = [show(photo.relative_to(options.folder).as_posix()) for photo in photos]
    models = [load_model(name) for name in options.model]
    indices = make_indices(models, photos, names, labels, lambda batches: tqdm(batches, unit="batch"))
    save_indices(options.output, dict(zip(options.model, indices, strict=True)))
    size = options.output.stat().st_size / 1e6
    print(f"{len(photos)} photos for {len(models)} models: {options.output}, {size:.1f} MB")
    return 0
