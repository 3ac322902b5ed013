"""The figure of the single map, of a black box that has no three but a network that can be read."""

import gradio as gr
from gradio.components import Component

from xai.studio.blackbox.answers import BlackBoxAnswer
from xai.studio.blackbox.names import name_class
from xai.studio.blackbox.painting import paint_map
from xai.studio.captions import say_seconds
from xai.studio.components import make_note, make_picture, place
from xai.studio.events import Values
from xai.studio.text import say


class SingleMap:
    """Grad-CAM, and whose gradients it was made of; hidden where there is none."""

    def __init__(self) -> None:
        self.picture, self.note = make_picture("map_single", 400), make_note("single-note")

    @property
    def outputs(self) -> list[Component]:
        """What `paint` fills in."""
        return [self.picture, self.note]

    def lay_out(self) -> None:
        with gr.Column(visible=False) as self.figure:
            place(self.picture, self.note)

    def paint(self, answer: BlackBoxAnswer, lang: str) -> Values:
        """The map over the photo; where it says nothing, the plain photo and a sentence."""
        e = answer.side.single
        if e is None:
            return {self.picture: None, self.note: ""}
        name = name_class(e.label, answer.side.classes, lang)
        more = say(lang, "blank", label=name) if e.blank else say(lang, f"single.{e.source}")
        note = f"{say_seconds(name, e.confidence, e.seconds, lang)}\n\n{more}"
        return {self.picture: paint_map(answer.photo, None if e.blank else e.raw, answer.look), self.note: note}
