"""Photos like this one: how often the nearest five share the label, and how long they take to find.

    python -m benchmarks.similar TRASHNET          (needs: pip install -e ".[bench]")

TRASHNET is the folder of the shipped index's photos. Beside the hash that is shipped, the most obvious reading of the
paper (the mean over the channels, resized to 32×32, its DCT's 8×8 corner against its median), and as a ceiling the
cosine of the pooled features, unhashed; each with the training photos as the index.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F
from tqdm import tqdm

import xai
from benchmarks.timing import machine, median
from xai.activations import Activations
from xai.duplicates import pixel_hashes
from xai.folders import splits_in
from xai.similar import AT_ONCE, hashed, load_index, low_frequencies
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
    return pixel_hashes(F.interpolate(maps, (32, 32), mode="bilinear")[:, 0].numpy())


def cosine(a: torch.Tensor, b: torch.Tensor) -> np.ndarray:
    a, b = (F.normalize(f.float().mean(dim=(2, 3)), dim=1) for f in (a, b))
    return -(a @ b.T).numpy()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--split", default="test", choices=("val", "test"))
    parser.add_argument("--model", nargs="+", default=list(GARBAGE))
    parser.add_argument("--readings", action="store_true", help="the other readings too: minutes a model")
    options = parser.parse_args()
    splits = splits_in(options.folder)
    train, queries = splits["train"], splits[options.split]
    of_train, of_queries = (np.array([photo.parent.name for photo in part]) for part in (train, queries))
    print(f"{machine()}; {len(queries)} photos of {options.split}\n")
    print("| model | shipped hash | ms to find five | obvious reading | cosine |\n| --- | --- | --- | --- | --- |")
    for name in options.model:
        model, index = xai.load_model(name, "cpu"), load_index(name)
        asked = features_of(model, queries)
        mine = hamming(hashed(low_frequencies(asked), index.medians), index.hashes)
        times = []
        for i in range(20):
            started = time.perf_counter()
            index.nearest_to(asked[i : i + 1].float())
            times.append(1000 * (time.perf_counter() - started))
        line = f"| {name} | {share(mine, np.array(index.labels), of_queries):.1f} % | {median(times):.1f} |"
        if options.readings:
            known = features_of(model, train)
            given = share(hamming(obvious_reading(asked), obvious_reading(known)), of_train, of_queries)
            line += f" {given:.1f} % | {share(cosine(asked, known), of_train, of_queries):.1f} %"
        else:
            line += " | "
        print(line + " |", flush=True)


if __name__ == "__main__":
    main()
