"""The column that a photo comes from, and what is said of a photo that cannot be used."""

from typing import Any

import gradio as gr
from PIL import Image

from xai.photo import PhotoError
from xai.studio.answers import Answer
from xai.studio.components import make_stop_button, place
from xai.studio.photo_input import PhotoInput
from xai.studio.text import read_language, say, translate


class PhotoColumn:
    """A photo, examples to pick from, and the buttons that start and, where it may take long, stop explaining it.

    `example` holds the name of the example that is shown, "" for a photo of the visitor's own; `own` brings such a one.

    Args:
        prefix: begins the elements' ids.
        stoppable: whether there is a button that stops.
    """

    def __init__(self, prefix: str = "", stoppable: bool = True) -> None:
        self.photo = PhotoInput(
            label=translate("photo"),
            sources=["upload", "clipboard", "webcam"],
            type="pil",
            format="png",
            height=300,
            alt_text=translate("photo_alt"),
            buttons=["fullscreen"],
            elem_id=f"{prefix}photo",
            elem_classes="photo",
            render=False,
        )
        self.explain = gr.Button(
            translate("explain"), variant="primary", elem_id=f"{prefix}explain", min_width=120, render=False
        )
        self.stop: Any = make_stop_button(prefix) if stoppable else None
        self.own = gr.Button(visible=False, size="sm", elem_id=f"{prefix}own", render=False)
        self.example = gr.Textbox(visible="hidden", elem_id=f"{prefix}example", render=False)
        self.examples = gr.Gallery(
            label=translate("examples"),
            columns=4,
            height="auto",
            allow_preview=False,
            object_fit="cover",
            buttons=[],
            elem_id=f"{prefix}examples",
            elem_classes="thumbnails",
            interactive=False,
            format="png",
            render=False,
        )

    def lay_out(self) -> None:
        place(self.photo)
        with gr.Row():
            place(self.explain, *([self.stop] if self.stop else []))
        place(self.own, self.examples)


def accept_photo(photo, answer: Answer | None, request: gr.Request):
    """The photo; one that cannot be used is replaced by the last good one, and a message says what is wrong with it."""
    if isinstance(photo, PhotoError):
        lang = read_language(request)
        gr.Warning(say(lang, f"photo.{photo.reason}", **photo.details), title=say(lang, "bad_photo"))
        return answer.photo if answer else None
    return photo


def demand_photo(photo, request: gr.Request) -> None:
    """Say what to do where there is no photo to explain."""
    if not isinstance(photo, Image.Image):
        lang = read_language(request)
        raise gr.Error(say(lang, "no_photo"), title=say(lang, "bad_photo"), print_exception=False)
