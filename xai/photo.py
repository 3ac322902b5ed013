"""Photos, in whatever form they come, as upright RGB pictures."""

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, ImageOps
from torch import Tensor

Photo = Image.Image | np.ndarray | str | PathLike

GREY = (0.485, 0.456, 0.406)  # ImageNet's mean colour, in [0, 1]: networks normalised by it read it as zeros
# Never EPS, which runs Ghostscript, nor the rarer formats whose decoders few people look after.
FORMATS = ["JPEG", "PNG", "WEBP", "AVIF", "HEIF", "GIF", "BMP", "TIFF"]
MAX_PIXELS = 64_000_000
MIN_SIDE = 16
MAX_ASPECT = 20

Image.init()  # Image.open(formats=…) knows only plugins that are registered
try:
    from pillow_heif import register_heif_opener

    register_heif_opener()
except ImportError:
    FORMATS.remove("HEIF")


SENTENCES = {
    "missing": "there is no file {path}",
    "folder": "{path} is a folder, not a photo",
    "unreadable": f"it is empty, damaged or not a photo ({', '.join(FORMATS)})",
    "large": "it has {width}×{height} pixels, more than {limit} megapixels",
    "small": "it has {width}×{height} pixels, and {limit} a side is the least that shows anything",
    "long": "it has {width}×{height} pixels, too long and thin for a photo",
    "array": "an array must be uint8 (H, W, 3), not {dtype} {shape}",
    "type": "an image must be a PIL image, a path or a uint8 array, not {type}",
}


class PhotoError(ValueError):
    """What is wrong with a photo: one clear sentence, and `reason` and `details` to say it in other words."""

    def __init__(self, reason: str, **details) -> None:
        self.reason, self.details = reason, details
        super().__init__("This photo cannot be used: " + SENTENCES[reason].format(**details) + ".")


def load_photo(
    path: str | PathLike | BinaryIO,
    max_side: int | None = None,
    max_pixels: int = MAX_PIXELS,
    formats: list[str] | tuple[str, ...] = FORMATS,
) -> Image.Image:
    """An untrusted file as an upright RGB photo, shrunk to at most `max_side` pixels a side where that is given.

    EXIF rotation is applied, transparency laid over white, 16 bits scaled to 8, the first frame taken; no metadata
    is kept. A file of more than `max_pixels` is refused before it is decoded.

    Raises:
        PhotoError: the file is no photo, is damaged, or is too large, too small or too long; a ValueError.
    """
    try:
        with Image.open(path, formats=formats) as image:  # reads no more than the header
            check_shape(image.width, image.height, max_pixels)
            if max_side:
                image.draft("RGB", (max_side, max_side))  # a large JPEG is decoded at a half, a quarter or an eighth
            photo = as_rgb(image)
    except PhotoError:
        raise
    except FileNotFoundError as error:
        raise PhotoError("missing", path=path) from error
    except IsADirectoryError as error:
        raise PhotoError("folder", path=path) from error
    except Exception as error:  # decoders raise whatever they like on damaged files
        raise PhotoError("unreadable") from error
    if max_side:
        photo.thumbnail((max_side, max_side))
    return photo


def as_photo(image: Photo) -> Image.Image:
    """A PIL image, a path, or an array (H, W, 3) or (H, W) of uint8, as an upright RGB photo of its own size.

    An image in memory that is one already is returned itself: copies of large photos would fill the memory.

    Raises:
        PhotoError: it is none of these, or cannot be read; a ValueError.
    """
    if isinstance(image, (str, PathLike)):
        return load_photo(Path(image))
    if isinstance(image, np.ndarray):
        if image.dtype != np.uint8 or image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] != 3):
            raise PhotoError("array", dtype=image.dtype, shape=image.shape)
        image = Image.fromarray(image)
    if not isinstance(image, Image.Image):
        raise PhotoError("type", type=type(image).__name__)
    check_shape(*image.size)
    if type(image) is Image.Image and image.mode == "RGB" and not image.info and not image.getexif():
        return image
    try:
        return as_rgb(image)
    except Exception as error:  # an image opened from a damaged file is decoded only here
        raise PhotoError("unreadable") from error


def list_photos(images: Any) -> Sequence[Photo]:
    """A list or tuple of photos as it is, and anything else as a list of one."""
    return images if isinstance(images, (list, tuple)) else [images]


def as_photos(images: Sequence[Photo]) -> list[Image.Image]:
    return [as_photo(image) for image in images]


def to_photos(pixels: Tensor) -> list[Image.Image]:
    """Pixels (N, 3, S, S) in [0, 1] as photos, rounded to 8 bits."""
    levels = (pixels.clamp(0, 1) * 255).round().permute(0, 2, 3, 1).cpu().numpy().astype(np.uint8)  # N, S, S, 3
    return [Image.fromarray(photo) for photo in levels]


def as_rgb(image: Image.Image) -> Image.Image:
    image = ImageOps.exif_transpose(image)
    if image.mode[0] in "IF":  # Pillow would clip these to white or black
        levels = np.asarray(image, np.float32)
        unit = 257 if image.mode[0] == "I" else 1 if levels.max() > 1 else 1 / 255  # floats reach 1 or 255
        image = Image.fromarray((levels / unit).clip(0, 255).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    if image.mode != "RGB":
        image = image.convert("RGB")
    if image.info:
        image = image.copy()
        image.info.clear()  # no EXIF, so no GPS, in what we send back
    return image


def check_shape(width: int, height: int, max_pixels: int = MAX_PIXELS) -> None:
    size = {"width": width, "height": height}
    if width * height > max_pixels:
        raise PhotoError("large", limit=max_pixels // 10**6, **size)
    if min(width, height) < MIN_SIDE:
        raise PhotoError("small", limit=MIN_SIDE, **size)
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise PhotoError("long", **size)
