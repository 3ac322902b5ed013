"""Folders of photos as people lay them out, read as training does: python -m benchmarks.folders [--folders 300].

Each is drawn by chance: layout, names, damaged files, and what changes between two calls. What its owner meant is
known, so that it can be said whether every photo came into its split and class, or a sentence said why not, and whether
a photo was ever tested on that was trained on before.
"""

import argparse
import random
import shutil
import tempfile
import traceback
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from unicodedata import normalize

import numpy as np
from accelerate import Accelerator
from PIL import Image
from tqdm import tqdm

from benchmarks import record
from train.data.prepare import name_photo, prepare_data
from train.data.splits import DataSet
from train.presets import CLASSIFIER_PRESETS
from train.run import Run
from xai.folders import SPLITS, show

NAMES = ("glass", "Metal cans", "유리병", normalize("NFD", "플라스틱"), "papier-mâché", "class 7", "test tube", "trash")
ENDINGS = (".png", ".PNG", ".jpg", ".JPG", ".jpeg", ".jfif", ".webp", ".bmp")
CALLED = {
    "train": ("train", "Train", "training", "TRAINING", "train_set", "seg_train", "1.Training"),
    "val": ("val", "valid", "Validation", "dev", "VAL", "seg_val", "2.Validation"),
    "test": ("test", "Testing", "test_set", "seg_test", "TEST"),
}
LAYOUTS = ("flat", "nested", "splits", "two splits", "doubled", "lists", "yaml")
UNUSUAL = ("splits in classes", "wrapped", "loose", "one class", "empty class", "a class like a split", "two for val")
BREAKS = ("truncated", "empty", "text", "tiny", "huge")
CHANGES = ("nothing", "more", "fewer", "renamed", "other content", "other class", "other split", "another class")


@dataclass
class Owner:
    """What the owner of a folder means: of each photo, by its path, the split (None: any) and the class."""

    root: Path
    layout: str
    means: dict[str, tuple[str | None, str]] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)

    def path(self, chance: random.Random, split: str | None, label: str, number: int) -> str:
        """Where a photo lies in this layout."""
        ending = chance.choice(ENDINGS)
        name = f"{chance.choice(('IMG ', '사진', 'a'))}{number:04}{ending}"
        deep = (
            f"{chance.choice(('indoor', 'outdoor', 'session 2'))}/" if self.layout in ("nested", "two splits") else ""
        )
        folder = self.folders.get(split, "")
        if self.layout == "splits in classes":
            return f"{label}/{folder}/{name}"
        return "/".join(part for part in (folder, label, deep + name) if part)

    folders: dict[str, str] = field(default_factory=dict)


def draw_folder(root: Path, seed: int) -> Owner:
    """A folder of photos by chance."""
    chance = random.Random(seed)
    layout = chance.choice((*LAYOUTS, *LAYOUTS, *UNUSUAL))
    owner, splits = Owner(root, layout), [None]
    labels = chance.sample(NAMES, 1 if layout == "one class" else chance.randint(2, 3))
    if layout in ("splits", "two splits", "doubled", "yaml", "splits in classes", "two for val"):
        splits = ["train", "val", "test"]
        if layout == "two splits":
            splits.remove(chance.choice(("val", "test")))
        owner.folders = {split: chance.choice(CALLED[split]) for split in splits}
    if layout == "doubled":
        owner.folders = {split: f"{name}/{name}" for split, name in owner.folders.items()}
    if layout == "yaml":
        owner.folders = dict(zip(splits, ("part a", "part b", "part c"), strict=True))
    if layout == "wrapped":
        owner.folders = {None: "archive"}
    if layout == "a class like a split":
        labels[0] = "test"
    number = 0
    for label in labels:
        for split in splits:
            for _ in range(chance.randint(*((24, 40) if split in (None, "train") else (5, 9)))):
                number += 1
                path = owner.path(chance, split, "" if layout == "loose" else label, number)
                write_photo(root / path, seed * 10_000 + number)
                owner.means[path] = (split, normalize("NFC", label))
    if layout == "lists":
        write_lists(owner, chance)
    if layout == "yaml":
        where = "".join(f"{key}: ../{owner.folders[key]}\n" for key in splits)
        (root / "data.yaml").write_text(f"{where}nc: {len(labels)}\nnames: {labels!r}\n", encoding="utf-8")
    if layout == "empty class":
        (root / "ceramics").mkdir()
    if layout == "two for val":
        write_photo(root / "validation 2" / labels[0] / "1.png", seed)
    if layout == "doubled":
        write_photo(root / "seg_pred" / "1.png", seed)
    for _ in range(chance.choice((0, 0, 1, 3))):
        break_photo(owner, chance)
    if chance.random() < 0.3 and layout in ("splits", "lists"):  # a copy of a test photo among those to train on
        copy_into_train(owner, chance)
    for name in chance.sample((".DS_Store", "Thumbs.db", "notes.txt", "._1.jpg"), 2):
        (root / next(iter(owner.means))).with_name(name).write_bytes(b"not a photo")
    return owner


def write_photo(path: Path, seed: int) -> None:
    """A photo of noise; a JPEG whose name may end otherwise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = Image.fromarray(np.random.default_rng(seed).integers(0, 255, (24, 20, 3), np.uint8))
    kinds = {".png": "PNG", ".webp": "WEBP", ".bmp": "BMP"}
    noise.save(path, kinds.get(path.suffix.lower(), "JPEG"))


def write_lists(owner: Owner, chance: random.Random) -> None:
    """train.txt, val.txt and test.txt in one of the forms that systems write."""
    encoding, end, slash = chance.choice((("utf-8", "\n", "/"), ("utf-8-sig", "\r\n", "\\"), ("utf-16", "\r\n", "/")))
    lists: dict[str, list[str]] = {split: [] for split in SPLITS}
    for path, (_, label) in list(owner.means.items()):
        split = chance.choices(SPLITS, (3, 1, 1))[0]
        lists[split].append(path.replace("/", slash))
        owner.means[path] = (split, label)
    for split, lines in lists.items():
        called = chance.choice(CALLED[split][:3])
        (owner.root / f"{called}.txt").write_bytes((end.join(lines) + end).encode(encoding))


def break_photo(owner: Owner, chance: random.Random) -> None:
    path = chance.choice(sorted(owner.means))
    file, how = owner.root / path, chance.choice(BREAKS)
    if how == "truncated":
        file.write_bytes(file.read_bytes()[:300])
    elif how == "empty":
        file.write_bytes(b"")
    elif how == "text":
        file.write_text("<html>404 Not Found</html>")
    else:
        size = (8, 8) if how == "tiny" else (9000, 8000)
        Image.new("1", size).save(file, "PNG")
    owner.broken.add(path)


def copy_into_train(owner: Owner, chance: random.Random) -> None:
    tested = [path for path, (split, _) in owner.means.items() if split == "test" and path not in owner.broken]
    trained = [path for path, (split, _) in owner.means.items() if split == "train" and path not in owner.broken]
    shutil.copy(owner.root / chance.choice(tested), owner.root / chance.choice(trained))


def change(owner: Owner, chance: random.Random) -> str:
    """Something that happens between two calls."""
    how = chance.choice(CHANGES if owner.layout != "lists" else ("nothing", "other content"))
    path = chance.choice(sorted(set(owner.means) - owner.broken))
    split, label = owner.means[path]
    if how == "more":
        for number in range(5000, 5008):
            new = owner.path(chance, split, Path(path).parts[len(Path(owner.folders.get(split, "")).parts)], number)
            write_photo(owner.root / new, random.Random(number).randint(10**9, 2 * 10**9))
            owner.means[new] = (split, label)
    elif how == "fewer":
        (owner.root / path).unlink()
        del owner.means[path]
    elif how == "renamed":
        new = str(Path(path).with_name(f"renamed {Path(path).name}"))
        (owner.root / path).rename(owner.root / new)
        owner.means[new] = owner.means.pop(path)
    elif how == "other content":
        write_photo(owner.root / path, chance.randint(10**9, 2 * 10**9))
    elif how == "other class":
        other = next((p for p, (s, k) in owner.means.items() if s == split and k != label), path)
        new = str(Path(other).with_name(f"moved {Path(path).name}"))
        (owner.root / path).rename(owner.root / new)
        del owner.means[path]
        owner.means[new] = (split, owner.means[other][1])
    elif how == "other split":  # what was trained on is to be tested on
        old = next(p for p, (s, _) in owner.means.items() if s in (None, "train") and p not in owner.broken)
        into = next((p for p, (s, k) in owner.means.items() if s == "test" and k == owner.means[old][1]), None)
        if into is None:
            return "nothing"
        new = str(Path(into).with_name(f"moved {Path(old).name}"))
        (owner.root / old).rename(owner.root / new)
        owner.means[new] = ("test", owner.means.pop(old)[1])
    elif how == "another class":
        for number in range(6000, 6040):
            new = owner.path(chance, split, "newcomers", number)
            write_photo(owner.root / new, random.Random(number).randint(10**9, 2 * 10**9))
            owner.means[new] = (split, "newcomers")
    return how


def wrong(owner: Owner, data: DataSet) -> list[str]:
    """What is not as its owner meant it, and is not said."""
    found, said = [], " ".join(data.notes)
    where = {}
    for split, part in data.splits.items():
        for photo, label in zip(part.photos, part.labels, strict=True):
            where[name_photo(photo, data)] = (split, label)
    for name, (split, label) in owner.means.items():
        if name not in where:
            found += [f"{name} is gone without a word"] * (Path(name).name not in said and "…" not in said)
            continue
        drawn = split == "train" and where[name][0] in data.drawn
        if where[name][1] != label or not (drawn or split in (None, where[name][0])):
            found.append(f"{name} is {where[name]} instead of {(split, label)}")
    contents = {split: set(part.contents) for split, part in data.splits.items()}
    for one, other in (("train", "val"), ("train", "test"), ("val", "test")):
        if contents[one] & contents[other]:
            found.append(f"{one} and {other} share photos")
    return found


def go_through(seed: int, place: Path, accelerator: Accelerator) -> dict:
    """One folder, read, changed, and read again as by a run that goes on."""
    owner = draw_folder(place / "photos", seed)
    chance, out = random.Random(-seed), place / "run"
    out.mkdir()
    recipe = replace(CLASSIFIER_PRESETS["paper"][1], data=[str(owner.root)], out=out)
    row = {"layout": owner.layout, "broken": len(owner.broken), "outcome": "", "trouble": []}

    def read(begun: bool, **options) -> DataSet | None:
        try:
            (data,) = prepare_data(Run(replace(recipe, **options), accelerator, begun), recipe.data).values()
        except (ValueError, OSError) as error:
            row["outcome"] = str(error)
            return None
        except Exception:
            row["trouble"].append(traceback.format_exc())
            return None
        row["outcome"] = "read"
        row["trouble"] += wrong(owner, data)
        return data

    first = read(False)
    if owner.broken and owner.layout not in UNUSUAL:
        named = sum(show(path) in row["outcome"] for path in owner.broken)
        if first is not None or named != len(owner.broken):
            row["trouble"].append(f"damaged photos were not named: {row['outcome']}")
        first = read(False, broken="skip")
    if owner.layout in UNUSUAL and first is not None:
        row["trouble"].append("an unusual layout was guessed")
    if first is None:
        return row
    trained = set(first.splits["train"].contents)
    chosen = set(first.splits["val"].contents)
    row["change"] = change(owner, chance)
    again = read(True, broken="skip")
    if (again is None) == (row["change"] == "nothing"):
        row["trouble"].append(f"after {row['change']}: {row['outcome']}")
    accepted = read(True, broken="skip", data_changed="accept")
    for data in filter(None, (again, accepted)):
        if trained & {*data.splits["val"].contents, *data.splits["test"].contents} or chosen & set(
            data.splits["test"].contents
        ):
            row["trouble"].append("a test photo was trained on")
    if accepted and read(True, broken="skip") is None:
        row["trouble"].append(f"what was accepted is refused: {row['outcome']}")
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split(":")[0])
    parser.add_argument("--folders", type=int, default=300)
    parser.add_argument("--first", type=int, default=0, help="seed of the first")
    parser.add_argument("--output", default="folders", help="name of the results file, or a path that ends in .json")
    options, accelerator, rows = parser.parse_args(), Accelerator(), []
    accelerator.print = lambda *_: None
    for seed in tqdm(range(options.first, options.first + options.folders)):
        with tempfile.TemporaryDirectory() as place:
            rows.append({"seed": seed, **go_through(seed, Path(place), accelerator)})
        for trouble in rows[-1]["trouble"]:
            tqdm.write(f"{seed}, {rows[-1]['layout']}: {trouble}")
    layouts = Counter(row["layout"] for row in rows)
    table = [
        {
            "layout": layout,
            "folders": number,
            "read": sum(row["outcome"] == "read" for row in rows if row["layout"] == layout),
            "refused by a sentence": sum(row["outcome"] != "read" for row in rows if row["layout"] == layout),
            "wrong": sum(bool(row["trouble"]) for row in rows if row["layout"] == layout),
        }
        for layout, number in layouts.items()
    ]
    for row in table:
        print(row)
    record.write(options.output, table)


if __name__ == "__main__":
    main()
