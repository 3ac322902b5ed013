"""Strangers noticed: how often a photo is said to be unlike those that a network was trained on.

    python -m benchmarks.familiar --trashnet TRASHNET --webwaste WEBWASTE --ucmerced UCMERCED --imagenet IMAGENET
    python -m benchmarks.familiar --show

The first writes `benchmarks/results/familiar.json`, the second prints it as a table. IMAGENET is a folder of photos
with a labels.csv (file, index among the 1,000 classes, name), the others are the data sets the networks were trained
on. Own photos are test photos, strangers are the other data sets' test photos and those of ImageNet; for the garbage
networks without things that hold something or are thrown away after use. Surfaces are drawn, half of them of kinds that
were not among those the notice was made with. Milliseconds are those of one photo, its reading from the file left out.
"""

import argparse
import csv
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter
from tqdm import tqdm

from benchmarks import record
from benchmarks.record import markdown, read
from xai.familiar import describe_once, is_familiar
from xai.folders import list_splits
from xai.photo import as_photo
from xai.surfaces import KINDS, draw_channels, draw_color, draw_surface
from xai.zoo import GARBAGE, PYRAMID, STUDENTS, find_familiar_file

CONTAINERS = {
    412, 414, 440, 441, 463, 478, 492, 503, 504, 505, 519, 521, 544, 549, 567, 572, 588, 631, 636, 637, 647, 653, 659,
    692, 700, 709, 711, 712, 720, 725, 728, 737, 738, 748, 756, 773, 790, 804, 809, 838, 849, 868, 876, 883, 893, 898,
    899, 901, 907, 968,
}  # ImageNet's bottles, cups, cans, boxes, bins, bags, cartons, packets, pots, buckets, barrels, bowls  # fmt: skip
EACH = 12  # drawn surfaces of a kind
SEED = 1  # another than that of the surfaces the notice was made with
TIMED = 40


def poisson(rng, height, width):
    mean = rng.uniform(3, 40)
    return rng.poisson(mean, (height, width, draw_channels(rng))) * 128 / mean


def exponential(rng, height, width):
    return rng.exponential(rng.uniform(20, 90), (height, width, draw_channels(rng)))


def blurred(rng, height, width):
    noise = gaussian_filter(rng.normal(size=(height, width, draw_channels(rng))), (*[rng.uniform(0.5, 6)] * 2, 0))
    return 128 + noise / noise.std() * rng.uniform(15, 60)


def halves(rng, height, width):
    first, second = draw_color(rng), draw_color(rng)
    y, x = np.mgrid[0:height, 0:width]
    side = x > width * rng.uniform(0.2, 0.8) if rng.random() < 0.5 else y > height * rng.uniform(0.2, 0.8)
    return np.where(side[..., None], first, second)


def vignette(rng, height, width):
    y, x = np.mgrid[-0.5 : 0.5 : height * 1j, -0.5 : 0.5 : width * 1j]
    return draw_color(rng) * (1 - rng.uniform(0.1, 1) * np.hypot(x, y)[..., None]) + rng.normal(
        0, 1.5, (height, width, 1)
    )


def speckled(rng, height, width):
    return draw_color(rng) * rng.gamma(4, 1 / 4, (height, width, draw_channels(rng)))


UNSEEN: tuple[Callable, ...] = (poisson, exponential, blurred, halves, vignette, speckled)


def drawn(kinds: Iterable[Callable], each: int) -> list[Image.Image]:
    """Some surfaces of each kind."""
    return [
        draw_surface(np.random.default_rng([SEED, k, i]), kind) for k, kind in enumerate(kinds) for i in range(each)
    ]


def imagenet(folder: Path, without: set[int]) -> list[Path]:
    with (folder / "labels.csv").open(encoding="utf-8") as lines:
        return [folder / row["file"] for row in csv.DictReader(lines) if int(row["index"]) not in without]


def measure(group: str, networks: list[str], sets: dict[str, tuple[str, list]]) -> list[dict]:
    """A row for each list of training photos and set of photos: how many there are, and how many were noticed."""
    rows = []
    for file in dict.fromkeys(map(find_familiar_file, networks)):
        names = [name for name in networks if find_familiar_file(name) == file]
        for title, (kind, photos) in sets.items():
            answers = [is_familiar(photo, names[0]) for photo in tqdm(photos, f"{names[0]}, {title}", leave=False)]
            counts = {"count": len(photos), "noticed": answers.count(False)}
            rows.append({"group": group, "networks": names, "kind": kind, "photos": title, **counts})
        own = [row for row in rows if row["networks"] == names and row["kind"] == "own"]
        if len(own) > 1:
            counts = {key: sum(row[key] for row in own) for key in ("count", "noticed")}
            rows.append({"group": group, "networks": names, "kind": "own", "photos": "together", **counts})
    return rows


def milliseconds(photos: list[Path], network: str) -> float:
    """Median time of a photo that was not asked about before."""
    times = []
    for photo in [as_photo(path) for path in photos[:TIMED]]:
        describe_once.cache_clear()
        started = time.perf_counter()
        is_familiar(photo, network)
        times.append(1000 * (time.perf_counter() - started))
    return float(np.median(times))


def table(found: dict) -> str:
    """The file as Markdown."""
    rows, lists = [], {(row["group"], *row["networks"]) for row in found["rows"]}
    for row in found["rows"]:
        alone = sum(group == row["group"] for group, *_ in lists) == 1
        names = row["group"] if alone else ", ".join(f"`{name}`" for name in row["networks"])
        share = f"{100 * row['noticed'] / row['count']:.1f} %"
        rows.append([names, row["kind"], row["photos"], row["count"], share])
    time = f"\nA photo takes {found['milliseconds']:.1f} ms, whatever the number of networks.\n"
    return markdown(["networks", "", "photos", "how many", "noticed"], rows) + time


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("trashnet", "webwaste", "ucmerced", "imagenet"):
        parser.add_argument(f"--{name}", type=Path, metavar="FOLDER")
    parser.add_argument("--each", type=int, default=EACH, help="surfaces of each kind")
    parser.add_argument("--show", action="store_true", help="print the results file as a table")
    options = parser.parse_args()
    if options.show:
        return print(table(read("familiar")))
    tests = {name: list_splits(getattr(options, name))["test"] for name in ("trashnet", "webwaste", "ucmerced")}
    surfaces = {
        "drawn surfaces": ("nothing", drawn(KINDS, options.each)),
        "drawn surfaces of other kinds": ("nothing", drawn(UNSEEN, 2 * options.each)),
    }
    rows = measure("waste", [*GARBAGE, *STUDENTS], {
        "TrashNet": ("own", tests["trashnet"]), "webwaste": ("own", tests["webwaste"]),
        "ImageNet without containers": ("strangers", imagenet(options.imagenet, CONTAINERS)),
        "UC Merced": ("strangers", tests["ucmerced"]), **surfaces,
    })  # fmt: skip
    rows += measure("aerial", list(PYRAMID), {
        "UC Merced": ("own", tests["ucmerced"]), "ImageNet": ("strangers", imagenet(options.imagenet, set())),
        "TrashNet": ("strangers", tests["trashnet"]), "webwaste": ("strangers", tests["webwaste"]), **surfaces,
    })  # fmt: skip
    record.write("familiar", rows, milliseconds=milliseconds(tests["trashnet"], GARBAGE[0]))
    print(table(read("familiar")))


if __name__ == "__main__":
    main()
