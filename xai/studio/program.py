"""What a program can ask of the app: the same answers as data."""

from collections.abc import Generator

import gradio as gr
from PIL import Image

from xai import Explanation
from xai.explain import explain_steps
from xai.photo import PhotoError
from xai.studio.answers import LAST, PREDICTED, model_of
from xai.studio.gpu import GPU
from xai.studio.text import say


@GPU(duration=120)
def explain_once(
    photo: Image.Image, name: str, method: str, target: str | None, layer: str | None
) -> Generator[float | Explanation, None, None]:
    """The share done again and again, and at last the explanation; a wrong option becomes an error that says which."""
    try:
        yield (yield from explain_steps(model_of(name), photo, method, target, layer))
    except ValueError as error:
        raise gr.Error(str(error), print_exception=False) from error


def garbage(photo, model: str, method: str, target: str, layer: str, alpha: float, colormap: str):
    """Classify a photo of waste and show where the network looked.

    Slow methods first send {"progress": share done, 0 to 1} with no heatmap, again and again.

    Args:
        photo: The photo: JPEG, PNG, WebP, AVIF, HEIC, GIF, BMP or TIFF.
        model: Name of the network.
        method: Name of the method, as `python -m xai methods` lists them.
        target: The class to explain, or "predicted".
        layer: A layer of the network, "input" for the pixels (SmoothGrad), or "last": the method's usual one.
        alpha: Opacity of the colours, 0 to 1.
        colormap: Name of the colour map.

    Returns:
        A dictionary with label, confidence, confidences, size (width and height of the heatmap: the photo's own, or
        with a longer side of 1024), box (left, top, right, bottom in its pixels, or null), raw (the unscaled map,
        h × w), layer, method and seconds; and the heatmap over the photo as a PNG.
    """
    if photo is None or isinstance(photo, PhotoError):
        raise gr.Error(str(photo or say("en", "no_photo")), print_exception=False)
    wanted = None if target == PREDICTED else target, None if layer == LAST else layer
    for e in explain_once(photo, model, method, *wanted):
        if isinstance(e, float):
            yield {"progress": e}, None
    answer = {
        "model": model,
        "label": e.label,
        "confidence": e.confidence,
        "confidences": dict(zip(model_of(model).classes, map(float, e.confidences), strict=True)),
        "size": photo.size,
        "box": e.bounding_box(),
        "raw": e.raw.tolist(),
        "layer": e.target_layer,
        "method": e.method,
        "seconds": e.seconds,
    }
    yield answer, e.overlay(alpha, colormap)
