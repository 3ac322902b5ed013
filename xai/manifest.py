"""What the manifest of a saved explanation says of its method and of its files."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from xai.methods.registry import METHODS

PICTURES = {
    "photo.png": "the photo, upright",
    "heatmap.png": "(1 - opacity) * photo.png + opacity * colors.png; of a blank map the photo alone",
    "colors.png": "the map: `raw`, resized to the photo bilinearly, cell centres aligned, brought from `scale` to "
    "[0, 1] and cut off there, in the 256 colours of `colormap`; of a blank map the colour of 0",
}
ARRAYS = {  # what it is, and its unit
    "raw": ("the map as the method made it, rows from the top", "the method's own"),
    "confidences": ("the confidence in every class, in the order of `confidences` above", "probability"),
    "error": ("the standard error of each value of `raw`", "the method's own"),
}


def describe_method(name: str, options: Mapping[str, object]) -> dict[str, Any]:
    """A method's name, title and source, with its options; of one that is not entered the name alone is known."""
    method = METHODS.get(name)
    title, paper = (method.title, method.reference) if method else (name, None)
    return {"name": name, "title": title, "paper": None if paper is None else str(paper), "options": dict(options)}


def describe_files(size: tuple[int, int], arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """What each file is, by its name; `size` is the width and height of the photo."""
    width, height = size
    pixels = {"shape": [height, width, 3], "type": "uint8", "unit": "levels of red, green and blue (sRGB)"}
    pictures = {name: {"what": what, **pixels, "range": [0, 255]} for name, what in PICTURES.items()}
    return {**pictures, "map.npz": {"arrays": {name: describe_array(name, each) for name, each in arrays.items()}}}


def describe_array(name: str, array: np.ndarray) -> dict[str, Any]:
    """What an array is; the range of confidences is that of all there could be, else it is that of its values."""
    what, unit = ARRAYS[name]
    limits = [0, 1] if name == "confidences" else [array.min(), array.max()]
    return {"what": what, "shape": array.shape, "type": str(array.dtype), "unit": unit, "range": limits}
