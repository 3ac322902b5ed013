"""Which photos a run has seen, written down so that none of them is ever tested on."""

import json
from dataclasses import dataclass
from pathlib import Path

from train.run import Run
from train.state import whole
from xai.folders import count, first_of, shown
from xai.zoo import PHOTOS, SUMS, find_checkpoint, read_json, verify

FILE = "photos.json"
NAMED = 3  # photos that a sentence names
SEEN = ("train", "val")


@dataclass
class Record:
    """The photos of a run.

    Attributes:
        photos: by data set and split, of each photo its path, its class and its content.
        earlier: contents of the photos it trained on (`train`) and chose by (`val`) before they changed.
        said: by data set, how it was read.
    """

    photos: dict[str, dict[str, list[tuple[str, str, str]]]]
    earlier: dict[str, set[str]]
    said: dict[str, list[str]]

    def contents(self) -> set[str]:
        return {content for *_, content in self.rows()}

    def rows(self) -> list[tuple[str, str, str, str]]:
        """Path with the data set's name, class, split and content of each photo."""
        return [
            (f"{name}/{path}", label, split, content)
            for name, splits in self.photos.items()
            for split, photos in splits.items()
            for path, label, content in photos
        ]

    def classes(self) -> list[str]:
        return sorted({label for _, label, split, _ in self.rows() if split == "train"})

    def all_seen(self) -> dict[str, set[str]]:
        """The contents of the photos trained on and chosen by, now and earlier."""
        rows = self.rows()
        return {name: self.earlier[name] | {content for *_, split, content in rows if split == name} for name in SEEN}

    def counts(self) -> dict[str, dict[str, dict[str, int]]]:
        """By data set, split and class, how many photos."""
        found: dict[str, dict[str, dict[str, int]]] = {}
        for name, splits in self.photos.items():
            for split, photos in splits.items():
                numbers = found.setdefault(name, {}).setdefault(split, {})
                for _, label, _ in sorted(photos, key=lambda row: row[1]):
                    numbers[label] = numbers.get(label, 0) + 1
        return found


def write(out: Path, record: Record) -> None:
    """Write it whole or not at all."""
    earlier = {name: sorted(contents) for name, contents in record.earlier.items()}
    text = json.dumps({"photos": record.photos, "earlier": earlier, "said": record.said}, indent=0)
    with whole(out / FILE) as part:
        part.write_text(text + "\n", encoding="utf-8")


def read(out: Path) -> Record:
    """What `write` wrote.

    Raises:
        ValueError: an earlier version began this run, which wrote nothing.
    """
    if not (out / FILE).is_file():
        raise ValueError(f"the run in {shown(out)} does not say which photos it was trained on: give another --out")
    try:
        found = json.loads((out / FILE).read_text(encoding="utf-8"))
        photos = {
            name: {split: [(path, label, content) for path, label, content in rows] for split, rows in splits.items()}
            for name, splits in found["photos"].items()
        }
        return Record(photos, {name: set(found["earlier"][name]) for name in SEEN}, found["said"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{shown(out / FILE)} is damaged: give another --out") from error


def of_checkpoints(run: Run) -> tuple[dict[str, set[str]], list[str]]:
    """The contents of the photos that the checkpoints a run learns from were trained on and chosen by.

    Beside them the names of checkpoints that do not say which.
    """
    found: dict[str, set[str]] = {name: set() for name in SEEN}
    silent = []
    for name in run.learns_from():
        try:
            folder = find_checkpoint(name)
        except ValueError:  # a black box that is none of ours
            silent.append(name)
            continue
        if (folder / "checkpoint").is_dir() and not (folder / SUMS).is_file():
            raise ValueError(f"{shown(folder)} is the folder of a run: name {shown(folder / 'checkpoint')}")
        verify(folder)
        if not (folder / PHOTOS).is_file():
            silent.append(name)
            continue
        contents = read_json(folder / PHOTOS)
        if not isinstance(contents, dict) or not set(SEEN) <= set(contents):
            raise ValueError(f"{shown(folder / PHOTOS)} does not say which photos were trained on")
        for split in SEEN:
            found[split] |= set(contents[split])
    return found, silent


def changes(before: Record, now: Record) -> list[str]:
    """What differs: photos that came, went, or have another content, class, split or name, a phrase each."""
    old, new = ({path: row for path, *row in record.rows()} for record in (before, now))
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
        f"{count(len(paths), 'photo')} {kind} ({first_of([shown(path) for path in paths], NAMED)})"
        for kind, paths in kinds.items()
        if paths
    ]


def for_checkpoint(record: Record) -> str:
    """What a checkpoint keeps of it: contents alone, of which no name can be read."""
    return json.dumps({name: sorted(contents) for name, contents in record.all_seen().items()}, indent=0) + "\n"
