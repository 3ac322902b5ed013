"""Maps over photos, and pictures for rows of small ones."""

import numpy as np
from PIL import Image

from xai.explanation import blend, colorize, compute_saliency

SMALL, TINY = 512, 160  # pixels a side of pictures in rows


def paint_map(photo: Image.Image, raw: np.ndarray | None) -> Image.Image:
    """A raw map (h, w) in colours over the photo; the plain photo where the map is None or the same everywhere."""
    saliency = None if raw is None else compute_saliency(raw, photo)
    if saliency is None or not saliency.any():
        return photo
    return blend(photo, colorize(saliency, "turbo"), 0.5)


def shrink(photo: Image.Image, side: int) -> Image.Image:
    small = photo.copy()
    small.thumbnail((side, side))
    return small


def fade(picture: Image.Image) -> Image.Image:
    """A pale picture, of what is left out or not there yet."""
    return Image.blend(picture, Image.new("RGB", picture.size, "grey"), 0.75)
