"""Do two networks differ in accuracy? Paired, on the same photos: the difference and its standard error.

    python -m benchmarks.accuracy --data TRASHNET WEBWASTE          (needs: pip install -e ".[bench]")

On each photo network B is right (1) or wrong (0), and so is A; the photo's difference is B less A, one of -1, 0, 1.
The difference of the accuracies is the mean of these, and its standard error their standard deviation divided by the
square root of the number of photos. Photos that both get right, or both wrong, add nothing to it: that is why it is
smaller than the error of two accuracies measured on different photos. Writes benchmarks/results/accuracy.json.
"""

import argparse
from itertools import combinations
from math import sqrt
from pathlib import Path

import numpy as np
from tqdm import tqdm

import xai
from benchmarks import record
from xai.folders import list_splits
from xai.models import Classifier

AT_ONCE = 16
RESNETS = ("garbage-resnet50", "garbage-se_resnet50", "garbage-s_se_resnet50")


def find_right(model: Classifier, photos: list[Path]) -> np.ndarray:
    """Whether a network names each photo's class (N)."""
    parts = [photos[i : i + AT_ONCE] for i in range(0, len(photos), AT_ONCE)]
    answers = np.concatenate([model.predict_proba(part) for part in tqdm(parts, model.name, leave=False)]).argmax(1)
    return np.array([model.classes[k] == photo.parent.name for k, photo in zip(answers, photos, strict=True)])


def compared(a: np.ndarray, b: np.ndarray) -> dict[str, float]:
    """The difference of two networks' accuracies, in points, from what either gets right (N), with its standard error.

    Formula: `d_i = b_i − a_i`, `mean(d) ± std(d) / √N`.
    """
    differences = 100 * (b.astype(float) - a.astype(float))
    error = differences.std(ddof=1) / sqrt(len(differences))
    return {"points": round(float(differences.mean()), 2), "standard_error": round(float(error), 2)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", nargs="+", type=Path, required=True, help="folders of CLASS/PHOTO")
    parser.add_argument("--split", default="test", choices=("val", "test"))
    parser.add_argument("--model", nargs="+", default=list(RESNETS))
    parser.add_argument("--limit", type=int, help="photos of each folder at most")
    parser.add_argument("--name", default="accuracy", help="of the results file")
    options = parser.parse_args()
    photos = {folder.name: list_splits(folder)[options.split][: options.limit] for folder in options.data}
    rows = []
    found = {
        (name, model): find_right(xai.load_model(model, "cpu"), paths)
        for name, paths in photos.items()
        for model in options.model
    }
    for name in photos:
        for a, b in combinations(options.model, 2):
            both = found[name, a], found[name, b]
            rows.append({"data": name, "photos": len(photos[name]), "from": a, "to": b, **compared(*both)})
    record.write(options.name, rows, split=options.split)
    for row in rows:
        print(f"{row['data']}: {row['to']} less {row['from']}: {row['points']:+} ± {row['standard_error']} points")


if __name__ == "__main__":
    main()
