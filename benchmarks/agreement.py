"""How far a student agrees with its black box, beside a stranger and the black box itself on photos hardly changed.

    python -m benchmarks.agreement --data TRASHNET WEBWASTE          (needs: pip install -e ".[bench]")

Every row is measured on one and the same set of photos: the student; a network that never saw the black box, which is
what agreement without imitation looks like; and the black box asked again about each photo mirrored, saved as a JPEG
file of quality 75, or cropped by 4 %, which is how steady its own answers are.
Writes benchmarks/results/agreement.json.
"""

import argparse
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps
from tqdm import tqdm

import xai
from benchmarks import record
from xai.agreement import compute_similarity, measure_divergence
from xai.folders import list_splits
from xai.photo import load_photo

AT_ONCE, TOP = 16, 5
CROPPED = 0.04  # of either side, half at each edge
QUALITY = 75


def as_jpeg(photo: Image.Image) -> Image.Image:
    file = io.BytesIO()
    photo.save(file, "JPEG", quality=QUALITY)
    return Image.open(file).convert("RGB")


def cropped(photo: Image.Image) -> Image.Image:
    x, y = (round(side * CROPPED / 2) for side in photo.size)
    return photo.crop((x, y, photo.width - x, photo.height - y))


CHANGES = {"mirrored": ImageOps.mirror, f"as JPEG {QUALITY}": as_jpeg, f"cropped by {CROPPED:.0%}": cropped}


def answers(ask: Callable, photos: list[Path], change: Callable = lambda photo: photo) -> np.ndarray:
    """Confidences (N, K) of changed photos."""
    parts = [photos[i : i + AT_ONCE] for i in range(0, len(photos), AT_ONCE)]
    return np.concatenate([ask([change(load_photo(path)) for path in part]) for part in tqdm(parts, leave=False)])


def row(who: str, data: str, teacher: np.ndarray, other: np.ndarray) -> dict:
    return {
        "who": who,
        "data": data,
        "photos": len(teacher),
        "sim": [round(compute_similarity(teacher, other, n), 4) for n in range(1, TOP + 1)],
        "kl": round(float(measure_divergence(teacher, other).mean()), 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", nargs="+", type=Path, required=True, help="folders of CLASS/PHOTO")
    parser.add_argument("--split", default="test", choices=("val", "test"))
    parser.add_argument("--black-box", default="garbage-efficientnet_lite0")
    parser.add_argument("--student", default="blackbox-student")
    parser.add_argument("--stranger", default="garbage-cnn", help="a network that never saw the black box")
    parser.add_argument("--limit", type=int, help="photos of each folder at most")
    parser.add_argument("--name", default="agreement", help="of the results file")
    options = parser.parse_args()
    black_box = xai.load_black_box(options.black_box)
    photos = {folder.name: list_splits(folder)[options.split][: options.limit] for folder in options.data}
    everything = [path for paths in photos.values() for path in paths]
    of = np.repeat(list(photos), [len(paths) for paths in photos.values()])
    teacher = answers(black_box.predict_proba, everything)
    others = {
        options.student: answers(xai.load_model(options.student).predict_proba, everything),
        options.stranger: answers(xai.load_model(options.stranger).predict_proba, everything),
        **{f"itself, {name}": answers(black_box.predict_proba, everything, by) for name, by in CHANGES.items()},
    }
    sets = {name: of == name for name in photos} | {"all": np.ones(len(of), dtype=bool)}
    rows = [row(who, name, teacher[s], other[s]) for who, other in others.items() for name, s in sets.items()]
    record.write(options.name, rows, black_box=options.black_box, split=options.split)
    for found in rows:
        sims = " ".join(f"{100 * sim:5.1f}" for sim in found["sim"])
        print(f"{found['who']:22} {found['data']:10} {found['photos']:5} photos, Sim 1–5: {sims} %, KL {found['kl']}")


if __name__ == "__main__":
    main()
