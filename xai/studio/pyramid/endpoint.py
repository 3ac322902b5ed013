"""The pyramid tab as data, for programs."""

import gradio as gr
from gradio.components import Component

from xai.familiar import is_familiar
from xai.studio.answers import PREDICTED, Question, get_model, read_target
from xai.studio.endpoint import describe_answer, follow, make_look_parameters, make_parameter, offer
from xai.studio.picture import Thumbnails
from xai.studio.pyramid.answers import look_slowly
from xai.zoo import PYRAMID


def explain_pyramid(photo, model: str, method: str, target: str, alpha: float, colormap: str):
    """Classify an aerial photo and show where each layer of a feature pyramid looked, and what each map is worth.

    The photo is turned grey, and the heatmaps are painted on the grey one. Slow methods first send {"progress": share
    done, 0 to 1}, again and again.

    Args:
        photo: The photo: JPEG, PNG, WebP, AVIF, HEIC, GIF, BMP or TIFF.
        model: "pyramid-fpn" or "pyramid-fal".
        method: Name of the method, as `python -m xai methods` lists them.
        target: The class to explain, or "predicted".
        alpha: Opacity of the colours, 0 to 1.
        colormap: Name of the colour map.

    Returns:
        A dictionary with label, confidence, confidences, method, seconds, familiar (false where the photo is unlike
        those that the network was trained on, so that its answer means little; null where that is not known) and
        layers: for each, and for "combined" (or for "input" alone, by a method that explains the photo as a whole), raw
        (the unscaled map, h × w), blank (true where nothing in the photo speaks for the class, so that the heatmap is
        the plain photo), drop and gain (in percent: confidence lost when the photo is seen through the map, hidden
        parts black; and confidence won, as a share of what was missing to full confidence); and the heatmaps over the
        photo in that order.
    """
    if model not in PYRAMID:
        raise gr.Error(f"there is no pyramid {model!r}; choose one of {', '.join(PYRAMID)}", print_exception=False)
    question = Question(model, method, read_target(target))
    for done, found in follow(look_slowly, photo, question):
        if found is None:
            yield {"progress": done}, None
    e = list(found.values())[-1].explanation
    layers = {
        name: {
            "raw": scored.explanation.raw.tolist(),
            "blank": scored.explanation.blank,
            "drop": scored.drop,
            "gain": scored.gain,
        }
        for name, scored in found.items()
    }
    answer = {
        "model": model,
        **describe_answer(e, get_model(model).classes),
        "method": e.method,
        "seconds": e.seconds,
        "familiar": is_familiar(e.photo, model),
        "layers": layers,
    }
    yield answer, [(scored.explanation.overlay(alpha, colormap), name) for name, scored in found.items()]


def publish(photo: Component, method: Component) -> None:
    """Offer the endpoint, with the page's components as its parameters."""
    model, target = make_parameter(PYRAMID[1], "model"), make_parameter(PREDICTED, "target")
    inputs = [photo, model, method, target, *make_look_parameters()]
    offer(explain_pyramid, inputs, Thumbnails(visible=False, label="heatmaps"), "pyramid")
