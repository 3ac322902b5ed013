"""Options that are no numbers, or no colours, refused by one sentence."""

from math import inf
from numbers import Integral, Real
from typing import Any


def check_numbers(owner: str, **options: tuple[Any, float]) -> None:
    """Refuse options that are no numbers, or too small ones; whole numbers where the least is whole.

    Args:
        owner: whose options they are, as the sentence names it.
        options: of each its value and the least it may be.

    Raises:
        ValueError: one is none, or too small.
    """
    for name, (value, least) in options.items():
        kind, called = (Integral, "a whole number") if isinstance(least, int) else (Real, "a number")
        if isinstance(value, bool) or not isinstance(value, kind) or value < least or not value < inf:
            raise ValueError(f"{owner} needs {called} of {least} or more for {name}, not {value!r}")


def check_color(owner: str, substrate: Any) -> None:
    """Refuse a substrate that is no colour.

    Raises:
        ValueError: it is not three numbers in [0, 1].
    """
    try:
        color = [float(part) for part in substrate]
    except (TypeError, ValueError):
        color = []
    if len(color) != 3 or not all(0 <= part <= 1 for part in color):
        raise ValueError(f"{owner} hides by a colour, three numbers in [0, 1], not substrate={substrate!r}")
