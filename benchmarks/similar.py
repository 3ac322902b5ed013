"""Photos like this one: how often the nearest five share the label, and how long they take to find.

    python -m benchmarks.similar TRASHNET          (needs: pip install -e ".[bench]")

TRASHNET is the folder of the shipped index's photos. With `--readings` two others stand beside the hash that is
shipped: the most obvious reading of the feature vector F of BaiNa and Joe, 2024 (the mean over the channels, resized to
32×32, its DCT's 8×8 corner against its median), and as a ceiling the cosine of the pooled features, unhashed; each with
the training photos as the index. Writes benchmarks/results/similar.json.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F
from tqdm import tqdm

import xai
from benchmarks import record
from benchmarks.timing import machine, median
from xai.activations import Activations
from xai.duplicates import hash_pixels
from xai.folders import list_splits
from xai.similar import AT_ONCE, compute_low_frequencies, load_index, to_bits
from xai.zoo import GARBAGE

COUNT = 5


@torch.no_grad()
def features_of(model, photos: list[Path]) -> torch.Tensor:
    """Last layers' features (N, C, h, w), in half precision to save memory."""
    parts = [photos[i : i + AT_ONCE] for i in range(0, len(photos), AT_ONCE)]
    return torch.cat([Activations(model, model.preprocess(part)).last.half() for part in tqdm(parts, leave=False)])


def share(distances: np.ndarray, index_labels: np.ndarray, labels: np.ndarray) -> float:
    """Mean share, in %, of the nearest five (by rows of distances) that have the photo's own label."""
    nearest = distances.argsort(axis=1, kind="stable")[:, :COUNT]
    return 100 * float((index_labels[nearest] == labels[:, None]).mean())


def hamming(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.bitwise_count(a[:, None] ^ b[None])


def obvious_reading(features: torch.Tensor) -> np.ndarray:
    maps = features.float().mean(1, keepdim=True)  # N, 1, h, w
    return hash_pixels(F.interpolate(maps, (32, 32), mode="bilinear")[:, 0].numpy())


def cosine(a: torch.Tensor, b: torch.Tensor) -> np.ndarray:
    a, b = (F.normalize(f.float().mean(dim=(2, 3)), dim=1) for f in (a, b))
    return -(a @ b.T).numpy()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--split", default="test", choices=("val", "test"))
    parser.add_argument("--model", nargs="+", default=list(GARBAGE))
    parser.add_argument("--readings", action="store_true", help="the other readings too: minutes a model")
    parser.add_argument("--limit", type=int, help="photos that are asked about at most")
    parser.add_argument("--name", default="similar", help="of the results file")
    options = parser.parse_args()
    splits = list_splits(options.folder)
    train, queries = splits["train"], splits[options.split][: options.limit]
    of_train, of_queries = (np.array([photo.parent.name for photo in part]) for part in (train, queries))
    chance = 100 * float((of_train[None] == of_queries[:, None]).mean())
    rows = [figures(name, queries, of_queries, train if options.readings else [], of_train) for name in options.model]
    record.write(options.name, rows, split=options.split, photos=len(queries), chance=round(chance, 1))
    print(f"{machine()}; {len(queries)} photos of {options.split}, chance {chance:.1f} %\n")
    columns = list(rows[0])
    print(f"| {' | '.join(columns)} |\n|{' --- |' * len(columns)}")
    for row in rows:
        print(f"| {' | '.join(str(value) for value in row.values())} |")


def figures(name: str, queries: list[Path], of_queries: np.ndarray, train: list[Path], of_train: np.ndarray) -> dict:
    """What an index is worth: shares in %, milliseconds; the other readings where training photos are given."""
    model, index = xai.load_model(name, "cpu"), load_index(name)
    asked = features_of(model, queries)
    mine = hamming(to_bits(compute_low_frequencies(asked), index.medians), index.hashes)
    times = []
    for i in range(20):
        started = time.perf_counter()
        index.nearest_to(asked[i % len(asked) :][:1].float())
        times.append(1000 * (time.perf_counter() - started))
    row = {"model": name, "shipped": round(share(mine, np.array(index.labels), of_queries), 1)}
    row["ms"] = round(median(times), 1)
    if train:
        known = features_of(model, train)
        obvious = hamming(obvious_reading(asked), obvious_reading(known))
        row["obvious"] = round(share(obvious, of_train, of_queries), 1)
        row["cosine"] = round(share(cosine(asked, known), of_train, of_queries), 1)
    return row


if __name__ == "__main__":
    main()
