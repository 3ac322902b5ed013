"""Which photos of a folder are measured."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from xai.folders import list_photos, list_splits


def choose_photos(
    folder: Path, split: str | None = None, listed: Path | None = None, limit: int | None = None, seed: int = 0
) -> list[str]:
    """Photos by their paths below a folder.

    Args:
        folder: of CLASS/PHOTO.
        split: one of the folder's; None is `test` where it is split, else all there is.
        listed: a file with a path a line, such as a subset.txt, instead of a split.
        limit: how many at most, in every class about the same share.
        seed: of the choice; a larger limit adds photos to those of a smaller one.

    Raises:
        ValueError: there is no such folder, split or list, or nothing in it.
    """
    if listed is not None:
        if not listed.is_file():
            raise ValueError(f"there is no file {listed}")
        names = [line for line in listed.read_text(encoding="utf-8-sig", errors="surrogateescape").splitlines() if line]
    else:
        splits = list_splits(folder)
        if list(splits) == ["train"] and split is None:
            photos = list_photos(folder)
        elif (split or "test") in splits:
            photos = splits[split or "test"]
        else:
            raise ValueError(f"{folder} has no split {split or 'test'!r}; it has {', '.join(splits)}")
        names = [photo.relative_to(folder).as_posix() for photo in photos]
    if not names:
        raise ValueError(f"there is no photo to measure in {listed or folder}")
    return names if limit is None else stratify(names, limit, seed)


def find_split(folder: Path, names: Sequence[str]) -> str:
    """The split of a folder that holds all these photos; empty where none does, or the folder has but one."""
    splits = list_splits(folder)
    holding = (split for split, photos in splits.items() if {folder / name for name in names} <= set(photos))
    return next(holding, "") if len(splits) > 1 else ""


def stratify(names: Sequence[str], limit: int, seed: int) -> list[str]:
    """At most `limit` of the photos CLASS/PHOTO, in their order: of every class about the same share.

    Each class is shuffled, and its j-th photo of n gets the place (j + ½)/n. Photos are taken in the order of places.

    Raises:
        ValueError: the limit is not positive.
    """
    if limit < 1:
        raise ValueError(f"at least one photo is needed, not {limit}")
    classes = defaultdict(list)
    for name in names:
        classes[Path(name).parent].append(name)
    places = {}
    for members in classes.values():
        shuffled = sorted(members, key=lambda name: draw_lot(name, seed))
        places |= {name: (j + 0.5) / len(members) for j, name in enumerate(shuffled)}
    taken = set(sorted(names, key=lambda name: (places[name], name))[:limit])
    return [name for name in names if name in taken]


def draw_lot(name: str, seed: int) -> int:
    """A number below 2⁶³ that looks random: for a name and a seed the same on every machine."""
    return int.from_bytes(hashlib.sha256(f"{seed} {name}".encode(errors="surrogateescape")).digest()[:8]) >> 1
