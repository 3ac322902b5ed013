"""What a visitor painted over: the part of a photo that networks shall not see."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageFilter

SIDE = 56  # cells a side of the grid that is painted on
FILLS = ("blur", "grey")


def read_mask(size: Any, runs: Any) -> np.ndarray | None:
    """The hidden cells, bool (SIDE, SIDE), from lengths of runs, first of cells that stay, then of hidden ones, and so on.

    None where this describes no mask.
    """
    if size != SIDE or not isinstance(runs, Sequence) or not 1 <= len(runs) <= SIDE * SIDE + 1:
        return None
    if not all(type(length) is int and 0 <= length <= SIDE * SIDE for length in runs) or sum(runs) != SIDE * SIDE:
        return None
    return np.repeat(np.arange(len(runs)) % 2 == 1, runs).reshape(SIDE, SIDE)


def hide_part(photo: Image.Image, mask: np.ndarray, fill: str) -> Image.Image:
    """A photo with the cells of a mask (SIDE, SIDE) blurred beyond recognition, or grey."""
    if fill == "blur":
        cover = photo.filter(ImageFilter.GaussianBlur(max(photo.size) / 16))
    else:
        cover = Image.new("RGB", photo.size, "grey")
    stencil = Image.fromarray((mask * 255).astype(np.uint8)).resize(photo.size, Image.Resampling.BILINEAR)
    return Image.composite(cover, photo, stencil)
