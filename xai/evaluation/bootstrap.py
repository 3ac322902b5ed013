"""How far a figure would differ if other photos had been drawn."""

from functools import lru_cache

import numpy as np

from xai.metrics.shared import share_of

LEVEL = 0.95


@lru_cache(maxsize=4)
def resampled_counts(photos: int, resamples: int, seed: int) -> np.ndarray:
    """How often each of N photos is drawn, with replacement, in each resample (resamples, N).

    Paper: Efron, Bootstrap methods: another look at the jackknife, Annals of Statistics 1979.
    """
    generator = np.random.default_rng(seed)
    draws = (generator.integers(photos, size=photos) for _ in range(resamples))
    return np.stack([np.bincount(draw, minlength=photos) for draw in draws])


def resampled_means(values: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """Means (resamples, C) of values (N, C) over photos drawn with replacement; all columns meet the same photos."""
    return resampled_counts(len(values), resamples, seed) @ values / len(values)


def resampled_shares(products: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """What N photos' maps have in common, in percent (resamples), from `shared.products` (N, N) of photos drawn so."""
    return 100 * share_of(products, resampled_counts(len(products), resamples, seed))


def interval(means: np.ndarray) -> np.ndarray:
    """The percentile interval (2, C) that holds `LEVEL` of resampled means (resamples, C)."""
    return np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
