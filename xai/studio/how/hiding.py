"""A grey square over a photo, at one of 7 × 7 places."""

from collections.abc import Sequence

import torch
from torch import Tensor

from xai.photo import GREY

PLACES = 7  # a side
CELLS = 2  # how many places wide the square is, so that neighbouring squares overlap


def hide(pixels: Tensor, places: Sequence[tuple[int, int]]) -> Tensor:
    """One photo (1, 3, S, S) with the square over it, once a place (row, column): (N, 3, S, S).

    The square is `2/7 S` wide and has its middle in the middle of the place; what lies outside of the photo is cut off.
    """
    side, hidden = pixels.shape[-1], pixels.repeat(len(places), 1, 1, 1)  # N, 3, S, S
    grey = torch.tensor(GREY, dtype=pixels.dtype, device=pixels.device).view(3, 1, 1)
    for i, place in enumerate(places):
        rows, columns = (cover(cell, side) for cell in place)
        hidden[i, :, rows, columns] = grey
    return hidden


def cover(cell: int, side: int) -> slice:
    """The pixels of a side that the square covers when its middle is in a place."""
    middle, half = (cell + 0.5) / PLACES, CELLS / PLACES / 2
    return slice(round(max(0.0, middle - half) * side), round(min(1.0, middle + half) * side))
