"""Which photos a run was trained on and validated by, written down so that none of them is ever tested on."""

import json
from dataclasses import dataclass
from pathlib import Path

from train.recipe import Recipe
from train.state import replace_file
from xai.folders import count, name_first, show
from xai.zoo import PHOTOS, SUMS, find_checkpoint, read_json, verify

FILE = "photos.json"
NAMED = 3  # photos that a sentence names
SEEN = ("train", "val")


@dataclass
class PhotoRecord:
    """The photos of a run; their contents are hashes, as `hash_photo` makes them.

    Attributes:
        photos: by data set and split, of each photo its path, its class and its content.
        earlier: contents of the photos it trained on (`train`) and was validated by (`val`) before they changed.
        notes: by data set, how it was read.
    """

    photos: dict[str, dict[str, list[tuple[str, str, str]]]]
    earlier: dict[str, set[str]]
    notes: dict[str, list[str]]

    @property
    def rows(self) -> list[tuple[str, str, str, str]]:
        """Path with the data set's name, class, split and content of each photo."""
        return [
            (f"{name}/{path}", label, split, content)
            for name, splits in self.photos.items()
            for split, photos in splits.items()
            for path, label, content in photos
        ]

    @property
    def contents(self) -> set[str]:
        """The contents of all photos."""
        return {content for *_, content in self.rows}

    @property
    def classes(self) -> list[str]:
        """The classes of the training photos, sorted."""
        return sorted({label for _, label, split, _ in self.rows if split == "train"})

    @property
    def seen(self) -> dict[str, set[str]]:
        """The contents of the photos trained on and validated by, now and earlier."""
        rows = self.rows
        return {name: self.earlier[name] | {content for *_, split, content in rows if split == name} for name in SEEN}

    def count_photos(self) -> dict[str, dict[str, dict[str, int]]]:
        """By data set, split and class, how many photos."""
        found: dict[str, dict[str, dict[str, int]]] = {}
        for name, splits in self.photos.items():
            for split, photos in splits.items():
                numbers = found.setdefault(name, {}).setdefault(split, {})
                for _, label, _ in sorted(photos, key=lambda row: row[1]):
                    numbers[label] = numbers.get(label, 0) + 1
        return found


def write_record(folder: Path, record: PhotoRecord) -> None:
    """Write a run's record into its folder, whole or not at all."""
    earlier = {name: sorted(contents) for name, contents in record.earlier.items()}
    text = json.dumps({"photos": record.photos, "earlier": earlier, "said": record.notes}, indent=0)
    with replace_file(folder / FILE) as part:
        part.write_text(text + "\n", encoding="utf-8")


def read_record(folder: Path) -> PhotoRecord:
    """The record in a run's folder.

    Raises:
        ValueError: there is none, since an earlier version began this run, or it is damaged.
    """
    if not (folder / FILE).is_file():
        raise ValueError(f"the run in {show(folder)} does not say which photos it was trained on: give another --out")
    try:
        found = json.loads((folder / FILE).read_text(encoding="utf-8"))
        photos = {
            name: {split: [(path, label, content) for path, label, content in rows] for split, rows in splits.items()}
            for name, splits in found["photos"].items()
        }
        return PhotoRecord(photos, {name: set(found["earlier"][name]) for name in SEEN}, found["said"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{show(folder / FILE)} is damaged: give another --out") from error


def read_parents(recipe: Recipe) -> tuple[dict[str, set[str]], list[str]]:
    """The contents of the photos that a recipe's parent checkpoints were trained on and validated by.

    Beside them the names of the checkpoints that do not say which.

    Raises:
        ValueError: a parent is the folder of a run, is damaged, or its list of photos cannot be read.
    """
    found: dict[str, set[str]] = {name: set() for name in SEEN}
    silent = []
    for name in recipe.parents:
        try:
            folder = find_checkpoint(name)
        except ValueError:  # a black box that is no checkpoint
            silent.append(name)
            continue
        if (folder / "checkpoint").is_dir() and not (folder / SUMS).is_file():
            raise ValueError(f"{show(folder)} is the folder of a run: name {show(folder / 'checkpoint')}")
        verify(folder)
        if not (folder / PHOTOS).is_file():
            silent.append(name)
            continue
        contents = read_json(folder / PHOTOS)
        if not isinstance(contents, dict) or not set(SEEN) <= set(contents):
            raise ValueError(f"{show(folder / PHOTOS)} does not say which photos were trained on")
        for split in SEEN:
            found[split] |= set(contents[split])
    return found, silent


def list_changes(before: PhotoRecord, now: PhotoRecord) -> list[str]:
    """What differs: photos that came, went, or have another content, class, split or name, a phrase each."""
    old, new = ({path: row for path, *row in record.rows} for record in (before, now))
    gone, come = [path for path in old if path not in new], [path for path in new if path not in old]
    by_content = {tuple(old[path]): path for path in gone}
    renamed = {path: by_content[tuple(new[path])] for path in come if tuple(new[path]) in by_content}
    both = [path for path in new if path in old]
    kinds = {
        "new": [path for path in come if path not in renamed],
        "gone": [path for path in gone if path not in renamed.values()],
        "called otherwise": list(renamed),
        "of another content": [path for path in both if old[path][2] != new[path][2]],
        "of another class": [path for path in both if old[path][0] != new[path][0]],
        "in another split": [path for path in both if old[path][1] != new[path][1] and old[path][2] == new[path][2]],
    }
    return [
        f"{count(len(paths), 'photo')} {kind} ({name_first([show(path) for path in paths], NAMED)})"
        for kind, paths in kinds.items()
        if paths
    ]


def format_for_checkpoint(record: PhotoRecord) -> str:
    """What a checkpoint keeps of a record: the contents alone, from which no file name can be read."""
    return json.dumps({name: sorted(contents) for name, contents in record.seen.items()}, indent=0) + "\n"
