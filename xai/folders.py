"""Folders of photos: what is in them, and which split of a data set each photo belongs to."""

from collections.abc import Iterable
from pathlib import Path

SPLITS = ("train", "val", "test")
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".avif", ".heic", ".heif", ".gif", ".bmp", ".tif", ".tiff"}


class NoPhotosError(ValueError):
    """There is nothing of this name, or no photo in it."""


def photos_in(folder: Path) -> list[Path]:
    """All photos below a folder, by their names' endings, in order; hidden folders are left out."""
    found = (path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    return sorted(path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts))


def splits_in(folder: Path) -> dict[str, list[Path]]:
    """The photos of each split: as train.txt, val.txt and test.txt list them, or in folders so named, or all as train.

    Raises:
        NoPhotosError: there is no such folder, or there is no photo in it; a ValueError.
    """
    if not folder.is_dir():
        raise NoPhotosError(f"there is no folder {folder}")
    lists = {name: folder / f"{name}.txt" for name in SPLITS if (folder / f"{name}.txt").is_file()}
    if lists:
        splits = {
            name: [folder / line for line in file.read_text(encoding="utf-8").splitlines() if line]
            for name, file in lists.items()
        }
    elif any((folder / name).is_dir() for name in SPLITS):
        splits = {name: photos_in(folder / name) for name in SPLITS if (folder / name).is_dir()}
    else:
        splits = {"train": photos_in(folder)}
    if not any(splits.values()):
        raise NoPhotosError(f"there is no photo in the folder {folder}")
    return splits


def photos_named(paths: Iterable[Path]) -> dict[Path, Path]:
    """Every photo named or found, each with a name of its own for what is made of it: its path below the folder named.

    Raises:
        NoPhotosError: a folder has no photos, or nothing is named so; a ValueError.
    """
    names: dict[Path, Path] = {}
    for path in paths:
        if path.is_dir():
            photos = photos_in(path)
            if not photos:
                raise NoPhotosError(f"there is no photo in the folder {path}")
            names.update({photo: photo.relative_to(path).with_suffix("") for photo in photos})
        elif path.exists():
            names[path] = Path(path.stem)
        else:
            raise NoPhotosError(f"there is no file or folder {path}")
    taken: set[Path] = set()
    for photo, name in names.items():
        number = 2
        while names[photo] in taken:
            names[photo] = name.with_name(f"{name.name}-{number}")
            number += 1
        taken.add(names[photo])
    return names
