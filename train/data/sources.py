"""Data sets read from image folders and from the Hub."""

from pathlib import Path

from huggingface_hub import snapshot_download
from PIL import Image

from train.data.splits import DataSet, Split, draw_splits
from xai.folders import (
    SPLITS,
    NoPhotosError,
    count,
    list_folders,
    match_split,
    name_some,
    read_layout,
    show,
)

HUB = "hub:"
COLUMNS = {"image", "label"}


class HubPhoto:
    """A photo of a Hub data set, fetched when called."""

    def __init__(self, rows, split: str, index: int) -> None:
        self.rows, self.index, self.name = rows, index, f"{split}/{index}"

    def __call__(self) -> Image.Image:
        return self.rows[self.index]["image"]

    def read_bytes(self) -> bytes | None:
        """The bytes of its file; None where the data set has none."""
        from datasets import Image as Column

        row = self.rows.cast_column("image", Column(decode=False))[self.index]["image"]
        return row["bytes"] or (Path(row["path"]).read_bytes() if row["path"] else None)


def name_source(source: str) -> str:
    """What a data set is called in records: a folder by its own name, a Hub data set in full."""
    return source if source.startswith(HUB) else show(Path(source).resolve().name)


def read_splits(source: str) -> dict[str, Split]:
    """The splits of an image folder or, as `hub:OWNER/NAME[@REVISION]`, of a Hub data set.

    `xai.folders.read_layout` says how a folder is read. Splits that are not there are drawn from the training photos,
    as `draw_splits` says.

    Raises:
        ValueError: nothing there reads as photos in classes.
    """
    return read_data_set(source).splits


def read_data_set(source: str, training: bool = True) -> DataSet:
    """What `read_splits` reads, with notes on how.

    Args:
        source: an image folder, or `hub:OWNER/NAME[@REVISION]`.
        training: whether there must be training photos.

    Raises:
        ValueError: nothing there reads as photos in classes.
    """
    try:
        data = read_hub(source.removeprefix(HUB)) if source.startswith(HUB) else read_folder(Path(source))
    except NoPhotosError as error:
        raise ValueError(
            f"{show(source)}: expected train.txt, val.txt and test.txt listing CLASS/PHOTO, or train/CLASS/PHOTO, "
            f"or CLASS/PHOTO, or {HUB}OWNER/NAME; but {error}"
        ) from error
    if not any(len(split) for split in data.splits.values()):
        raise ValueError(
            f"{show(source)}: its photos are in no folders of classes; the name of the folder is the class, as in "
            "CLASS/PHOTO or train/CLASS/PHOTO"
        )
    for name, split in data.splits.items():
        if not len(split):
            raise ValueError(f"{show(source)}: {name} has no photo in a folder of a class, CLASS/PHOTO")
    if "train" not in data.splits and not training:
        return data
    if "train" not in data.splits:
        raise ValueError(f"{show(source)} has photos for {' and '.join(data.splits)}, but none to train on")
    data.drawn = [name for name in ("val", "test") if name not in data.splits]
    if data.drawn:
        data.splits |= draw_splits(data.splits["train"], data.drawn)
        data.notes.append(f"drawn from the training photos, by their content: {' and '.join(data.drawn)}")
    data.splits = {name: data.splits[name] for name in SPLITS}
    return data


def read_folder(folder: Path) -> DataSet:
    """An image folder, without the photos that are in no folder of a class."""
    layout, splits, notes = read_layout(folder), {}, []
    for name, photos in layout.splits.items():
        if loose := [photo for photo, label in photos.items() if not label]:
            notes.append(f"left out: {count(len(loose), 'photo')} in no folder of a class ({name_some(folder, loose)})")
        labelled = {photo: label for photo, label in photos.items() if label}
        splits[name] = Split(list(labelled), list(labelled.values()))
    return DataSet(splits, folder, layout.said + notes, layout.empty, layout.named)


def read_hub(name: str) -> DataSet:
    """A Hub data set with the columns image and label, or one whose repository holds a zip of photos.

    Raises:
        ValueError: it has other columns.
    """
    from datasets import load_dataset
    from datasets.exceptions import DatasetGenerationError

    name, _, revision = name.partition("@")
    try:
        found = load_dataset(name, revision=revision or None)
    except DatasetGenerationError:  # `datasets` took the folder inside a zip for the class of all photos in it
        return read_archive(name, revision or None)
    if COLUMNS.isdisjoint(next(iter(found.values())).features):  # `datasets` took lists of photos for the data
        return read_archive(name, revision or None)
    data = DataSet({})
    for called, rows in found.items():
        called = str(called)
        split = match_split(called)
        if split is None or split in data.splits:
            data.notes.append(f"left out: {count(len(rows), 'photo')} called {called}, which is no split of its own")
            continue
        if not set(rows.features) >= COLUMNS:
            raise ValueError(f"{name}: expected the columns image and label, found {', '.join(rows.features)}")
        names = getattr(rows.features["label"], "names", None)
        labels = list(rows["label"])
        if any(label is None or (names and not 0 <= label < len(names)) for label in labels):
            data.notes.append(f"left out: {count(len(rows), 'photo')} called {called}, which have no labels")
            continue
        data.notes.append(f"{called} is {split}")
        photos = [HubPhoto(rows, called, index) for index in range(len(rows))]
        data.splits[split] = Split(photos, [names[label] if names else str(label) for label in labels])
    return data


def read_archive(name: str, revision: str | None) -> DataSet:
    """A Hub data set whose repository holds a zip of CLASS/PHOTO beside other files, as torchgeo/ucmerced does.

    Raises:
        ValueError: there is no zip, or more than one.
    """
    from datasets import DownloadManager

    folder = name if Path(name).is_dir() else snapshot_download(
        name, repo_type="dataset", revision=revision, allow_patterns="*.zip"
    )  # fmt: skip
    archives = sorted(str(path) for path in Path(folder).glob("*.zip"))
    if len(archives) != 1:
        raise ValueError(f"{name}: expected the columns image and label, or one zip of CLASS/PHOTO")
    root = outer = Path(str(DownloadManager().extract(archives[0])))
    while len(inner := list_folders(root)) == 1 and not match_split(inner[0].name) and list_folders(inner[0]):
        root = inner[0]  # a folder around the folders of the classes
    data = read_folder(root)
    if root != outer:
        data.notes.insert(0, f"the photos are those in {show(root.relative_to(outer))} of {Path(archives[0]).name}")
    return data
