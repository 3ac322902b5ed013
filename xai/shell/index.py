"""python -m xai index: the file behind "photos like this one"."""

import argparse
from pathlib import Path

from tqdm import tqdm

from xai.shell.files import photos_in
from xai.similar import make_indices, save_indices
from xai.zoo import MODELS, load_model


def add_to(commands) -> None:
    parser = commands.add_parser(
        "index",
        help="make the file behind `photos like this one` from labelled photos",
        description="Make an index of labelled photos: their hashes, labels and thumbnails. FOLDER holds CLASS/PHOTO; "
        "a train.txt in it, listing such paths, limits it to the training photos.",
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE.npz")
    parser.add_argument("--model", nargs="+", default=list(MODELS), metavar="NAME", help="models (default: all)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Index the training photos of a folder."""
    photos = training_photos(options.folder)
    names = [photo.relative_to(options.folder).as_posix() for photo in photos]
    models = [load_model(name) for name in options.model]
    labels = [photo.parent.name for photo in photos]
    indices = make_indices(models, photos, names, labels, lambda batches: tqdm(batches, unit="batch"))
    save_indices(options.output, dict(zip(options.model, indices, strict=True)))
    size = options.output.stat().st_size / 1e6
    print(f"{len(photos)} photos for {len(models)} models: {options.output}, {size:.1f} MB")
    return 0


def training_photos(folder: Path) -> list[Path]:
    """The photos that train.txt lists, or else all.

    Raises:
        ValueError: there is no folder, or there are no photos.
    """
    if not folder.is_dir():
        raise ValueError(f"there is no folder {folder}")
    split = folder / "train.txt"
    lines = split.read_text(encoding="utf-8").splitlines() if split.is_file() else None
    photos = photos_in(folder) if lines is None else [folder / line for line in lines if line]
    if not photos:
        raise ValueError(f"there is no photo in the folder {folder}")
    return photos
