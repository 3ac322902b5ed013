"""Lossless pictures for the page, compressed in a quarter of the time gr.Image takes, for a tenth more bytes."""

import os
from io import BytesIO
from pathlib import Path
from tempfile import NamedTemporaryFile

import gradio as gr
import numpy as np
from gradio.processing_utils import hash_bytes
from PIL import Image

from xai.explanation import blend, colorize, saliency_of


def cached(value, cache: str):
    """A PIL image as a PNG in Gradio's cache, which forgets it after a day; anything else as it is."""
    if not isinstance(value, Image.Image):
        return value
    png = BytesIO()
    value.save(png, "PNG", compress_level=1)
    return save(png.getvalue(), "picture.png", cache)


def save(data: bytes, name: str, cache: str) -> str:
    """A file in Gradio's cache, named by what is in it; written whole, since another visitor may be reading it."""
    file = Path(cache) / hash_bytes(data) / name
    file.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=file.parent, delete=False) as part:
        part.write(data)
    os.replace(part.name, file)
    return str(file.resolve())


class Thumbnails(gr.Gallery):
    """gr.Gallery of captioned pictures, quicker; a WebP file's contents are sent as they are."""

    is_template = True

    def postprocess(self, value):
        return super().postprocess([(self.file_of(picture), caption) for picture, caption in value or []])

    def file_of(self, picture) -> str:
        if isinstance(picture, bytes):
            return save(picture, "photo.webp", self.GRADIO_CACHE)
        return cached(picture, self.GRADIO_CACHE)


class Picture(gr.Image):
    """gr.Image, quicker."""

    is_template = True  # the browser side of gr.Image serves this one too

    def postprocess(self, value):
        return super().postprocess(cached(value, self.GRADIO_CACHE))


class PictureSlider(gr.ImageSlider):
    """gr.ImageSlider, quicker."""

    is_template = True

    def postprocess(self, value):
        return super().postprocess(value and tuple(cached(picture, self.GRADIO_CACHE) for picture in value))


def over(photo: Image.Image, raw: np.ndarray | None, alpha: float, colormap: str) -> Image.Image:
    """A raw map (h, w) in colours over the photo, or the photo alone, also where the map is the same everywhere."""
    saliency = None if raw is None else saliency_of(raw, photo)
    if saliency is None or not saliency.any():
        return photo
    return blend(photo, colorize(saliency, colormap), alpha)


def smaller(photo: Image.Image, side: int) -> Image.Image:
    small = photo.copy()
    small.thumbnail((side, side))
    return small


def faded(picture: Image.Image, chosen: bool) -> Image.Image:
    """What is left out is pale."""
    return picture if chosen else Image.blend(picture, Image.new("RGB", picture.size, "grey"), 0.75)
