"""One photo's map, with what is known of its error."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Estimate:
    """A map of one photo.

    Attributes:
        raw: the map (h, w).
        questions: how many pictures the subject was shown; None where the map was not made by asking.
        error: the standard error (h, w) of each value; None where the map is no average over random questions.
        settled: computes the correlation in [0, 1] to be expected with a map from as many other random questions; its
            value is None where `error` is.
        is_blank: computes whether the map may be no more than noise. Both take a moment: call them for maps that are
            shown.
    """

    raw: Tensor
    questions: int | None = None
    error: Tensor | None = None
    settled: Callable[[], float | None] = lambda: None
    is_blank: Callable[[], bool] = lambda: False


def estimate_correlation(found: float, noise: float) -> float:
    """The correlation to be expected of two maps from different random questions.

    Formula: `1 − noise / found`, at least 0. Each map's variance over the photo, `found`, is that of what both have in
    common and that of its own sampling error, `noise`; the correlation is the common part's share.
    """
    return max(0.0, 1 - noise / found) if found > 0 else 0.0


def nudge(pixels: Tensor, seed: int = 0) -> Tensor:
    """Pixels changed by a float's rounding: each one a quarter of a millionth brighter or darker, at random."""
    generator = torch.Generator().manual_seed(seed)
    signs = torch.randint(0, 2, pixels.shape, generator=generator).to(pixels) * 2 - 1
    return pixels * (1 + 2 * torch.finfo(torch.float32).eps * signs)
