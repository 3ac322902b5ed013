"""Photos with labels, from image folders or a Hub data set, in three splits."""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import torch
from huggingface_hub import snapshot_download
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset
from torchvision.transforms.v2 import functional as F

from train.augment import AUGMENTATIONS
from train.paste import cut_out, paste
from xai.folders import SPLITS, NoPhotosError, count, folders_in, read_layout, shown, some, split_named
from xai.photo import as_photo

HUB = "hub:"
COLUMNS = {"image", "label"}
SHARES = {"test": (0, 1 / 7), "val": (1 / 7, 2 / 7)}  # of the photos' lots, where nobody else chose a split


@dataclass
class Split:
    """Photos (paths, or functions that fetch them from a Hub data set) and the names of their classes.

    Attributes:
        contents: what `content_of` says of each photo, where it was asked already.
    """

    photos: list[Path | Callable[[], Image.Image]]
    labels: list[str]
    contents: list[str] = field(default_factory=list, compare=False)

    def __len__(self) -> int:
        return len(self.photos)

    def only(self, wanted: Callable[[int], bool]) -> "Split":
        """The photos whose numbers are wanted."""
        kept = [i for i in range(len(self)) if wanted(i)]
        parts = (self.photos, self.labels, self.contents)
        return Split(*([part[i] for i in kept] if part else [] for part in parts))


@dataclass
class DataSet:
    """Splits, and how they came about.

    Attributes:
        root: the folder; None of a Hub data set.
        said: what was taken for what, and what was left out, a line each.
        empty: folders of classes without a photo.
        named: the classes that a `data.yaml` names; None without.
        drawn: splits whose photos were drawn from the training photos.
    """

    splits: dict[str, Split]
    root: Path | None = None
    said: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    named: list[str] | None = None
    drawn: list[str] = field(default_factory=list)


class HubPhoto:
    """A photo of a Hub data set, fetched when called."""

    def __init__(self, rows, split: str, index: int) -> None:
        self.rows, self.index, self.name = rows, index, f"{split}/{index}"

    def __call__(self) -> Image.Image:
        return self.rows[self.index]["image"]

    def stored(self) -> bytes | None:
        """The bytes of its file; None where the data set has none."""
        from datasets import Image as Column

        row = self.rows.cast_column("image", Column(decode=False))[self.index]["image"]
        return row["bytes"] or (Path(row["path"]).read_bytes() if row["path"] else None)


def name_of(source: str) -> str:
    """What a data set is called in records: a folder by its own name, a Hub data set in full."""
    return source if source.startswith(HUB) else shown(Path(source).resolve().name)


def read(source: str) -> dict[str, Split]:
    """The splits of an image folder or, as `hub:OWNER/NAME[@REVISION]`, of a Hub data set.

    A folder is read as `xai.folders.read_layout` says. Splits that are not there are drawn from the training photos: a
    photo's content and class decide, so that other photos, more or fewer, never move it; see `draw`.

    Raises:
        ValueError: nothing there reads as photos in classes.
    """
    return load(source).splits


def load(source: str, training: bool = True) -> DataSet:
    """What `read` reads, and how it came about; without training photos only where nothing is to be trained.

    Raises:
        ValueError: nothing there reads as photos in classes.
    """
    try:
        data = from_hub(source.removeprefix(HUB)) if source.startswith(HUB) else from_folder(Path(source))
    except NoPhotosError as error:
        raise ValueError(
            f"{shown(source)}: expected train.txt, val.txt and test.txt listing CLASS/PHOTO, or train/CLASS/PHOTO, "
            f"or CLASS/PHOTO, or {HUB}OWNER/NAME; but {error}"
        ) from error
    if not any(len(split) for split in data.splits.values()):
        raise ValueError(
            f"{shown(source)}: its photos are in no folders of classes; the name of the folder is the class, as in "
            "CLASS/PHOTO or train/CLASS/PHOTO"
        )
    for name, split in data.splits.items():
        if not len(split):
            raise ValueError(f"{shown(source)}: {name} has no photo in a folder of a class, CLASS/PHOTO")
    if "train" not in data.splits and not training:
        return data
    if "train" not in data.splits:
        raise ValueError(f"{shown(source)} has photos for {' and '.join(data.splits)}, but none to train on")
    data.drawn = [name for name in ("val", "test") if name not in data.splits]
    if data.drawn:
        data.splits |= draw(data.splits["train"], data.drawn)
        data.said.append(f"drawn from the training photos, by their content: {' and '.join(data.drawn)}")
    data.splits = {name: data.splits[name] for name in SPLITS}
    return data


def from_folder(folder: Path) -> DataSet:
    layout, splits, said = read_layout(folder), {}, []
    for name, photos in layout.splits.items():
        if loose := [photo for photo, label in photos.items() if not label]:
            said.append(f"left out: {count(len(loose), 'photo')} in no folder of a class ({some(folder, loose)})")
        labelled = {photo: label for photo, label in photos.items() if label}
        splits[name] = Split(list(labelled), list(labelled.values()))
    return DataSet(splits, folder, layout.said + said, layout.empty, layout.named)


def from_hub(name: str) -> DataSet:
    from datasets import load_dataset
    from datasets.exceptions import DatasetGenerationError

    name, _, revision = name.partition("@")
    try:
        found = load_dataset(name, revision=revision or None)
    except DatasetGenerationError:  # it takes a zip's own folder for the class of all photos in it
        return from_archives(name, revision or None)
    if COLUMNS.isdisjoint(next(iter(found.values())).features):  # it took lists of photos for the data
        return from_archives(name, revision or None)
    data = DataSet({})
    for called, rows in found.items():
        split = split_named(called)
        if split is None or split in data.splits:
            data.said.append(f"left out: {count(len(rows), 'photo')} called {called}, which is no split of its own")
            continue
        if not set(rows.features) >= COLUMNS:
            raise ValueError(f"{name}: expected the columns image and label, found {', '.join(rows.features)}")
        names = getattr(rows.features["label"], "names", None)
        labels = list(rows["label"])
        if any(label is None or (names and not 0 <= label < len(names)) for label in labels):
            data.said.append(f"left out: {count(len(rows), 'photo')} called {called}, which have no labels")
            continue
        data.said.append(f"{called} is {split}")
        photos = [HubPhoto(rows, called, index) for index in range(len(rows))]
        data.splits[split] = Split(photos, [names[label] if names else str(label) for label in labels])
    return data


def from_archives(name: str, revision: str | None) -> DataSet:
    """A data set whose repository holds zipped folders of photos beside other files, as torchgeo/ucmerced does."""
    from datasets import DownloadManager

    folder = name if Path(name).is_dir() else snapshot_download(
        name, repo_type="dataset", revision=revision, allow_patterns="*.zip"
    )  # fmt: skip
    archives = sorted(str(path) for path in Path(folder).glob("*.zip"))
    if len(archives) != 1:
        raise ValueError(f"{name}: expected the columns image and label, or one zip of CLASS/PHOTO")
    root = outer = Path(DownloadManager().extract(archives[0]))
    while len(inner := folders_in(root)) == 1 and not split_named(inner[0].name) and folders_in(inner[0]):
        root = inner[0]  # what an archive is wrapped in has no name that its reader could give
    data = from_folder(root)
    if root != outer:
        data.said.insert(0, f"the photos are those in {shown(root.relative_to(outer))} of {Path(archives[0]).name}")
    return data


def content_of(photo: Path | Callable[[], Image.Image]) -> str:
    """What is in a photo's file, as 32 hexadecimal digits, the same under whatever name; "" where it cannot be read."""
    try:
        stored = photo.read_bytes() if isinstance(photo, Path) else photo.stored() if hasattr(photo, "stored") else None
        if stored is None:
            stored = as_photo(photo()).tobytes()
    except Exception:  # a damaged photo raises whatever it likes, and will be named when photos are looked at
        return ""
    return hashlib.sha256(stored).hexdigest()[:32]


def contents_of(split: Split) -> list[str]:
    """What is in each photo of a split."""
    if len(split.contents) == len(split):
        return split.contents
    with ThreadPoolExecutor() as pool:
        return list(pool.map(content_of, split.photos))


def draw(split: Split, names: list[str]) -> dict[str, Split]:
    """A split as `train` and those named: of each class about a seventh for val, and for test.

    Formula: a photo's lot is the first 48 bits of `SHA-256(class/content)` over 2⁴⁸; below 1/7 it is for test, from
    there to 2/7 for val.
    """
    split.contents = contents_of(split)
    lots = [lot(label, content) for label, content in zip(split.labels, split.contents, strict=True)]
    bounds = {name: SHARES[name] for name in names}
    found = {
        name: split.only(lambda i, low=low, high=high: low <= lots[i] < high) for name, (low, high) in bounds.items()
    }
    rest = split.only(lambda i: not any(low <= lots[i] < high for low, high in bounds.values()))
    return {"train": rest, **found}


def lot(label: str, content: str) -> float:
    """A number in [0, 1) that a photo draws by its class and content alone."""
    return int.from_bytes(hashlib.sha256(f"{label}/{content}".encode(errors="surrogateescape")).digest()[:6]) / 2**48


def joined(splits: list[Split]) -> Split:
    contents = [content for s in splits for content in s.contents]
    photos, labels = [photo for s in splits for photo in s.photos], [label for s in splits for label in s.labels]
    return Split(photos, labels, contents if len(contents) == len(photos) else [])


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
        """A view of a photo, and its label; N more than a photo's number is another view of it, N the photos."""
        number = index % len(self)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(hash((self.seed, self.epoch, index)))
            photo, grounds = self.load(number), self.grounds[self.labels[number]] if number in self.masks else []
            if grounds and torch.rand(()) < self.pasted:
                ground = grounds[torch.randint(len(grounds), ()).item()]
                photo = paste(photo, self.masks[number], self.load(ground))
            return self.transform(photo), self.labels[number]

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
