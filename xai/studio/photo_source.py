"""Where a photo comes from, and what is said of a photo that cannot be used."""

from collections.abc import Sequence

import gradio as gr
from gradio.components import Component

from xai.photo import PhotoError
from xai.studio.answers import Answer
from xai.studio.components import place
from xai.studio.photo_input import PhotoInput
from xai.studio.text import read_language, say, translate


class PhotoSource:
    """A photo, and a strip of examples to pick from.

    `example` holds the name of the example that is shown, "" for a photo of the visitor's own; `own` brings such a one.

    Args:
        prefix: begins the elements' ids.
    """

    def __init__(self, prefix: str = "") -> None:
        self.photo = PhotoInput(
            label=translate("photo"),
            sources=["upload", "clipboard"],
            type="pil",
            format="png",
            height=132,
            alt_text=translate("photo_alt"),
            buttons=[],
            elem_id=f"{prefix}photo",
            elem_classes="photo",
            render=False,
        )
        self.own = gr.Button(visible=False, size="sm", elem_id=f"{prefix}own", elem_classes="own", render=False)
        self.example = gr.Textbox(visible="hidden", elem_id=f"{prefix}example", render=False)
        self.examples = gr.Gallery(
            label=translate("examples"),
            height="auto",
            allow_preview=False,
            object_fit="cover",
            buttons=[],
            elem_id=f"{prefix}examples",
            elem_classes=["thumbnails", "strip"],
            interactive=False,
            format="png",
            render=False,
        )

    def lay_out(self, *menus, below: Sequence[Component] = (), under: Sequence[Component] = ()) -> None:
        """The photo with what is under it; beside it the examples, a row of menus, and what is below the menus."""
        with gr.Row(elem_classes="top"):
            with gr.Column(elem_classes="given", min_width=0):
                place(self.photo, self.own, *under)
            with gr.Column(elem_classes="beside", min_width=0):
                place(self.examples)
                with gr.Row(elem_classes="menus"):
                    place(*menus, *below)


def accept_photo(photo, answer: Answer | None, request: gr.Request):
    """The photo; one that cannot be used is replaced by the last good one, and a message says what is wrong with it."""
    if isinstance(photo, PhotoError):
        lang = read_language(request)
        gr.Warning(say(lang, f"photo.{photo.reason}", **photo.details), title=say(lang, "bad_photo"))
        return answer.photo if answer else None
    return photo
