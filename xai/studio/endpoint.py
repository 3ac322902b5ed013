"""What a program can ask of the app: the same answers as data. Each tab has its own endpoint, built from this."""

import logging
from collections.abc import Callable, Iterator, Sequence

import gradio as gr
from gradio.components import Component

from xai import Explanation
from xai.blackbox import BlackBoxError
from xai.explanation import COLORMAPS
from xai.photo import PhotoError
from xai.studio.text import say

LOG = logging.getLogger(__name__)


def follow(look_slowly: Callable[..., Iterator], photo, *asked) -> Iterator:
    """The steps of a slow explanation, whose errors become sentences for a program.

    Raises:
        gr.Error: there is no photo, or it cannot be used, or an option is wrong, or a black box does not answer.
    """
    if photo is None or isinstance(photo, PhotoError):
        raise gr.Error(str(photo or say("en", "no_photo")), print_exception=False)
    try:
        yield from look_slowly(photo, *asked)
    except ValueError as error:  # a wrong option: the sentence says which
        raise gr.Error(str(error), print_exception=False) from error
    except BlackBoxError as error:  # its own sentence may name the host's addresses
        LOG.warning("%s", error)
        raise gr.Error(say("en", "no_answer"), print_exception=False) from error


def describe_answer(e: Explanation, classes: Sequence[str]) -> dict:
    """What was said of a photo: the explained class, and the confidences in all."""
    confidences = dict(zip(classes, map(float, e.confidences), strict=True))
    return {"label": e.label, "confidence": e.confidence, "confidences": confidences}


def offer(answer: Callable, inputs: Sequence, heatmaps: Component, name: str) -> None:
    """Offer a function as an endpoint; its parameters and its docstring are the endpoint's documentation.

    Args:
        answer: the function; it gives a dictionary, and heatmaps.
        inputs: components that stand for its parameters: their labels, choices and first values are documented, too.
        heatmaps: the component that stands for the heatmaps.
        name: of the endpoint.
    """
    outputs = [gr.JSON(visible=False, label="answer"), heatmaps]
    gr.Button(visible=False).click(answer, inputs, outputs, api_name=name, concurrency_id="program")


def make_parameter(value: str, label: str) -> gr.Textbox:
    """A parameter that the page has no component for."""
    return gr.Textbox(value, visible=False, label=label)


def make_look_parameters() -> tuple[gr.Slider, gr.Dropdown]:
    """The opacity of the colours, and which colours; on the page, the browser sees to both."""
    alpha = gr.Slider(0, 1, 0.5, visible=False, label="alpha")
    return alpha, gr.Dropdown(list(COLORMAPS), value="turbo", visible=False, label="colormap")
