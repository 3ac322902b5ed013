"""How much of a method's maps is the same for every photo: a map that would do for any photo explains none."""

import numpy as np
from torch import Tensor

from xai.maps import scale_to_unit

NEARLY = 0.7  # of this sameness and more: the maps of any two photos correlate that much


def sameness(maps: Tensor) -> float:
    """The share of the variance of maps (N, h, w), one a photo, that the average of the other photos' maps explains.

    Formula: `Σ_{i≠j} ⟨m_i, m_j⟩ / (N (N − 1))  ÷  Σ_i ⟨m_i, m_i⟩ / N`, with `m_i` the i-th map scaled to [0, 1], less
    its mean over the pixels. 1 for maps that are all alike, near 0 (on either side) for maps that have nothing in
    common: pairs of one photo with itself are left out, so that few photos do not seem alike. Maps without any
    variation are alike: 1.

    Raises:
        ValueError: there are fewer than two maps.
    """
    return float(weighted_sameness(inner_products(maps), np.ones((1, len(maps))))[0])


def inner_products(maps: Tensor) -> np.ndarray:
    """The mean over the pixels of the product of any two maps (N, N), from maps (N, h, w).

    Each map is first scaled to [0, 1], and its mean is taken off. `sameness` needs no more of them.
    """
    flat = scale_to_unit(maps.double()).flatten(1)  # N, P
    flat = flat - flat.mean(1, keepdim=True)
    return (flat @ flat.T / flat.shape[1]).cpu().numpy()


def weighted_sameness(products: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """`sameness` (R) of R samples in which each photo occurs as often as `counts` (R, N) says.

    Args:
        products: `inner_products` (N, N) of the photos' maps.
        counts: whole numbers (R, N).

    Raises:
        ValueError: there are fewer than two photos.
    """
    if len(products) < 2:
        raise ValueError("one photo's map is like no other's: two photos or more are needed")
    own = np.diag(products)  # N
    pairs = ((counts @ products) * counts).sum(1) - counts**2 @ own  # of different photos
    number = counts.sum(1) ** 2 - (counts**2).sum(1)
    variance = counts @ own / counts.sum(1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(variance > 0, pairs / number / variance, 1.0)


def nearly_the_same(share: float) -> bool:
    """Whether a `sameness` is so high that people who look at the maps see the same for every photo."""
    return share >= NEARLY
