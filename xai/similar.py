"""Photos like this one: the training photos that look the same to a network."""

import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from PIL import Image
from scipy.fft import dct
from torch import Tensor

from xai.activations import Activations
from xai.models import Classifier
from xai.models.classifier import evaluating
from xai.modes import without_gradients
from xai.photo import Photo, as_photo
from xai.zoo import CHECKPOINTS

BITS = 64
AT_ONCE = 8  # photos in memory while an index is made
THUMBNAIL = 120  # pixels, the longer side


@dataclass(frozen=True)
class Neighbour:
    """A labelled photo that looks like another one to a network.

    Attributes:
        name: as the index calls it, `CLASS/PHOTO`.
        label: its class.
        distance: bits, of 64, in which the two photos' hashes differ.
        webp: the photo, small, as a WebP file's content.
    """

    name: str
    label: str
    distance: int
    webp: bytes = field(repr=False)

    @property
    def thumbnail(self) -> Image.Image:
        """The photo, at most 120 pixels a side."""
        return Image.open(io.BytesIO(self.webp), formats=["WEBP"]).convert("RGB")


@dataclass(frozen=True)
class Index:
    """Labelled photos as 64-bit hashes of what one network makes of them.

    Formula: `F = [dct(GAP(A))_j > m_j]`, j < 64: the last layer's features `A`, averaged over the positions, then the
    64 lowest frequencies of a type-2 DCT over the channels, each compared with its median `m_j` over the index.
    Paper: BaiNa and Joe, Deep Learning Methods for Explainable Image Recognition, 2024: their feature vector F, which
    is made with a ResNet-50 trained on ImageNet. They leave open what the DCT runs over; this reading was chosen for
    how often the nearest photos share the label, which `python -m benchmarks.similar --readings` measures.

    Attributes:
        names: (N) as `CLASS/PHOTO`.
        labels: (N).
        thumbnails: (N) as WebP.
        hashes: uint64 (N).
        medians: float32 (64).
    """

    names: list[str]
    labels: list[str]
    thumbnails: list[bytes] = field(repr=False)
    hashes: np.ndarray = field(repr=False)
    medians: np.ndarray = field(repr=False)

    @without_gradients
    def nearest(self, model: Classifier, image: Photo, count: int = 5) -> list[Neighbour]:
        """The photos whose hashes differ least from an image's, as `model`, for which the index was made, sees it.

        Raises:
            ValueError: the image cannot be read.
        """
        with evaluating(model):
            return self.nearest_to(Activations(model, model.preprocess([as_photo(image)])).last, count)

    def nearest_to(self, features: Tensor, count: int = 5) -> list[Neighbour]:
        """The same for a photo whose last layer's features (1, C, h, w) are there already."""
        distances = np.bitwise_count(self.hashes ^ to_bits(compute_low_frequencies(features), self.medians)[0])
        return [
            Neighbour(self.names[i], self.labels[i], int(distances[i]), self.thumbnails[i])
            for i in distances.argsort(kind="stable")[:count]
        ]


def compute_low_frequencies(features: Tensor) -> np.ndarray:
    """The 64 lowest DCT coefficients over the channels (B, 64) of pooled features (B, C, h, w); 0 where C is less."""
    pooled = features.mean(dim=(2, 3)).float().cpu().numpy()  # B, C
    return dct(pooled, n=max(BITS, pooled.shape[1]), axis=1, norm="ortho")[:, :BITS]


def to_bits(frequencies: np.ndarray, medians: np.ndarray) -> np.ndarray:
    """Coefficients (B, 64) as hashes: uint64 (B)."""
    return np.packbits(frequencies > medians, axis=1).view(np.uint64)[:, 0]


@without_gradients
def make_indices(
    models: Sequence[Classifier],
    photos: Sequence[Path],
    names: Sequence[str],
    labels: Sequence[str],
    progress: Callable[[Iterable], Iterable] = iter,
) -> list[Index]:
    """One index a model of the same photos, each of which is read once.

    Args:
        models: the networks.
        photos: paths.
        names: what the index calls them.
        labels: their classes.
        progress: wraps the batches, as tqdm does.

    Raises:
        ValueError: a photo cannot be read.
    """
    thumbnails: list[bytes] = []
    coefficients: list[list[np.ndarray]] = [[] for _ in models]
    for start in progress(range(0, len(photos), AT_ONCE)):
        batch = [as_photo(path) for path in photos[start : start + AT_ONCE]]
        thumbnails += [make_thumbnail(photo) for photo in batch]
        for model, rows in zip(models, coefficients, strict=True):
            with evaluating(model):
                rows.append(compute_low_frequencies(Activations(model, model.preprocess(batch)).last))
    indices = []
    for rows in coefficients:
        frequencies = np.concatenate(rows)  # N, 64
        medians = np.median(frequencies, axis=0).astype(np.float32)
        indices.append(Index(list(names), list(labels), thumbnails, to_bits(frequencies, medians), medians))
    return indices


def save_indices(file: Path, indices: dict[str, Index]) -> None:
    """Indices of the same photos, by the names of their models, as one npz file."""
    first = next(iter(indices.values()))
    hashes: dict[str, Any] = {f"hashes/{name}": index.hashes for name, index in indices.items()}
    medians: dict[str, Any] = {f"medians/{name}": index.medians for name, index in indices.items()}
    lengths = np.array([len(webp) for webp in first.thumbnails])
    webps = np.frombuffer(b"".join(first.thumbnails), np.uint8)
    np.savez(file, names=first.names, labels=first.labels, lengths=lengths, webps=webps, **hashes, **medians)


def load_index(model: str, file: Path | None = None) -> Index:
    """The index made for a model.

    Args:
        model: its name.
        file: made by `python -m xai index`; None is the one that comes with the models.

    Raises:
        OSError: there is no such file.
        ValueError: it is no index, or holds none for this model.
    """
    file = file or CHECKPOINTS / f"{model.partition('-')[0]}-photos.npz"
    if not file.is_file():
        raise FileNotFoundError(f"there is no index {file}: make one with `python -m xai index`")
    try:
        with np.load(file, allow_pickle=False) as saved:
            arrays = {key: saved[key] for key in saved}
        ends = arrays["lengths"].cumsum()
        webps = arrays["webps"].tobytes()
        names, labels = arrays["names"].tolist(), arrays["labels"].tolist()
    except (BadZipFile, KeyError, ValueError, EOFError, OSError) as error:
        raise ValueError(f"{file} is no index, or a damaged one") from error
    if f"hashes/{model}" not in arrays:
        made = ", ".join(key.partition("/")[2] for key in arrays if key.startswith("hashes/"))
        raise ValueError(f"{file} holds no index for {model}, only for {made or 'no model at all'}")
    thumbnails = [webps[end - length : end] for length, end in zip(arrays["lengths"], ends, strict=True)]
    return Index(names, labels, thumbnails, arrays[f"hashes/{model}"], arrays[f"medians/{model}"])


def make_thumbnail(photo: Image.Image) -> bytes:
    small = photo.copy()
    small.thumbnail((THUMBNAIL, THUMBNAIL))
    webp = io.BytesIO()
    small.save(webp, "WEBP", quality=60, method=6)
    return webp.getvalue()
