"""Bootstrap intervals: how much a figure would differ for other photos."""

from functools import lru_cache

import numpy as np
from scipy.stats import t

from xai.metrics.shared import weighted_sameness

LEVEL = 0.95
FEW = 30  # photos: of fewer, percentiles are too narrow; of three they are the least and the largest value


@lru_cache(maxsize=4)
def resample_counts(photos: int, resamples: int, seed: int) -> np.ndarray:
    """How often each of N photos is drawn, with replacement, in each resample (resamples, N).

    Paper: Efron, Bootstrap methods: another look at the jackknife, Annals of Statistics 1979.
    """
    generator = np.random.default_rng(seed)
    draws = (generator.integers(photos, size=photos) for _ in range(resamples))
    return np.stack([np.bincount(draw, minlength=photos) for draw in draws])


def resample_means(values: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """Means (resamples, C) of values (N, C) over photos drawn with replacement; all columns meet the same photos."""
    return resample_counts(len(values), resamples, seed) @ values / len(values)


def resample_sameness(products: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """`sameness`, in percent (resamples), of photos drawn with replacement, from the maps' `inner_products`."""
    return 100 * weighted_sameness(products, resample_counts(len(products), resamples, seed))


def interval(means: np.ndarray) -> np.ndarray:
    """The percentile interval (2, C) that holds `LEVEL` of resampled means (resamples, C)."""
    return np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)


def interval_around(mean: float, means: np.ndarray, photos: int) -> tuple[float, float]:
    """The interval of a figure, from what it is in each resample (resamples).

    Percentiles or, of fewer than `FEW` photos, Student's; (nan, nan) for one photo, as nothing is known then.
    """
    if photos >= FEW:
        low, high = interval(means)
        return float(low), float(high)
    if photos == 1:
        return np.nan, np.nan
    error = float(means.std()) * (photos / (photos - 1)) ** 0.5  # the bootstrap's is that of N, not N − 1
    reach = error * float(t.ppf((1 + LEVEL) / 2, photos - 1))
    return mean - reach, mean + reach
