"""Pictures, notes, menus and buttons as several places of the page have them.

Components are made first and placed later, so that what belongs together is made together and a tab's `lay_out` reads
like the page. Their labels are texts by the key given.
"""

from collections.abc import Sequence

import gradio as gr
from gradio.components import Component

from xai.studio.answers import PREDICTED
from xai.studio.methods import DEFAULT, TITLES, list_suited
from xai.studio.picture import Thumbnails
from xai.studio.text import translate
from xai.zoo import find_checkpoint, read_json


def place(*components: Component) -> None:
    """Put components where the page is being laid out."""
    for component in components:
        component.render()


def make_thumbnails(key: str, elem_id: str, classes: Sequence[str], **options) -> Thumbnails:
    """A row of captioned pictures, to pick from; with the class "opens" a click enlarges one instead."""
    return Thumbnails(
        label=translate(key),
        height="auto",
        allow_preview=False,
        buttons=[],
        interactive=False,
        elem_id=elem_id,
        elem_classes=["thumbnails", *classes],
        render=False,
        **options,
    )


def make_note(elem_id: str, **options) -> gr.Markdown:
    return gr.Markdown(elem_id=elem_id, elem_classes="note", render=False, **options)


def make_stop_button(prefix: str = "") -> gr.Button:
    """A button that is there only while there is something to stop; `prefix` begins its id, here and below."""
    return gr.Button(translate("stop"), visible=False, elem_id=f"{prefix}stop", min_width=120, render=False)


def lay_out_note(key: str) -> None:
    """A text in small print."""
    gr.Markdown(translate(key), elem_classes="note")


def make_method_menu(models: Sequence[str], prefix: str = "") -> gr.Dropdown:
    """A menu of the methods that suit any of some networks."""
    return gr.Dropdown(
        [(TITLES[name], name) for name in list_suited(models)],
        value=DEFAULT,
        label=translate("method"),
        elem_id=f"{prefix}method",
        min_width=150,
        render=False,
    )


def make_target_menu(classes: Sequence[tuple], prefix: str = "", **options) -> gr.Dropdown:
    """A menu of the class to explain."""
    return gr.Dropdown(
        [(translate("predicted"), PREDICTED), *classes],
        value=PREDICTED,
        label=translate("target"),
        elem_id=f"{prefix}target",
        min_width=200,
        render=False,
        **options,
    )


def list_classes(model: str) -> list[tuple]:
    """A network's classes as a menu's choices."""
    return [(translate(f"class.{c}"), c) for c in read_json(find_checkpoint(model) / "config.json")["classes"]]
