"""The figure of the three maps, and what stands below it."""

import gradio as gr
from gradio.components import Component

from xai.studio.blackbox.answers import BlackBoxAnswer
from xai.studio.blackbox.names import name_class
from xai.studio.blackbox.painting import paint_map
from xai.studio.captions import say_seconds
from xai.studio.components import lay_out_note, make_note, make_picture, place
from xai.studio.events import Values
from xai.studio.text import say


class ThreeMaps:
    """The maps of attention, of evidence, and of both together; hidden where a student has none."""

    def __init__(self) -> None:
        self.pictures = [make_picture(f"map_{which}", 260) for which in ("attention", "evidence", "distilled")]
        self.note = make_note("figure-note")

    @property
    def outputs(self) -> list[Component]:
        """What `paint` and `clear` fill in."""
        return [*self.pictures, self.note]

    def lay_out(self) -> None:
        with gr.Column() as self.figure:
            with gr.Row():
                place(*self.pictures)
            place(self.note)
            lay_out_note("three_maps")

    def clear(self) -> Values:
        return {self.note: "", **self.clear_pictures()}

    def clear_pictures(self) -> Values:
        return dict.fromkeys(self.pictures)

    def paint(self, answer: BlackBoxAnswer, lang: str) -> Values:
        """The maps of a student that has some."""
        maps = answer.side.explained.combine(answer.look.choice)
        pictures = [paint_map(answer.photo, raw, answer.look) for raw in maps]
        return {self.note: self.describe(answer, maps, lang), **dict(zip(self.pictures, pictures, strict=True))}

    def describe(self, answer: BlackBoxAnswer, maps: list, lang: str) -> str:
        """The lines below the maps: what they explain, and which of them show nothing."""
        side = answer.side
        line = say_seconds(name_class(side.label, side.classes, lang), side.confidence, side.explained.seconds, lang)
        if maps[-1] is None:
            line = say(lang, "nothing_chosen")
        blank = [str(i) for i, raw in enumerate(maps, start=1) if raw is not None and not raw.any()]
        return f"{line}\n\n{say(lang, 'blank_maps', maps=', '.join(blank))}" if blank else line
