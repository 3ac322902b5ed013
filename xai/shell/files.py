"""Photos named in a shell: files, and folders with all the photos below them."""

from collections.abc import Iterable
from pathlib import Path

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".avif", ".heic", ".heif", ".gif", ".bmp", ".tif", ".tiff"}


def photos_in(folder: Path) -> list[Path]:
    """All photos below a folder, by their names' endings, in order; hidden folders are left out."""
    found = (path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    return sorted(path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts))


def photos_named(paths: Iterable[Path]) -> dict[Path, Path]:
    """Every photo named or found, each with a name of its own for what is made of it: its path below the folder named.

    Raises:
        ValueError: a folder has no photos, or nothing is named so.
    """
    names: dict[Path, Path] = {}
    for path in paths:
        if path.is_dir():
            photos = photos_in(path)
            if not photos:
                raise ValueError(f"there is no photo in the folder {path}")
            names.update({photo: photo.relative_to(path).with_suffix("") for photo in photos})
        elif path.exists():
            names[path] = Path(path.stem)
        else:
            raise ValueError(f"there is no file or folder {path}")
    taken: set[Path] = set()
    for photo, name in names.items():
        number = 2
        while names[photo] in taken:
            names[photo] = name.with_name(f"{name.name}-{number}")
            number += 1
        taken.add(names[photo])
    return names
