"""Photos with labels in three splits, and how a split that nobody chose is drawn."""

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from xai.photo import as_photo

SHARES = {"test": (0, 1 / 7), "val": (1 / 7, 2 / 7)}  # of [0, 1), for a split that is drawn
LazyPhoto = Path | Callable[[], Image.Image]  # a file, or a function that fetches the photo from a Hub data set


@dataclass
class Split:
    """Photos and the names of their classes.

    Attributes:
        contents: the hash of each photo's content, or nothing where they were not hashed yet.
    """

    photos: Sequence[LazyPhoto]
    labels: list[str]
    contents: list[str] = field(default_factory=list, compare=False)

    def __len__(self) -> int:
        return len(self.photos)

    def filter(self, wanted: Callable[[int], bool]) -> "Split":
        """The photos whose indices are wanted."""
        kept = [i for i in range(len(self)) if wanted(i)]
        photos, labels = [self.photos[i] for i in kept], [self.labels[i] for i in kept]
        return Split(photos, labels, [self.contents[i] for i in kept] if self.contents else [])


@dataclass
class DataSet:
    """Splits, and how they came about.

    Attributes:
        root: the folder; None of a Hub data set.
        notes: how the folder was read and what was left out, a line each.
        empty: folders of classes without a photo.
        named: the classes that a `data.yaml` names; None without.
        drawn: splits whose photos were drawn from the training photos.
    """

    splits: dict[str, Split]
    root: Path | None = None
    notes: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    named: list[str] | None = None
    drawn: list[str] = field(default_factory=list)


def open_photo(photo: LazyPhoto) -> Image.Image:
    """A photo upright and in RGB.

    Raises:
        ValueError: it cannot be used.
    """
    return as_photo(photo() if callable(photo) else photo)


def hash_photo(photo: LazyPhoto) -> str:
    """The first 32 hexadecimal digits of the SHA-256 of a photo's file; "" where it cannot be read."""
    try:
        stored = photo.read_bytes() if hasattr(photo, "read_bytes") else None
        if stored is None:  # a Hub data set may hold pixels, not files
            stored = open_photo(photo).tobytes()
    except Exception:  # a damaged photo raises whatever it likes; `inspect_photos` will name it
        return ""
    return hashlib.sha256(stored).hexdigest()[:32]


def hash_photos(split: Split) -> list[str]:
    """The hash of each photo of a split."""
    if len(split.contents) == len(split):
        return split.contents
    with ThreadPoolExecutor() as pool:
        return list(pool.map(hash_photo, split.photos))


def draw_splits(split: Split, names: list[str]) -> dict[str, Split]:
    """Divide a split into `train` and those named, about a seventh of each class for `val`, and for `test`.

    Formula: a photo's lot is the first 48 bits of `SHA-256(class/hash)` over 2⁴⁸; below 1/7 the photo goes to test,
    from there to 2/7 to val. Other photos, more or fewer, never change where a photo goes.
    """
    split.contents = hash_photos(split)
    lots = [draw_lot(label, content) for label, content in zip(split.labels, split.contents, strict=True)]
    bounds = {name: SHARES[name] for name in names}
    found = {
        name: split.filter(lambda i, low=low, high=high: low <= lots[i] < high) for name, (low, high) in bounds.items()
    }
    rest = split.filter(lambda i: not any(low <= lots[i] < high for low, high in bounds.values()))
    return {"train": rest, **found}


def draw_lot(label: str, content: str) -> float:
    """A number in [0, 1) that depends on a photo's class and content alone."""
    return int.from_bytes(hashlib.sha256(f"{label}/{content}".encode(errors="surrogateescape")).digest()[:6]) / 2**48


def join_splits(splits: list[Split]) -> Split:
    """All photos of several splits, one split after the other."""
    contents = [content for s in splits for content in s.contents]
    photos, labels = [photo for s in splits for photo in s.photos], [label for s in splits for label in s.labels]
    return Split(photos, labels, contents if len(contents) == len(photos) else [])
