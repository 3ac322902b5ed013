"""A Python function as a black box."""

from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image
from torch import Tensor

from xai.blackbox.blackbox import AT_ONCE, BlackBox


def from_function(
    function: Callable[[list[Image.Image]], object],
    classes: Sequence[str],
    input_size: int = 224,
    at_once: int = AT_ONCE,
    name: str | None = None,
) -> BlackBox:
    """Whatever a function answers, whose confidences nobody here knows the origin of.

    A function that takes pixels (N, 3, S, S) in [0, 1] instead of photos needs no more than `BlackBox` itself.

    Args:
        function: N RGB photos of S×S, 8 bits a colour, to their confidences (N, K): an array, a tensor or lists.
        classes: the names of the K classes.
        input_size: S in pixels.
        at_once: photos a call at most.
        name: what it is called; None takes the function's.
    """
    name = name or getattr(function, "__name__", type(function).__name__)
    return BlackBox(lambda pixels: function(to_photos(pixels)), classes, name, input_size, at_once=at_once)


def to_photos(pixels: Tensor) -> list[Image.Image]:
    """Pixels (N, 3, S, S) in [0, 1] as photos, rounded to 8 bits."""
    levels = (pixels.clamp(0, 1) * 255).round().permute(0, 2, 3, 1).cpu().numpy().astype(np.uint8)  # N, S, S, 3
    return [Image.fromarray(photo) for photo in levels]
