"""How far a mean over the photos would differ if other photos had been drawn."""

import numpy as np

LEVEL = 0.95


def resampled_means(values: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """Means (resamples, C) of values (N, C) over photos drawn with replacement; all columns meet the same photos.

    Paper: Efron, Bootstrap methods: another look at the jackknife, Annals of Statistics 1979.
    """
    generator, photos = np.random.default_rng(seed), len(values)
    draws = (generator.integers(photos, size=photos) for _ in range(resamples))
    return np.stack([np.bincount(draw, minlength=photos) @ values for draw in draws]) / photos


def interval(means: np.ndarray) -> np.ndarray:
    """The percentile interval (2, C) that holds `LEVEL` of resampled means (resamples, C)."""
    return np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
