"""What a program can ask of the app: the same answers as data."""

from collections.abc import Callable, Iterator

import gradio as gr

from xai.photo import PhotoError
from xai.studio import garbage_look, pyramid_look
from xai.studio.answers import LAST, PREDICTED, Question, model_of
from xai.studio.text import say
from xai.zoo import PYRAMID


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
    question = Question(model, method, None if target == PREDICTED else target, None if layer == LAST else layer)
    for e in told(garbage_look.look_slowly, photo, question):
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


def pyramid(photo, model: str, method: str, target: str, alpha: float, colormap: str):
    """Classify an aerial photo and show where each layer of a feature pyramid looked, and what each map is worth.

    The photo is turned grey. Slow methods first send {"progress": share done, 0 to 1}, again and again.

    Args:
        photo: The photo: JPEG, PNG, WebP, AVIF, HEIC, GIF, BMP or TIFF.
        model: "pyramid-fpn" or "pyramid-fal".
        method: Name of the method, as `python -m xai methods` lists them.
        target: The class to explain, or "predicted".
        alpha: Opacity of the colours, 0 to 1.
        colormap: Name of the colour map.

    Returns:
        A dictionary with label, confidence, confidences, method, seconds and layers: for each, and for "combined", raw
        (the unscaled map, h × w), drop and gain (in percent: confidence lost when the photo is seen through the map,
        hidden parts black, and the share gained of what it lacked); and the heatmaps over the photo in that order.
    """
    if model not in PYRAMID:
        raise gr.Error(f"there is no pyramid {model!r}; choose one of {', '.join(PYRAMID)}", print_exception=False)
    question = Question(model, method, None if target == PREDICTED else target)
    for found in told(pyramid_look.look_slowly, photo, question):
        if isinstance(found, float):
            yield {"progress": found}, None
    e = found["combined"].explanation
    answer = {
        "model": model,
        "label": e.label,
        "confidence": e.confidence,
        "confidences": dict(zip(model_of(model).classes, map(float, e.confidences), strict=True)),
        "method": e.method,
        "seconds": e.seconds,
        "layers": {
            name: {"raw": each.explanation.raw.tolist(), "drop": each.drop, "gain": each.gain}
            for name, each in found.items()
        },
    }
    yield answer, [(each.explanation.overlay(alpha, colormap), name) for name, each in found.items()]


def told(look_slowly: Callable, photo, question: Question) -> Iterator:
    """The share done, again and again, and at last what is explained; a bad photo or option is told by its sentence."""
    if photo is None or isinstance(photo, PhotoError):
        raise gr.Error(str(photo or say("en", "no_photo")), print_exception=False)
    try:
        yield from look_slowly(photo, question)
    except ValueError as error:  # a wrong option: the sentence says which
        raise gr.Error(str(error), print_exception=False) from error
