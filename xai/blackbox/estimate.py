"""A map that is estimated from answers to random questions, with what is known of its error."""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from numbers import Integral, Real

import torch
from torch import Tensor


@dataclass(frozen=True)
class Estimate:
    """A map of a photo, made by asking.

    Attributes:
        raw: the map (S, S).
        questions: how many pictures were shown.
        error: the standard error (S, S) of each value; None where the map is no average over random questions.
        settled: tells the correlation in [0, 1] to be expected with a map from as many other questions; None as above.
        is_blank: tells whether the map may be no more than noise. Both take a moment: ask for maps that are shown.
    """

    raw: Tensor
    questions: int
    error: Tensor | None = None
    settled: Callable[[], float | None] = lambda: None
    is_blank: Callable[[], bool] = lambda: False


def check_numbers(method: str, **least: tuple[object, float]) -> None:
    """Refuse options that are no numbers, or too small ones; whole ones where the least is whole.

    Args:
        method: whose options.
        least: of each option, its value and the least it may be.

    Raises:
        ValueError: one is none, or too small.
    """
    for name, (value, limit) in least.items():
        kind, called = (Integral, "a whole number") if isinstance(limit, int) else (Real, "a number")
        if isinstance(value, bool) or not isinstance(value, kind) or not limit <= value < inf:
            raise ValueError(f"{method} needs {called} of {limit} or more for {name}, not {value!r}")


def check_color(method: str, substrate: object) -> None:
    """Refuse a substrate that is no colour.

    Raises:
        ValueError: it is not three numbers in [0, 1].
    """
    try:
        color = [float(part) for part in substrate]
    except (TypeError, ValueError):
        color = []
    if len(color) != 3 or not all(0 <= part <= 1 for part in color):
        raise ValueError(f"{method} hides by a colour, three numbers in [0, 1], not substrate={substrate!r}")


def settled_share(found: float, noise: float) -> float:
    """The correlation to be expected of two maps from different questions.

    Formula: `1 − noise / found`, at least 0. Each map's variance over the photo, `found`, is that of what both have in
    common and that of its own sampling error, `noise`; the correlation is the common part's share.
    """
    return max(0.0, 1 - noise / found) if found > 0 else 0.0


def as_map(values: Tensor, side: int) -> Tensor:
    """Values (S²) as a map (S, S) of single precision in memory."""
    return values.view(side, side).float().cpu()


def nudged(pixels: Tensor, seed: int = 0) -> Tensor:
    """Pixels changed by a float's rounding: each one a quarter of a millionth brighter or darker, at random."""
    generator = torch.Generator().manual_seed(seed)
    signs = torch.randint(0, 2, pixels.shape, generator=generator).to(pixels) * 2 - 1
    return pixels * (1 + 2 * torch.finfo(torch.float32).eps * signs)
