"""A Python function as a black box."""

from collections.abc import Callable, Sequence

from PIL import Image

from xai.blackbox.blackbox import BATCH_SIZE, BlackBox
from xai.photo import to_photos


def from_function(
    function: Callable[[list[Image.Image]], object],
    classes: Sequence[str],
    input_size: int = 224,
    batch_size: int = BATCH_SIZE,
    name: str | None = None,
) -> BlackBox:
    """Whatever a function answers, whose confidences nobody here knows the origin of.

    A function that takes pixels (N, 3, S, S) in [0, 1] instead of photos needs no more than `BlackBox` itself.

    Args:
        function: N RGB photos of S×S, 8 bits a colour, to their confidences (N, K): an array, a tensor or lists.
        classes: the names of the K classes.
        input_size: S in pixels.
        batch_size: photos a call at most.
        name: what it is called; None takes the function's.
    """
    name = name or getattr(function, "__name__", type(function).__name__)
    return BlackBox(lambda pixels: function(to_photos(pixels)), classes, name, input_size, batch_size=batch_size)
