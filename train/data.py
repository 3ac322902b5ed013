"""Photos with labels, from image folders or a Hub data set, in three splits."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from huggingface_hub import snapshot_download
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset
from torchvision.transforms.v2 import functional as F

from train.augment import AUGMENTATIONS
from train.paste import cut_out, paste
from xai.folders import SPLITS, NoPhotosError, splits_in
from xai.photo import as_photo

HUB = "hub:"
COLUMNS = {"image", "label"}


@dataclass
class Split:
    """Photos (paths, or functions that fetch them from a Hub data set) and the names of their classes."""

    photos: list[Path | Callable[[], Image.Image]]
    labels: list[str]

    def __len__(self) -> int:
        return len(self.photos)


def name_of(source: str) -> str:
    """What a data set is called in records: a folder by its own name, a Hub data set in full."""
    return source if source.startswith(HUB) else Path(source).resolve().name


def read(source: str) -> dict[str, Split]:
    """The splits of an image folder or, as `hub:OWNER/NAME[@REVISION]`, of a Hub data set.

    A folder holds `CLASS/PHOTO` with `train.txt`, `val.txt` and `test.txt` listing such paths, or
    `train/CLASS/PHOTO` and so on. Where there is only one split, or no val or test, every seventh photo of a class
    goes to val and every sixth of the rest to test, always the same ones.

    Raises:
        ValueError: nothing there reads as photos in classes.
    """
    expected = (
        f"{source}: expected train.txt, val.txt and test.txt listing CLASS/PHOTO, or train/CLASS/PHOTO, "
        f"or CLASS/PHOTO, or {HUB}OWNER/NAME"
    )
    try:
        splits = from_hub(source.removeprefix(HUB)) if source.startswith(HUB) else from_folder(Path(source))
    except NoPhotosError as error:
        raise ValueError(expected) from error
    if "train" not in splits or not all(len(split) for split in splits.values()):
        raise ValueError(expected)
    for name, step in (("val", 7), ("test", 6)):
        if name not in splits:
            splits["train"], splits[name] = take_every(splits["train"], step)
    return splits


def from_folder(folder: Path) -> dict[str, Split]:
    splits = {}
    for name, photos in splits_in(folder).items():
        labelled = [photo for photo in photos if photo.parent not in (folder, folder / name)]
        splits[name] = Split(labelled, [photo.parent.name for photo in labelled])
    return splits


def from_hub(name: str) -> dict[str, Split]:
    from datasets import load_dataset
    from datasets.exceptions import DatasetGenerationError

    name, _, revision = name.partition("@")
    try:
        found = load_dataset(name, revision=revision or None)
    except DatasetGenerationError:  # it takes a zip's own folder for the class of all photos in it
        return from_archives(name, revision or None)
    if COLUMNS.isdisjoint(next(iter(found.values())).features):  # it took lists of photos for the data
        return from_archives(name, revision or None)
    splits = {}
    for split, rows in found.items():
        split = "val" if split in ("validation", "valid") else split
        if split not in SPLITS:
            continue
        if not set(rows.features) >= COLUMNS:
            raise ValueError(f"{name}: expected the columns image and label, found {', '.join(rows.features)}")
        names = getattr(rows.features["label"], "names", None)
        photos = [partial(photo_at, rows, index) for index in range(len(rows))]
        splits[split] = Split(photos, [names[label] if names else str(label) for label in rows["label"]])
    return splits


def from_archives(name: str, revision: str | None) -> dict[str, Split]:
    """A data set whose repository holds zipped folders of photos beside other files, as torchgeo/ucmerced does."""
    from datasets import DownloadManager

    folder = name if Path(name).is_dir() else snapshot_download(
        name, repo_type="dataset", revision=revision, allow_patterns="*.zip"
    )  # fmt: skip
    archives = sorted(str(path) for path in Path(folder).glob("*.zip"))
    if len(archives) != 1:
        raise ValueError(f"{name}: expected the columns image and label, or one zip of CLASS/PHOTO")
    return from_folder(Path(DownloadManager().extract(archives[0])))


def photo_at(rows, index: int) -> Image.Image:
    return rows[index]["image"]


def take_every(split: Split, step: int) -> tuple[Split, Split]:
    """A split without every `step`-th photo of each class, and the split of those."""
    seen: dict[str, int] = {}
    kept, taken = Split([], []), Split([], [])
    for photo, label in zip(split.photos, split.labels, strict=True):
        seen[label] = seen.get(label, 0) + 1
        part = taken if seen[label] % step == 0 else kept
        part.photos.append(photo)
        part.labels.append(label)
    return kept, taken


def joined(splits: list[Split]) -> Split:
    return Split([photo for s in splits for photo in s.photos], [label for s in splits for label in s.labels])


def pixels_of(photo: Path | Callable[[], Image.Image]) -> Tensor:
    return F.pil_to_tensor(as_photo(photo() if callable(photo) else photo))  # 3, H, W


class Views(Dataset):
    """A new random view of each photo every epoch; the same for the same seed, epoch and photo, on any machine.

    Args:
        split: the photos.
        classes: names of the classes, in the order of the labels.
        augmentation: a key of `AUGMENTATIONS`.
        seed: of all randomness.
        cache_side: photos are decoded once and kept in memory with this shorter side; 0 decodes them at each use.
        crop: least share of the photo a view shows.
        pasted: share of the objects on a plain ground that are pasted on another photo of their class.
    """

    def __init__(
        self,
        split: Split,
        classes: list[str],
        augmentation: str,
        seed: int,
        cache_side: int,
        crop: float = 0.25,
        pasted: float = 0.0,
    ) -> None:
        self.photos, self.cache_side, self.seed = split.photos, cache_side, seed
        self.augment, self.crop = AUGMENTATIONS[augmentation], crop
        self.labels = [classes.index(label) for label in split.labels]
        if cache_side:
            with ThreadPoolExecutor() as pool:
                self.photos = list(pool.map(self.decode, self.photos))
        self.pasted, self.masks = pasted, {}
        if pasted:
            with ThreadPoolExecutor() as pool:
                found = pool.map(lambda index: cut_out(self.load(index)), range(len(self.photos)))
                self.masks = {index: mask for index, mask in enumerate(found) if mask is not None}
            busy = [index for index in range(len(self.photos)) if index not in self.masks]
            self.grounds = {k: [i for i in busy if self.labels[i] == k] for k in set(self.labels)}
        self.draw(0, 128)

    def draw(self, epoch: int, size: int) -> None:
        """Choose the views of an epoch and their side in pixels."""
        self.epoch, self.transform = epoch, self.augment(size, self.crop)

    def decode(self, photo: Path | Callable[[], Image.Image]) -> Tensor:
        pixels = pixels_of(photo)
        if self.cache_side and min(pixels.shape[1:]) > self.cache_side:
            pixels = F.resize(pixels, [self.cache_side], antialias=True)
        return pixels  # 3, H, W

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(hash((self.seed, self.epoch, index)))
            photo, grounds = self.load(index), self.grounds[self.labels[index]] if index in self.masks else []
            if grounds and torch.rand(()) < self.pasted:
                ground = grounds[torch.randint(len(grounds), ()).item()]
                photo = paste(photo, self.masks[index], self.load(ground))
            return self.transform(photo), self.labels[index]

    def load(self, index: int) -> Tensor:
        photo = self.photos[index]
        return photo if isinstance(photo, Tensor) else self.decode(photo)


class Whole(Dataset):
    """Each photo as the shipped model sees it, squeezed whole into a square: for validation and test."""

    def __init__(self, split: Split, classes: list[str], size: int, cache: bool) -> None:
        self.photos, self.size = split.photos, [size, size]
        self.labels = [classes.index(label) for label in split.labels]
        if cache:
            with ThreadPoolExecutor() as pool:
                self.photos = list(pool.map(self.squeeze, self.photos))

    def squeeze(self, photo: Path | Callable[[], Image.Image]) -> Tensor:
        return F.resize(pixels_of(photo), self.size, antialias=True)  # 3, S, S

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        photo = self.photos[index]
        return photo if isinstance(photo, Tensor) else self.squeeze(photo), self.labels[index]
