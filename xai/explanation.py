"""An explanation of one photo: the map, what it is a map of, and pictures of it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw
from scipy import ndimage
from torch.nn import functional as F

from xai.agreement import Agreement
from xai.manifest import describe_files, describe_method
from xai.version import __version__
from xai.writing import Files, add_manifest, encode_arrays, encode_png, write_folder

COLORMAPS = ("turbo", "jet", "viridis", "magma", "cividis")


@dataclass(frozen=True)
class Explanation:
    """Why a model gives a class to a photo, and how sure it is.

    Attributes:
        photo: the photo, upright, RGB.
        raw: float32 (h, w), the unscaled map at the layer's own size, in the method's own unit.
        target: index of the explained class.
        label: its name.
        confidence: the model's confidence in it, in [0, 1].
        confidences: float32 (K,), in all classes.
        method: name of the method.
        target_layer: name of the layer.
        seconds: what the explanation took, the forward pass included; in a batch the average.
        source: who was asked, where it is not the model itself: a black box, or whose gradients stand in for its own.
        agreement: how far the model agrees with the black box it imitates on this photo, where that was asked for.
        blank: nothing in the photo speaks for the class, as far as can be told: the raw map is the same everywhere, or
            varies no more than rounding errors, or chance in what was asked, would make it vary.
        questions: how many pictures were shown to the black box, or to the network in its place, for a method that
            explains by asking; else None.
        error: float32 (h, w), the standard error of each value of `raw` where it is an estimate; else None.
        settled: the correlation in [0, 1] to be expected of this map and one from as many other random questions; None
            where the map is no estimate.
        familiar: whether the photo looks like those the model was trained on; None where that is not known.
        scale: the values of the raw map, at the photo's size, that are shown as 0 and 1; None are its own extremes.
        subject: the name of the network or black box that is explained.
        classes: the names of the K classes, in the order of `confidences`.
        options: of the method, with the values they had.
    """

    photo: Image.Image = field(repr=False)
    raw: np.ndarray = field(repr=False)
    target: int
    label: str
    confidence: float
    confidences: np.ndarray = field(repr=False)
    method: str
    target_layer: str
    seconds: float
    source: str = ""
    agreement: Agreement | None = None
    blank: bool = False
    questions: int | None = None
    error: np.ndarray | None = field(default=None, repr=False)
    settled: float | None = None
    familiar: bool | None = None
    scale: tuple[float, float] | None = field(default=None, repr=False)
    subject: str = ""
    classes: tuple[str, ...] = field(default=(), repr=False)
    options: Mapping[str, object] = field(default_factory=dict, repr=False)

    @property
    def saliency(self) -> np.ndarray:
        """The map as it is shown: float32 (H, W) in [0, 1], the photo's own size; all zero where the map is blank.

        It is made anew each time it is asked for, since it weighs as much as the photo.
        """
        if self.blank:
            return np.zeros((self.photo.height, self.photo.width), np.float32)
        resized = resize_to_photo(self.raw, self.photo.width, self.photo.height)
        return scale_to_range(resized, *(self.scale or (resized.min(), resized.max())))

    @property
    def limits(self) -> tuple[float, float] | None:
        """The values of the raw map, at the photo's size, that are shown as 0 and 1; None where the map is blank."""
        if self.blank:
            return None
        resized = resize_to_photo(self.raw, self.photo.width, self.photo.height)
        low, high = self.scale or (resized.min(), resized.max())
        return float(low), float(high)

    def colors(self, colormap: str = "turbo") -> Image.Image:
        """The map alone in colours, at the photo's size; the colour of 0 everywhere for a blank map."""
        return Image.fromarray(colorize(self.saliency, colormap))

    def overlay(self, alpha: float = 0.5, colormap: str = "turbo") -> Image.Image:
        """The map in colours over the photo; `alpha` 0 is the photo, 1 the colours; the plain photo for a blank map."""
        colors = colorize(self.saliency, colormap)
        return self.photo.copy() if self.blank else blend(self.photo, colors, alpha)

    def bounding_box(self, threshold: float = 0.2) -> tuple[int, int, int, int] | None:
        """Left, top, right, bottom in photo pixels, right and bottom exclusive; None where the map is blank.

        The box around the largest connected region with a saliency of at least `threshold` times the maximum.
        Paper: Zhou et al., CVPR 2016 (threshold 0.2).

        Raises:
            ValueError: the threshold is outside (0, 1].
        """
        if not 0 < threshold <= 1:
            raise ValueError(f"the threshold must be above 0 and at most 1, not {threshold}")
        if self.blank:
            return None
        saliency = self.saliency
        regions, _ = ndimage.label(saliency >= threshold * saliency.max())
        largest = np.bincount(regions.ravel())[1:].argmax()
        rows, columns = ndimage.find_objects(regions)[largest]
        return columns.start, rows.start, columns.stop, rows.stop

    def save(self, folder: str | os.PathLike, alpha: float = 0.5, colormap: str = "turbo") -> Path:
        """Write all there is to a folder, so that it can be used without this package; returns the folder.

        `photo.png`, `heatmap.png` (the overlay) and `colors.png` (the map alone) are pictures of the photo's size;
        `map.npz` holds the raw map and the confidences, for an estimate its error, too; `manifest.json` says what all
        this is. The folder is made where it is not there. It may be there if it holds nothing, or nothing but what was
        saved there before, which is replaced. All files are written, or none.

        Raises:
            FileExistsError: the folder holds other files, or what was saved there has changed since.
            OSError: it cannot be written.
            ValueError: `alpha` is not in [0, 1], or there is no such colour map.
        """
        return write_folder(folder, self.files(alpha, colormap))

    def files(self, alpha: float = 0.5, colormap: str = "turbo") -> Files:
        """What `save` writes: the contents by the files' names."""
        if not 0 <= alpha <= 1:
            raise ValueError(f"the opacity alpha must be from 0 to 1, not {alpha}")
        arrays = {"raw": self.raw, "confidences": self.confidences}
        if self.error is not None:
            arrays["error"] = self.error
        pictures = {
            "photo.png": self.photo,
            "heatmap.png": self.overlay(alpha, colormap),
            "colors.png": self.colors(colormap),
        }
        facts = {**self.describe(), "opacity": alpha, "colormap": colormap}
        facts["files"] = describe_files(self.photo.size, arrays)
        files = {name: encode_png(picture) for name, picture in pictures.items()}
        return add_manifest({**files, "map.npz": encode_arrays(arrays)}, facts)

    def describe(self) -> dict[str, Any]:
        """All that is known but the map itself; sizes and the box are in pixels of the photo, times in seconds."""
        names = self.classes or tuple(map(str, range(len(self.confidences))))
        return {
            "xai": __version__,
            "subject": self.subject,
            "source": self.source,
            "method": describe_method(self.method, self.options),
            "layer": self.target_layer,
            "class": {"name": self.label, "index": self.target, "confidence": self.confidence},
            "confidences": dict(zip(names, self.confidences.tolist(), strict=True)),
            "agreement": None if self.agreement is None else {**vars(self.agreement), "agreed": self.agreement.agreed},
            "familiar": self.familiar,
            "size": {"width": self.photo.width, "height": self.photo.height},
            "box": self.bounding_box(),
            "blank": self.blank,
            "scale": self.limits,
            "common_scale": self.scale is not None and not self.blank,
            "questions": self.questions,
            "settled": self.settled,
            "seconds": self.seconds,
        }


def resize_to_photo(raw: np.ndarray, width: int, height: int) -> np.ndarray:
    """A map (h, w) resized to (height, width) bilinearly, cell centres aligned."""
    resized = F.interpolate(torch.from_numpy(raw)[None, None], size=(height, width), mode="bilinear")
    return resized[0, 0].numpy()


def scale_to_range(array: np.ndarray, low: float, high: float) -> np.ndarray:
    """Values from [low, high] to [0, 1] as float32; all zero where low equals high."""
    if high <= low:
        return np.zeros_like(array, dtype=np.float32)
    return ((array - low) / (high - low)).clip(0, 1).astype(np.float32)


def compute_saliency(raw: np.ndarray, photo: Image.Image) -> np.ndarray:
    """A raw map (h, w) at the photo's size, in [0, 1] by its own least and largest value there."""
    resized = resize_to_photo(raw, photo.width, photo.height)
    return scale_to_range(resized, resized.min(), resized.max())


def make_blank_saliency(photo: Image.Image) -> np.ndarray:
    """The saliency (H, W) of a blank map: zero everywhere."""
    return np.zeros((photo.height, photo.width), np.float32)


def on_common_scale(explanations: list[Explanation]) -> list[Explanation]:
    """The same explanations with saliencies that compare: one colour is one value of the raw maps everywhere.

    Blank ones have no part in the scale, and stay as they are.
    """
    ends = []
    for e in explanations:
        if not e.blank:
            resized = resize_to_photo(e.raw, e.photo.width, e.photo.height)
            ends += [resized.min(), resized.max()]
    return [e if e.blank else replace(e, scale=(min(ends), max(ends))) for e in explanations]


@cache
def load_palette(colormap: str) -> np.ndarray:
    """256 colours of a colour map, uint8 (256, 3)."""
    from matplotlib import colormaps

    if colormap not in COLORMAPS:
        raise ValueError(f"there is no colour map {colormap!r}; choose one of {', '.join(COLORMAPS)}")
    return (colormaps[colormap](np.arange(256))[:, :3] * 255).round().astype(np.uint8)


def colorize(saliency: np.ndarray, colormap: str) -> np.ndarray:
    """A map (H, W) in [0, 1] to colours, uint8 (H, W, 3); colour is linear in the value."""
    return load_palette(colormap)[(saliency * 255).round().astype(np.uint8)]


def blend(photo: Image.Image, colors: np.ndarray, alpha: float) -> Image.Image:
    return Image.blend(photo, Image.fromarray(colors), alpha)


def draw_box(picture: Image.Image, box: tuple[int, int, int, int] | None) -> Image.Image:
    """A copy of a picture with a box drawn on it, white with a dark rim, so that it shows on any ground."""
    picture = picture.copy()
    if box:
        left, top, right, bottom = box
        width = max(2, max(picture.size) // 200)
        draw = ImageDraw.Draw(picture)
        draw.rectangle((left, top, right - 1, bottom - 1), outline="black", width=2 * width)
        inner = (left + width // 2, top + width // 2, right - 1 - width // 2, bottom - 1 - width // 2)
        if inner[2] > inner[0] and inner[3] > inner[1]:
            draw.rectangle(inner, outline="white", width=width)
    return picture
