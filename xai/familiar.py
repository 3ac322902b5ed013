"""Whether a photo looks like those that a network was trained on."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import normalize
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torchvision.transforms.v2 import functional as F

from xai.models import Classifier
from xai.modes import without_gradients
from xai.photo import Photo, as_photo
from xai.subject import Subject
from xai.zoo import IMAGENET, SURFACES, find_checkpoint, find_familiar_file, load_model

SIDE = 224  # pixels, of the square a photo is squeezed into
NEAREST = 5
FLAT = 2  # levels of 255: a photo whose every channel deviates less from its mean shows nothing
NOTICED = 0.03  # of the validation photos, in all
AS_SURFACES = 0.01  # of them at most, as being too like a surface
MARGIN = 0.06  # over the surfaces, at most


@dataclass(frozen=True)
class Known:
    """What a network's training photos look like, as unit vectors of a frozen network's features.

    Formula: a photo with the unit vector u is familiar where `1 − mean of the 5 largest u·t ≤ threshold` over the
    training photos t, and `max u·t − max u·s ≥ margin` over surfaces s that show nothing: noise, plain grounds,
    patterns. The frozen network is EfficientNet-Lite0 with its authors' ImageNet weights; u is its last layer's
    features of the photo squeezed to 224×224, averaged over the positions. After Sun et al., Out-of-Distribution
    Detection with Deep Nearest Neighbors, ICML 2022, who take the network's own features.

    Attributes:
        photos: float32 (N, 1280), training photos.
        threshold: the distance in [0, 2] up to which a photo is familiar.
        margin: by how much a familiar photo must be more like a training photo than like any surface, in [-2, 2].
        grey: photos are turned grey first.
    """

    photos: Tensor = field(repr=False)
    threshold: float
    margin: float = 0.0
    grey: bool = False

    def distance(self, features: Tensor) -> Tensor:
        """Mean cosine distance (B) of unit vectors (B, 1280) from the five nearest training photos."""
        alike = (features @ self.photos.T).topk(min(NEAREST, len(self.photos))).values  # B, 5
        return 1 - alike.mean(1)

    def lead(self, features: Tensor) -> Tensor:
        """By how much unit vectors (B, 1280) are more like a training photo than like any surface: (B)."""
        return (features @ self.photos.T).amax(1) - (features @ load_surfaces(self.grey).T).amax(1)

    def knows(self, features: Tensor) -> Tensor:
        """Which of some unit vectors (B, 1280) are of familiar photos: bool (B)."""
        return (self.distance(features) <= self.threshold) & (self.lead(features) >= self.margin)


def is_familiar(photo: Photo, network: str | PathLike | Subject) -> bool | None:
    """Whether a photo looks like those that a network was trained on, as `Known` tells; a flat photo never does.

    Args:
        photo: a PIL image, a path or a uint8 array (H, W, 3).
        network: a name or folder as `load_model` takes it, a model from there, or a black box that has a network.

    Returns:
        None where that is not known: no list of the training photos comes with the network, or the frozen network that
        reads them is not there.

    Raises:
        ValueError: the photo cannot be read, or there is no model of this name.
    """
    if isinstance(network, (str, PathLike)):
        file = find_familiar_file(network)
    else:
        files = (each.familiar_file for each in network.networks.values())
        file = next(filter(None, files), None)
    if file is None or not file.is_file() or load_frozen_network() is None:
        return None
    known = load(file, file.stat().st_mtime_ns)
    pixels = squeeze_photo(photo, known.grey)
    if is_flat(pixels):
        return False
    return bool(known.knows(describe_once(pixels.numpy().tobytes())[None])[0])


def mark_familiar(found: Any, subject: Subject) -> Any:
    """Explanations of a photo, or a list of such, with whether their photo is familiar to the subject."""
    if isinstance(found, list):
        return [mark_familiar(each, subject) for each in found]
    if isinstance(found, dict):
        known = is_familiar(next(iter(found.values())).photo, subject)
        return {name: replace(e, familiar=known) for name, e in found.items()}
    return replace(found, familiar=is_familiar(found.photo, subject))


def squeeze_photo(photo: Photo, grey: bool = False) -> Tensor:
    """A photo squeezed into the frozen network's square: uint8 (3, 224, 224)."""
    photo = as_photo(photo)
    times = min(photo.size) // (2 * SIDE)
    if times > 1:
        photo = photo.reduce(times)  # much quicker on a large photo than to resize all of it
    pixels = F.resize(F.pil_to_tensor(photo), [SIDE, SIDE], antialias=True)
    return F.rgb_to_grayscale(pixels, num_output_channels=3) if grey else pixels


def is_flat(pixels: Tensor) -> bool:
    """True where pixels (3, H, W) are the same everywhere, but for a little grain."""
    return bool((pixels.float().std(dim=(1, 2)) < FLAT).all())


@lru_cache(maxsize=16)
def describe_once(pixels: bytes) -> Tensor:
    """The unit vector (1280) of pixels (3, 224, 224), kept, since several networks are asked about one photo."""
    network = load_frozen_network()
    if network is None:
        raise FileNotFoundError(f"there is no {IMAGENET} to read photos")
    photo = torch.frombuffer(bytearray(pixels), dtype=torch.uint8).view(1, 3, SIDE, SIDE)
    return describe(network, photo)[0]


@without_gradients
def describe(network: Classifier, pixels: Tensor) -> Tensor:
    """Pixels, uint8 (B, 3, 224, 224), as unit vectors of a network's pooled features: float32 (B, C)."""
    features = network.features(network.normalize(pixels.float() / 255))  # B, C, 7, 7
    return normalize(features.mean(dim=(2, 3)))


@cache
def load_frozen_network() -> Classifier | None:
    """EfficientNet-Lite0 with ImageNet weights, on the CPU, where 10 ms a photo are all it takes; None without it.

    Raises:
        OSError: a file of it is truncated or altered.
    """
    try:
        found = (find_checkpoint(IMAGENET) / SURFACES).is_file()
    except FileNotFoundError:
        return None
    return fold_normalisations(load_model(IMAGENET, "cpu")) if found else None


def fold_normalisations(model: Classifier) -> Classifier:
    """A network whose convolutions do the work of the normalisations behind them too, a quarter faster on a CPU."""
    for block in list(model.modules()):
        for (name, layer), (following, normalisation) in pairwise(block.named_children()):
            if isinstance(layer, nn.Conv2d) and isinstance(normalisation, nn.BatchNorm2d):
                setattr(block, name, fuse_conv_bn_eval(layer, normalisation))
                setattr(block, following, getattr(normalisation, "act", nn.Identity()))  # timm's include activation
    return model.to(memory_format=torch.channels_last)


@cache
def load_surfaces(grey: bool) -> Tensor:
    """The unit vectors (M, 1280) of the surfaces, in colour or turned grey."""
    with np.load(find_checkpoint(IMAGENET) / SURFACES, allow_pickle=False) as saved:
        return from_8_bits(saved["grey" if grey else "color"])


def describe_training(training: Iterable[Photo], validation: Iterable[Photo], grey: bool = False) -> Known | None:
    """What training photos look like, with the margin and the threshold that notice 3 % of the validation photos.

    None without the frozen network.

    Raises:
        ValueError: a photo cannot be read, or there is none.
    """
    network = load_frozen_network()
    if network is None:
        return None
    photos, others = (
        [describe(network, squeeze_photo(photo, grey)[None]) for photo in some] for some in (training, validation)
    )  # 1, 1280 each
    return fit_limits(Known(from_8_bits(to_8_bits(torch.cat(photos))), np.inf, grey=grey), torch.cat(others))


def fit_limits(known: Known, others: Tensor) -> Known:
    """A list with the margin and the threshold by the unit vectors (N, 1280) of validation photos."""
    leads = known.lead(others)
    margin = min(MARGIN, float(np.quantile(leads, AS_SURFACES)))
    distances = known.distance(others).masked_fill(leads < margin, np.inf)  # noticed already
    threshold = float(np.quantile(distances, 1 - NOTICED, method="lower"))
    return replace(known, margin=margin, threshold=threshold)


def to_8_bits(rows: Tensor) -> np.ndarray:
    """Rows of any scale as int8, each by its own largest value; only their directions count."""
    return (127 * normalize(rows, p=float("inf"))).round().to(torch.int8).numpy()


def from_8_bits(rows: np.ndarray) -> Tensor:
    """Unit vectors, float32. In PyTorch, since NumPy's threads, once woken, for a while slow down a network's."""
    return normalize(torch.from_numpy(rows).float())


def save(known: Known, file: Path) -> None:
    """Write a list; the vectors in 8 bits."""
    limits = {"threshold": np.float64(known.threshold), "margin": np.float64(known.margin)}
    np.savez(file, photos=to_8_bits(known.photos), grey=np.bool_(known.grey), **limits)


@lru_cache(maxsize=8)
def load(file: Path, changed: int = 0) -> Known:
    """A list from its file, kept until the file's time of change is another.

    Raises:
        ValueError: it is no list, or a damaged one.
    """
    try:
        with np.load(file, allow_pickle=False) as saved:
            threshold, margin = (float(saved[name]) for name in ("threshold", "margin"))
            return Known(from_8_bits(saved["photos"]), threshold, margin, bool(saved["grey"]))
    except (BadZipFile, KeyError, ValueError, EOFError, OSError) as error:
        raise ValueError(f"{file} does not say what photos look like, or is damaged") from error
