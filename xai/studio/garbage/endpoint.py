"""The garbage tab as data, for programs."""

from gradio.components import Component

from xai.familiar import is_familiar
from xai.studio.answers import LAST, PREDICTED, Question, get_model, read_target
from xai.studio.endpoint import describe_answer, follow, make_look_parameters, make_parameter, offer
from xai.studio.garbage.answers import look_slowly
from xai.studio.picture import Picture


def explain_garbage(photo, model: str, method: str, target: str, layer: str, alpha: float, colormap: str):
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
        h × w), blank (true where nothing in the photo speaks for the class, so that the heatmap is the plain photo),
        layer, method, seconds, and familiar (false where the photo is unlike those that the network was trained on, so
        that its answer means little; null where that is not known); and the heatmap over the photo as a PNG.
    """
    question = Question(model, method, read_target(target), None if layer == LAST else layer)
    for done, e in follow(look_slowly, photo, question):
        if done < 1 or e is None:
            yield {"progress": done}, None
    answer = {
        "model": model,
        **describe_answer(e, get_model(model).classes),
        "size": photo.size,
        "box": e.bounding_box(),
        "raw": e.raw.tolist(),
        "blank": e.blank,
        "layer": e.target_layer,
        "method": e.method,
        "seconds": e.seconds,
        "familiar": is_familiar(photo, model),
    }
    yield answer, e.overlay(alpha, colormap)


def publish(photo: Component, model: Component, method: Component) -> None:
    """Offer the endpoint, with the page's components as its parameters."""
    layer, target = make_parameter(LAST, "layer"), make_parameter(PREDICTED, "target")
    alpha, colormap = make_look_parameters()
    inputs = [photo, model, method, target, layer, alpha, colormap]
    offer(explain_garbage, inputs, Picture(visible=False, format="png", label="heatmap"), "garbage")
