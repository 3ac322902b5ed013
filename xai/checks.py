"""What is no number, no colour, no list of names or no network where one is needed, refused by one sentence."""

from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any

from xai.models import Classifier

LARGEST = 2**63  # that seeds and sizes hold


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
        if isinstance(value, bool) or not isinstance(value, kind) or value < least or not value < LARGEST:
            raise ValueError(f"{owner} needs {called} of {least} or more for {name}, not {value!r}")


def check_names(called: str, names: Any) -> None:
    """Refuse what is no list of names; one name would be taken for its letters.

    Raises:
        ValueError: it is a text, or nothing that could be looped over.
    """
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise ValueError(f"{called} must be a list of names, not {names!r}")


def check_network(owner: str, model: Any) -> None:
    """Refuse a subject that cannot be looked into.

    Raises:
        ValueError: it is no network.
    """
    if not isinstance(model, Classifier):
        raise ValueError(
            f"{owner} needs a network, as load_model(…) gives it (a black box has its `student`, or its `network` "
            f"where it is no secret), not {type(model).__name__} {model!r:.60}"
        )


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
