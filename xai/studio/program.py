"""What a program can ask of the app: the same answers as data."""

import gradio as gr

from xai.photo import PhotoError
from xai.studio.answers import LAST, PREDICTED, Question, look_slowly, model_of
from xai.studio.text import say


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
    question = Question(model, method, None if target == PREDICTED else target, None if layer == LAST else layer)
    try:
        for e in look_slowly(photo, question):
            if isinstance(e, float):
                yield {"progress": e}, None
    except ValueError as error:  # a wrong option: the sentence says which
        raise gr.Error(str(error), print_exception=False) from error
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
