"""python -m xai duplicates: near-duplicates in a data set, within and across its splits."""

import argparse
import csv
from collections import Counter
from pathlib import Path

from tqdm import tqdm

from xai.duplicates import Pair, find_near_duplicates, group_pairs
from xai.folders import read_layout, show
from xai.photo import load_photo
from xai.sheet import Tile, contact_sheet
from xai.shell.parser import add_command
from xai.similar import load_index
from xai.zoo import load_model

MODEL = "garbage-efficientnet_lite0"  # it also knows what ImageNet shows, not waste alone
SIDE, PAIRS_A_ROW, ROWS = 180, 4, 12  # of a picture sheet


def add_to(commands) -> None:
    parser = add_command(
        commands,
        run,
        "duplicates",
        "near-duplicates in a data set, within and across its splits",
        "Find photos that are nearly the same. FOLDER holds CLASS/PHOTO, split by train.txt, val.txt and "
        "test.txt that list such paths, or by folders of these names. DIR gets a table, duplicates.csv; pictures of "
        "all pairs, duplicates-1.jpg and so on; and leaked.txt: photos of val and test with a near-duplicate in train.",
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR")


def run(options: argparse.Namespace) -> int:
    """Find, print, write; 1 where some photos could not be read."""
    splits = read_layout(options.folder).splits
    split_of = {photo: split for split, photos in splits.items() for photo in photos}
    class_of = {photo: label for photos in splits.values() for photo, label in photos.items()}
    medians = load_index(MODEL).medians
    pairs, failures = find_near_duplicates(list(split_of), load_model(MODEL), medians, lambda p: tqdm(p, unit="photo"))
    options.output.mkdir(parents=True, exist_ok=True)
    names = {photo: show(photo.relative_to(options.folder).as_posix()) for photo in split_of}
    write_table(options.output / "duplicates.csv", pairs, split_of, names)
    listed_twice = set(splits.get("train", ())) & {p for split in ("val", "test") for p in splits.get(split, ())}
    found = find_leaks(pairs, split_of) | listed_twice
    leaked = sorted(photo.relative_to(options.folder).as_posix() for photo in found)
    text = "".join(f"{name}\n" for name in leaked)
    (options.output / "leaked.txt").write_text(text, encoding="utf-8", errors="surrogateescape")
    for number, start in enumerate(range(0, len(pairs), PAIRS_A_ROW * ROWS), start=1):
        sheet = draw_pairs(pairs[start : start + PAIRS_A_ROW * ROWS], split_of, names)
        sheet.save(options.output / f"duplicates-{number}.jpg", quality=85)
    print_summary(pairs, split_of, class_of, names)
    if len(splits) > 1:
        print(f"{len(leaked)} photos of val and test have a near-duplicate in train")
    else:
        print(
            "there are no splits here: where training draws them, near-duplicates can come on both sides; to keep them"
        )
        print("together, write train.txt, val.txt and test.txt")
    print(f"all is in {options.output}")
    for photo, trouble in failures.items():
        print(f"not compared: {show(photo)}: {trouble}")
    return 1 if failures else 0


def find_leaks(pairs: list[Pair], split_of: dict[Path, str]) -> set[Path]:
    """The photos outside of train that have a near-duplicate in it."""
    both = [(a, b) for pair in pairs for a, b in ((pair.first, pair.second), (pair.second, pair.first))]
    return {a for a, b in both if split_of[a] != "train" and split_of[b] == "train"}


def write_table(file: Path, pairs: list[Pair], split_of: dict[Path, str], names: dict[Path, str]) -> None:
    group_of = {photo: i for i, group in enumerate(group_pairs(pairs), start=1) for photo in group}
    with file.open("w", newline="", encoding="utf-8") as table:
        rows = csv.writer(table)
        rows.writerow(
            ["group", "first", "its split", "second", "its split", "pixel bits", "feature bits", "correlation"]
        )
        for p in pairs:
            ends = [names[p.first], split_of[p.first], names[p.second], split_of[p.second]]
            rows.writerow([group_of[p.first], *ends, p.bits, p.feature_bits, f"{p.correlation:.3f}"])


def print_summary(
    pairs: list[Pair], split_of: dict[Path, str], class_of: dict[Path, str], names: dict[Path, str]
) -> None:
    print(f"{len(split_of)} photos, {len(pairs)} near-duplicate pairs in {len(group_pairs(pairs))} groups")
    order = list(dict.fromkeys(split_of.values()))
    kinds = Counter(tuple(sorted((split_of[p.first], split_of[p.second]), key=order.index)) for p in pairs)
    for (a, b), count in sorted(kinds.items()):
        print(f"  {count:4} within {a}" if a == b else f"  {count:4} across {a} and {b}")
    for p in pairs:
        if split_of[p.first] != split_of[p.second]:
            print(f"  across: {names[p.first]} ({split_of[p.first]}), {names[p.second]} ({split_of[p.second]})")
    for p in pairs:
        if class_of[p.first] != class_of[p.second]:
            print(f"  two labels: {names[p.first]}, {names[p.second]}")


def draw_pairs(pairs: list[Pair], split_of: dict[Path, str], names: dict[Path, str]):
    """Pairs side by side, four a row."""
    rows = []
    for start in range(0, len(pairs), PAIRS_A_ROW):
        row = []
        for pair in pairs[start : start + PAIRS_A_ROW]:
            notes = f"{pair.bits} of 64 bits apart,", f"{pair.feature_bits} by features"
            for photo, note in zip((pair.first, pair.second), notes, strict=True):
                lines = (show(photo.name), f"{Path(names[photo]).parent}, {split_of[photo]}", note)
                row.append(Tile(load_photo(photo, 2 * SIDE), lines))
        rows.append(row)
    return contact_sheet(rows, SIDE)
