"""Folders of photos: what is in them, and which split and class of a data set each photo belongs to."""

import os
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from unicodedata import normalize

import yaml

SPLITS = ("train", "val", "test")
WORDS = {
    **dict.fromkeys(("train", "training", "학습", "학습용", "훈련", "훈련용"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev", "검증", "검증용"), "val"),
    **dict.fromkeys(("test", "testing", "시험", "시험용", "테스트", "평가", "평가용"), "test"),
}
SILENT = {"set", "seg", "data", "dataset", "image", "images", "img", "imgs", "photo", "photos", "split", "list"}
NO_CLASS = SILENT | {"fold", "part", "batch", "label", "labels", "annotations", "원천데이터", "라벨링데이터"}
UNLABELLED = {"pred", "predict", "prediction", "unlabeled", "unlabelled"}  # photos that have no class on purpose
YAML = ("data.yaml", "data.yml")  # as Roboflow and Ultralytics call it
JUNK = {"thumbs.db", "desktop.ini"}
HIDDEN = (".", "__MACOSX")
SUFFIXES = {
    ".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".pjpeg", ".pjp", ".png", ".apng", ".webp", ".avif", ".heic", ".heif",
    ".hif", ".gif", ".bmp", ".dib", ".tif", ".tiff",
}  # fmt: skip


class NoPhotosError(ValueError):
    """There is nothing of this name, or no photo in it."""


class LayoutError(ValueError):
    """Which split or class photos belong to cannot be told; one sentence says why."""


@dataclass
class Layout:
    """How a folder was read.

    Attributes:
        splits: the photos of each split in order, each with the name of its class, "" where it is in no folder of one.
        said: what was taken for what, and what was left out, a line each.
        empty: folders of classes without a photo.
        named: the classes a `data.yaml` names; None without.
    """

    splits: dict[str, dict[Path, str]]
    said: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    named: list[str] | None = None


def list_splits(folder: Path) -> dict[str, list[Path]]:
    """The photos of each split, as `read_layout` finds them.

    Raises:
        NoPhotosError: there is no such folder, or there is no photo in it; a ValueError.
        LayoutError: which split they are of cannot be told; a ValueError.
    """
    return {split: list(photos) for split, photos in read_layout(folder).splits.items()}


def read_layout(folder: Path) -> Layout:
    """Splits and classes: by lists such as train.txt, by a data.yaml, or by folders called like splits; else all train.

    The class is the folder below the split's, or below the whole, whatever lies deeper.

    Raises:
        NoPhotosError: there is no such folder, or there is no photo in it; a ValueError.
        LayoutError: which split or class they are of cannot be told; a ValueError.
    """
    if not folder.is_dir():
        if folder.is_file():
            raise NoPhotosError(f"{show(folder)} is no folder: unpack it")
        raise NoPhotosError(f"there is no folder {show(folder)}")
    config = read_yaml(folder)
    lists = check_one_a_split(
        folder, (file for file in folder.iterdir() if file.is_file() and file.suffix.lower() == ".txt")
    )
    if lists:
        layout = read_lists(folder, lists)
    else:
        layout = read_folders(folder, find_folders_in_yaml(folder, config) or match_folders(folder))
    if not any(layout.splits.values()):
        raise NoPhotosError(f"there is no photo in the folder {show(folder)}")
    layout.named = read_names_in_yaml(config)
    return layout


def match_split(name: str) -> str | None:
    """The split that a folder or list is called for: `Train`, `valid`, `seg_test`, `2.Validation`; else None."""
    words = [word.removesuffix("set") for word in split_words(name) if word not in SILENT]
    return WORDS.get(words[0]) if len(words) == 1 else None


def split_words(name: str) -> list[str]:
    return [word for word in re.split(r"[\W\d_]+", normalize("NFC", name).casefold()) if word]


def check_one_a_split(folder: Path, places: Iterable[Path]) -> dict[str, Path]:
    """Lists or folders by the split they are called for, train first."""
    found: dict[str, Path] = {}
    for place in sorted(places):
        split = match_split(place.stem if place.is_file() else place.name)
        if split in found:
            raise LayoutError(
                f"{show(folder)} has {show(found[split].name)} and {show(place.name)}, which both mean {split}: "
                "keep one of them, or if they are classes, give them other names"
            )
        if split:
            found[split] = place
    return {split: found[split] for split in SPLITS if split in found}


def read_lists(folder: Path, lists: dict[str, Path]) -> Layout:
    """Splits by lists of CLASS/PHOTO, a line each."""
    said = [", ".join(f"{show(file.name)} lists {split}" for split, file in lists.items())]
    splits: dict[str, list[Path]] = {}
    again = 0
    for split, file in lists.items():
        photos = read_list(folder, file)
        splits[split] = list(dict.fromkeys(photos))
        again += len(photos) - len(splits[split])
    every = {photo for photos in splits.values() for photo in photos}
    below = {photo: photo.relative_to(folder).parts[:-1] for photo in every}
    deep = all(len(parts) > 1 and match_split(parts[0]) for parts in below.values())  # TRAIN/CLASS/PHOTO
    classes = {photo: name_class(parts[deep:]) for photo, parts in below.items()}
    if again:
        said.append(f"left out: {count(again, 'line')} that name a photo again")
    if unlisted := [photo for photo in list_photos(folder) if photo not in every]:
        said.append(f"left out: {count(len(unlisted), 'photo')} that no list names ({name_some(folder, unlisted)})")
    return Layout({split: {photo: classes[photo] for photo in photos} for split, photos in splits.items()}, said)


def read_list(folder: Path, file: Path) -> list[Path]:
    """The photos a list names, which may be of any system: UTF-8 or UTF-16, with `\\` for `/`, in either form of é."""
    data = file.read_bytes()
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(encoding, "surrogateescape" if encoding == "utf-8-sig" else "strict")
    except UnicodeDecodeError as error:
        raise LayoutError(f"{show(file)} is cut off, or no text") from error
    found = []
    for number, line in enumerate(re.split(r"\r?\n|\r", text), start=1):
        if not line.strip():
            continue
        ways = (line, line.strip(), line.strip().replace("\\", "/"))
        ways = [normalize(form, way) if form else way for way in ways for form in ("", "NFC", "NFD")]
        places = (Path(os.path.normpath(folder / way)) for way in ways)
        missing = Path(os.path.normpath(folder / line.strip()))  # is named when it is opened
        photo = folder / os.path.relpath(next(filter(is_there, places), missing), folder)
        if ".." in photo.relative_to(folder).parts:
            raise LayoutError(f"{show(file)}, line {number}: {show(line.strip())} lies outside of the folder")
        found.append(photo)
    return found


def is_there(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # no name of a file
        return False


def match_folders(folder: Path) -> dict[str, Path]:
    """The folders that are called for a split; none where none is.

    Raises:
        LayoutError: beside them are others with photos, so that they may as well be classes.
    """
    filled = [place for place in list_folders(folder) if list_photos(place)]
    found = check_one_a_split(folder, filled)
    others = [place for place in filled if place not in found.values() and not is_unlabelled(place)]
    if found and others:
        split, place = next(iter(found.items()))
        raise LayoutError(
            f"{show(folder)} has a folder {show(place.name)}, which means {split}, and beside it photos in "
            f"{name_some(folder, others)}: call these train, val or test too, or move them away; a class that is "
            f"called {show(place.name)} needs another name"
        )
    return found


def read_folders(folder: Path, roots: dict[str, Path]) -> Layout:
    """Splits by their folders, or the whole folder as train."""
    said = (
        [", ".join(f"{show(root.relative_to(folder))}/ is {split}" for split, root in roots.items())] if roots else []
    )
    layout = Layout({}, said)
    extra: list[Path] = []
    for split, root in (roots or {"train": folder}).items():
        while roots and (inner := find_repeated(root, split)):
            root = inner
        photos = {photo: photo.relative_to(root).parts[:-1] for photo in list_photos(root)}
        check_depths(folder, root, photos, is_split=bool(roots))
        layout.splits[split] = {photo: name_class(parts) for photo, parts in photos.items()}
        filled = {parts[0] for parts in photos.values() if parts}
        layout.empty += [show(place.relative_to(folder)) for place in list_folders(root) if place.name not in filled]
        files = (file for place in list_folders(root) for file in list_files(place))
        extra += [file for file in files if file not in photos and file.name.lower() not in JUNK]
    aside = [photo for photo in list_photos(folder) if not any(photo in photos for photos in layout.splits.values())]
    if aside:
        layout.said.append(f"left out: {count(len(aside), 'photo')} in no split ({name_some(folder, aside)})")
    if extra:
        endings = Counter(file.suffix.lower() or "no ending" for file in extra)
        layout.said.append(
            f"left out: {count(len(extra), 'file')}, no photo by the name ("
            + ", ".join(f"{number} with {show(ending)}" for ending, number in endings.most_common(3))
            + ")"
        )
    return layout


def find_repeated(root: Path, split: str) -> Path | None:
    """The only folder in a split's folder, where that is called for the same split, as in `seg_train/seg_train`."""
    inner = list_folders(root)
    loose = any(file.suffix.lower() in SUFFIXES for file in root.iterdir())
    return inner[0] if len(inner) == 1 and not loose and match_split(inner[0].name) == split else None


def check_depths(folder: Path, root: Path, photos: dict[Path, tuple[str, ...]], is_split: bool) -> None:
    """Refuse splits inside of classes or of other splits, and folders whose names are those of no class.

    Raises:
        LayoutError: a folder below a class is called for a split, or what would be classes is called for splits, folds
            or photos.
    """
    for photo, parts in photos.items():
        if deep := [part for part in parts[1:] if match_split(part)]:
            raise LayoutError(
                f"{show(photo.relative_to(folder).parent)}: a folder {show(deep[0])} inside of the class "
                f"{show(parts[0])} may be a split; lay photos out as train/CLASS/PHOTO, or call it otherwise"
            )
    classes = sorted({parts[0] for parts in photos.values() if parts})
    named = ", ".join(map(show, classes[:5]))
    if is_split and classes and all(match_split(name) for name in classes):
        raise LayoutError(
            f"{show(root)} holds nothing but folders called for splits ({named}): name the folder that holds train, "
            "val and test"
        )
    if len({WORDS[word] for name in classes for word in split_words(name) if word in WORDS}) > 1:
        raise LayoutError(
            f"{show(root)}: {named} look like splits with other words in their names: call them train, val and test, "
            "or if they are classes, give them other names"
        )
    if classes and all(split_words(name) and set(split_words(name)) <= NO_CLASS for name in classes):
        raise LayoutError(
            f"{show(root)}: {named}: these are names for photos, not for classes. Photos of a class lie in a folder "
            "with its name; photos with boxes or outlines, as for detection, have none"
        )


def read_yaml(folder: Path) -> dict:
    """What a `data.yaml` says; nothing without one.

    Raises:
        LayoutError: it is no YAML of names and values.
    """
    file = next((folder / name for name in YAML if (folder / name).is_file()), None)
    if file is None:
        return {}
    try:
        config = yaml.safe_load(file.read_bytes())
    except (yaml.YAMLError, ValueError) as error:
        raise LayoutError(f"{show(file)} cannot be read as YAML: mend it, or take it away") from error
    if not isinstance(config, dict):
        raise LayoutError(f"{show(file)} does not say which folder is train, val and test: mend it, or take it away")
    return config


def find_folders_in_yaml(folder: Path, config: dict) -> dict[str, Path]:
    """The folders a `data.yaml` names for the splits; Roboflow's begin with `../` and are meant from its own folder.

    Raises:
        LayoutError: it names what is not there, or two for one split.
    """
    found: dict[str, Path] = {}
    for key, value in config.items():
        split = match_split(str(key))
        if split is None or not value:
            continue
        if not isinstance(value, str) or split in found:
            raise LayoutError(f"{show(folder)}: data.yaml must name one folder for {split}")
        inside = re.sub(r"^(\.{1,2}/)+", "", value.replace("\\", "/"))
        ways = (folder / inside, folder / str(config.get("path") or "") / inside)
        place = next(
            (
                way
                for way in ways
                if len(value) < 255 and way.is_dir() and way.resolve().is_relative_to(folder.resolve())
            ),
            None,
        )
        if place is None:
            raise LayoutError(
                f"{show(folder)}: data.yaml says that {split} is in {value}, and there is no such folder inside of it"
            )
        found[split] = folder / place.resolve().relative_to(folder.resolve())
    return {split: found[split] for split in SPLITS if split in found}


def read_names_in_yaml(config: dict) -> list[str] | None:
    """The classes a `data.yaml` names, as a list or by number."""
    names = config.get("names")
    names = list(names.values()) if isinstance(names, dict) else names
    return [name_class((str(name),)) for name in names] if isinstance(names, list) else None


def name_class(parts: tuple[str, ...]) -> str:
    """The class of a photo, by the folders it is in; one name, however a system composes its letters."""
    return normalize("NFC", parts[0]) if parts else ""


def is_unlabelled(place: Path) -> bool:
    return any(word in UNLABELLED for word in split_words(place.name))


def count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number != 1 else ''}"


def name_some(folder: Path, paths: list[Path], limit: int = 3) -> str:
    """The first of some paths below a folder, to print."""
    return name_first([show(path.relative_to(folder)) for path in paths], limit)


def name_first(names: list[str], limit: int, between: str = ", ") -> str:
    """The first of some names, to print; … stands for the rest."""
    return between.join([*names[:limit], "…"] if len(names) > limit else names)


def list_folders(folder: Path) -> list[Path]:
    """The folders right in a folder, in order, but for hidden ones."""
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(HIDDEN))


def list_photos(folder: Path) -> list[Path]:
    """All photos below a folder, by their names' endings, in order; hidden files and folders are left out."""
    return [path for path in list_files(folder) if path.suffix.lower() in SUFFIXES]


def list_files(folder: Path) -> list[Path]:
    """All files below a folder, in order; hidden files and folders, and what archives of macOS add, are left out.

    Raises:
        OSError: a folder cannot be opened.
    """
    found = []
    for place, folders, files in os.walk(folder, onerror=refuse, followlinks=True):
        above = [os.path.realpath(parent) for parent in Path(place).parents]
        if os.path.islink(place) and os.path.realpath(place) in above:  # it would never end
            folders.clear()
            continue
        folders[:] = [name for name in folders if not name.startswith(HIDDEN)]
        found += [Path(place, name) for name in files if not name.startswith(HIDDEN)]
    return sorted(path for path in found if path.is_file() or path.is_symlink())  # one that leads nowhere is named, too


def refuse(error: OSError) -> None:
    raise error


def show(path: str | os.PathLike) -> str:
    """A path to print: bytes that are no UTF-8 become the sign for an unknown letter."""
    return os.fsencode(path).decode("utf-8", "replace")


def find_photos(paths: Iterable[Path]) -> dict[Path, Path]:
    """Every photo named or found, each with a name of its own for what is made of it: its path below the folder named.

    Raises:
        NoPhotosError: a folder has no photos, or nothing is named so; a ValueError.
    """
    names: dict[Path, Path] = {}
    for path in paths:
        if path.is_dir():
            photos = list_photos(path)
            if not photos:
                raise NoPhotosError(f"there is no photo in the folder {show(path)}")
            names.update({photo: photo.relative_to(path).with_suffix("") for photo in photos})
        elif path.exists():
            names[path] = Path(path.stem)
        else:
            raise NoPhotosError(f"there is no file or folder {show(path)}")
    taken: set[Path] = set()
    for photo, name in names.items():
        number = 2
        while names[photo] in taken:
            names[photo] = name.with_name(f"{name.name}-{number}")
            number += 1
        taken.add(names[photo])
    return names
