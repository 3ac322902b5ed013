"""Maps and photos as the page's scripts take them."""

from base64 import b64encode
from io import BytesIO
from typing import Any

import numpy as np
from gradio.data_classes import FileData
from PIL import Image

from xai.explanation import resize_to_photo
from xai.studio.picture import cache_file

STEPS = np.iinfo(np.uint16).max


def encode_map(raw: np.ndarray, photo: Image.Image) -> dict[str, Any]:
    """A raw map (h, w) as `studio.maps` in the browser reads it: in 65,536 steps, with the values at its ends.

    `low` and `high` are its extremes at the photo's size, which are shown as none and as the most.
    """
    bottom, top = float(raw.min()), float(raw.max())
    shares = (raw.astype(np.float64) - bottom) / ((top - bottom) or 1)
    resized = resize_to_photo(raw, *photo.size)
    data = (shares * STEPS).round().astype("<u2").tobytes()
    return {
        "h": raw.shape[0],
        "w": raw.shape[1],
        "data": b64encode(data).decode(),
        "bottom": bottom,
        "top": top,
        "low": float(resized.min()),
        "high": float(resized.max()),
    }


def send_photo(photo: Image.Image, cache: str, name: str = "photo") -> dict[str, Any]:
    """A picture in Gradio's cache, which the browser fetches by the `url` that Gradio adds."""
    data = BytesIO()
    photo.save(data, "JPEG", quality=92)
    path = cache_file(data.getvalue(), f"{name}.jpg", cache)
    return FileData(path=path, orig_name=f"{name}.jpg", mime_type="image/jpeg").model_dump()
