"""The section's menus: networks and methods that suit what is shown."""

from collections.abc import Sequence

import gradio as gr

from xai.methods import METHODS
from xai.studio.methods import is_slow, label_method, mark_method, suits
from xai.studio.text import translate
from xai.zoo import GARBAGE


def make_menu(networks: Sequence[str], chosen: str, key: str, elem_id: str) -> gr.Dropdown:
    """A menu of networks."""
    choices = [(translate(f"model.{name}"), name) for name in networks]
    return gr.Dropdown(choices, value=chosen, label=translate(key), elem_id=elem_id, render=False)


def list_inside_networks() -> list[str]:
    """The networks whose answer is a sum over the channels of their last layer, as CAM needs it."""
    return [name for name in GARBAGE if suits("cam", name)]


def list_finding_methods(network: str, lang: str) -> list[tuple[str, str]]:
    """The methods that explain a network in a moment, labelled; controls are named as such."""
    quick = [name for name in METHODS if suits(name, network) and not is_slow(name, network)]
    marks = {name: mark_method(name, lang) if METHODS[name].is_control else "" for name in quick}
    return [(label_method(name, [marks[name]]), name) for name in quick]
