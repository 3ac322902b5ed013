"""A folder of photos: explaining it in the shell, sheets and all, against classifying it, in turn in one process.

    python -m benchmarks.folder PHOTOS          (needs: pip install -e ".[bench]")

Classifying is `model.predict_proba` of the same files, loading of the model included in both.
"""

import argparse
import contextlib
import io
import tempfile
from pathlib import Path

import xai
from benchmarks import record
from benchmarks.timing import in_turn, machine, median
from xai.__main__ import main as shell
from xai.folders import list_photos


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--photos", type=int, default=200)
    parser.add_argument("--model", default="garbage-resnet50")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--output", default="folder", help="name of the results file, or a path that ends in .json")
    options = parser.parse_args()
    found = list_photos(options.folder)
    photos = found[:: max(1, len(found) // options.photos)][: options.photos]

    def classify() -> None:
        xai.load_model(options.model).predict_proba(photos)

    def explain() -> None:
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
            assert shell(["explain", *map(str, photos), "--model", options.model, "--output", folder]) == 0
            assert len(list(Path(folder).glob("*.jpg"))) == len(photos)

    times = in_turn({"classify": classify, "explain": explain}, options.rounds, warmup=0)
    base = median(times["classify"])
    print(f"{machine()}, {options.model}, {len(photos)} photos, {options.rounds} rounds\n\n| | seconds | times |")
    print("| --- | --- | --- |")
    rows = []
    for name, row in times.items():
        print(f"| {name} | {median(row) / 1000:.1f} | {median(row) / base:.2f} |")
        seconds, times_as_long = round(median(row) / 1000, 1), round(median(row) / base, 2)
        rows.append({"what": name, "seconds": seconds, "times classifying": times_as_long})
    record.write(options.output, rows, model=options.model, photos=len(photos), rounds=options.rounds)


if __name__ == "__main__":
    main()
