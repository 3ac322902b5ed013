"""Near-duplicates: pairs of photos of the same thing from nearly the same place."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.fft import dctn
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from xai.activations import Activations
from xai.models import Classifier
from xai.models.classifier import evaluating
from xai.modes import without_gradients
from xai.photo import PhotoError, load_photo
from xai.similar import AT_ONCE, compute_low_frequencies, to_bits

SIDE, CORNER = 32, 8  # pixels and coefficients of the pixel hash
MAX_BITS, MAX_FEATURE_BITS, MIN_CORRELATION = 8, 10, 0.97  # measured on TrashNet and UC Merced
MAX_SIDE = 512  # pixels a side; more is not looked at


@dataclass(frozen=True)
class Pair:
    """Two photos that are nearly the same.

    Attributes:
        first, second: their paths.
        bits: of 64, in which their pixel hashes differ.
        feature_bits: of 64, in which their feature hashes differ.
        correlation: of their grey pixels at 32×32.
    """

    first: Path
    second: Path
    bits: int
    feature_bits: int
    correlation: float


def find_near_duplicates(
    photos: Sequence[Path],
    model: Classifier,
    medians: np.ndarray,
    progress: Callable[[Iterable], Iterable] = iter,
) -> tuple[list[Pair], dict[Path, str]]:
    """Pairs of near-duplicates, the nearest first, and what could not be read, with the reason.

    Rule: the pixel hashes differ in at most 8 of 64 bits, and either the feature hashes of `xai.similar` in at most 10
    or the pixels at 32×32 correlate by at least 0.97. Only photos that pass the first test meet the network.
    Pixel hash: the 8×8 lowest frequencies of the DCT of the grey photo at 32×32, each compared with their median
    (Zauner, Implementation and Benchmarking of Perceptual Image Hash Functions, 2010).

    Args:
        photos: N paths; every pair is compared.
        model: of the feature hashes.
        medians: (64) what its coefficients are compared with, from an index made for it.
        progress: wraps the photos as they are read, as tqdm does.
    """
    greys, failures = {}, {}
    for path in progress(photos):
        try:
            greys[path] = shrink_grey(load_photo(path, MAX_SIDE))
        except PhotoError as error:
            failures[path] = str(error)
    paths = list(greys)
    pixels = hash_pixels(np.stack(list(greys.values()))) if greys else np.empty(0, np.uint64)
    candidates = list(find_close(pixels, MAX_BITS))
    features = hash_features([paths[k] for k in sorted({k for pair in candidates for k in pair})], model, medians)
    pairs = []
    for i, j in candidates:
        a, b = paths[i], paths[j]
        feature_bits = int(np.bitwise_count(features[a] ^ features[b]))
        correlation = correlate(greys[a], greys[b])
        if feature_bits <= MAX_FEATURE_BITS or correlation >= MIN_CORRELATION:
            pairs.append(Pair(a, b, int(np.bitwise_count(pixels[i] ^ pixels[j])), feature_bits, correlation))
    return sorted(pairs, key=lambda pair: (pair.bits, pair.feature_bits)), failures


def group_pairs(pairs: Sequence[Pair]) -> list[list[Path]]:
    """Photos that are connected by pairs, the largest group first."""
    paths = sorted({path for pair in pairs for path in (pair.first, pair.second)})
    if not paths:
        return []
    number = {path: i for i, path in enumerate(paths)}
    rows, columns = ([number[getattr(pair, end)] for pair in pairs] for end in ("first", "second"))
    graph = coo_array((np.ones(len(pairs)), (rows, columns)), shape=(len(paths),) * 2)
    count, labels = connected_components(graph, directed=False)
    found = [[path for path, label in zip(paths, labels, strict=True) if label == k] for k in range(count)]
    return sorted(found, key=len, reverse=True)


def shrink_grey(photo: Image.Image) -> np.ndarray:
    """A photo as float32 (32, 32)."""
    return np.asarray(photo.convert("L").resize((SIDE, SIDE), Image.Resampling.LANCZOS), np.float32)


def hash_pixels(greys: np.ndarray) -> np.ndarray:
    """Grey photos (N, 32, 32) as hashes: uint64 (N)."""
    corner = dctn(greys, axes=(1, 2), norm="ortho")[:, :CORNER, :CORNER].reshape(len(greys), -1)  # N, 64
    return to_bits(corner, np.median(corner, axis=1, keepdims=True))


def find_close(hashes: np.ndarray, bits: int) -> Iterable[tuple[int, int]]:
    """Pairs i < j of hashes (N) that differ in at most `bits` bits, a row at a time."""
    for i in range(len(hashes)):
        for j in np.flatnonzero(np.bitwise_count(hashes[i + 1 :] ^ hashes[i]) <= bits):
            yield i, i + 1 + int(j)


@without_gradients
def hash_features(paths: Sequence[Path], model: Classifier, medians: np.ndarray) -> dict[Path, np.uint64]:
    found = {}
    with evaluating(model):
        for start in range(0, len(paths), AT_ONCE):
            part = paths[start : start + AT_ONCE]
            x = model.preprocess([load_photo(path, MAX_SIDE) for path in part])
            hashes = to_bits(compute_low_frequencies(Activations(model, x).last), medians)
            found.update(zip(part, hashes, strict=True))
    return found


def correlate(a: np.ndarray, b: np.ndarray) -> float:
    """Pearson's correlation of two grey photos; 0 where one is of one tone."""
    a, b = a - a.mean(), b - b.mean()
    norm = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / norm if norm > 0 else 0.0
