"""How many photos of a data set are nearly the same: python -m benchmarks.duplicates TRASHNET UCMERCED.

Counts what `python -m xai duplicates` lists. Writes benchmarks/results/duplicates.json.
"""

import argparse
from pathlib import Path

from tqdm import tqdm

import xai
from benchmarks import record
from xai.duplicates import find_near_duplicates
from xai.folders import list_splits
from xai.shell.duplicates import MODEL, find_leaks


def counted(folder: Path) -> dict:
    """Pairs within a split and across splits, and how many photos of val and test have a near-duplicate in train."""
    split_of = {photo: split for split, photos in list_splits(folder).items() for photo in photos}
    pairs, _ = find_near_duplicates(list(split_of), xai.load_model(MODEL), xai.load_index(MODEL).medians, tqdm)
    across = sum(split_of[pair.first] != split_of[pair.second] for pair in pairs)
    return {
        "data": folder.name,
        "photos": len(split_of),
        "pairs": len(pairs),
        "within": len(pairs) - across,
        "across": across,
        "leaked": len(find_leaks(pairs, split_of)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--name", default="duplicates", help="of the results file")
    options = parser.parse_args()
    rows = [counted(folder) for folder in options.folders]
    record.write(options.name, rows)
    print(*rows, sep="\n")


if __name__ == "__main__":
    main()
