"""What enters the distilled map: rows of pictures to pick from, options, and ready choices."""

from collections.abc import Sequence
from typing import Any

import gradio as gr
from gradio.components import Component

from xai.methods.distilled import ALL_BLOCKS, ALL_STAGES
from xai.studio.blackbox.answers import BlackBoxAnswer
from xai.studio.blackbox.maps import EXTRAS, OPERATORS, SIGNS, Choice
from xai.studio.blackbox.painting import TINY, fade, paint_map, shrink
from xai.studio.components import lay_out_note, make_thumbnails, place
from xai.studio.events import Values
from xai.studio.methods import PRESETS
from xai.studio.text import say, translate


class NumberedRow:
    """Pictures to pick from, numbered from 1, and as many ticks.

    Args:
        name: gives labels and ids.
        numbers: the pictures' numbers.
        css: a class that sets how many pictures there are in a line.
        caption: the key of the pictures' captions.
        chosen: the numbers ticked at first.
    """

    def __init__(self, name: str, numbers: Sequence[int], css: str, caption: str, chosen: Sequence[int]) -> None:
        key, elem_id = f"{name}_pictures", f"{name}-pictures"
        self.pictures = make_thumbnails(key, elem_id, ["captioned", css], object_fit="contain")
        self.ticks = gr.CheckboxGroup(
            list(numbers), value=list(chosen), label=translate(name), elem_id=name, render=False
        )
        self.caption = caption

    def paint(self, answer: BlackBoxAnswer, maps: Sequence, chosen: Sequence[int], lang: str) -> Values:
        """A picture for each map (1, S, S); what is not chosen is pale."""
        tiny, pictures = shrink(answer.photo, TINY), []
        for number, raw in enumerate(maps, start=1):
            picture = paint_map(tiny, raw[0].numpy())
            picture = picture if number in chosen else fade(picture)
            pictures.append((picture, say(lang, self.caption, number=number)))
        return {self.pictures: pictures}


class ChoiceParts:
    """The accordion in which a visitor chooses what enters the distilled map; hidden where a student has no maps."""

    def __init__(self) -> None:
        self.presets = {
            name: gr.Button(translate(f"preset.{name}"), size="sm", elem_id=f"preset-{name}", render=False)
            for name in PRESETS
        }
        best = PRESETS["best"]
        self.blocks = NumberedRow("blocks", ALL_BLOCKS, "eight", "block", best["blocks"])
        self.stages = NumberedRow("stages", ALL_STAGES, "wide", "stage", best["stages"])
        self.operator = make_radio("operator", OPERATORS, best["operator"])
        self.sign = make_radio("sign", SIGNS, best["sign"])
        self.extras = gr.CheckboxGroup(
            [(translate(f"extra.{extra}"), extra) for extra in EXTRAS],
            value=list_extras(best),
            label=translate("extras"),
            elem_id="extras",
            min_width=220,
            render=False,
        )

    @property
    def rows(self) -> list[NumberedRow]:
        return [self.blocks, self.stages]

    @property
    def inputs(self) -> list[Any]:
        """What a choice is read from, and what a preset sets."""
        return [self.blocks.ticks, self.stages.ticks, self.operator, self.sign, self.extras]

    @property
    def outputs(self) -> list[Component]:
        """What `paint` and `clear` fill in."""
        return [row.pictures for row in self.rows]

    def lay_out(self) -> None:
        with gr.Accordion(translate("choice"), open=False, elem_id="choice") as self.accordion:
            lay_out_note("choice_info")
            with gr.Row():
                place(*self.presets.values())
            for row in self.rows:
                place(row.pictures, row.ticks)
            with gr.Row():
                place(self.operator, self.sign, self.extras)

    def choose_preset(self, name: str) -> Values:
        """The options that a preset chooses."""
        options = PRESETS[name]
        return {
            self.blocks.ticks: list(options["blocks"]),
            self.stages.ticks: list(options["stages"]),
            self.operator: options["operator"],
            self.sign: options["sign"],
            self.extras: list_extras(options),
        }

    def read(self, values: Values) -> Choice:
        return Choice(
            blocks=tuple(sorted(values[self.blocks.ticks])),
            stages=tuple(sorted(values[self.stages.ticks])),
            operator=values[self.operator],
            sign=values[self.sign],
            **{extra: extra in values[self.extras] for extra in EXTRAS},
        )

    def clear(self) -> Values:
        return {row.pictures: [] for row in self.rows}

    def paint(self, answer: BlackBoxAnswer, lang: str) -> Values:
        """The maps that there are to choose from."""
        maps, choice = answer.side.explained, answer.choice
        return {
            **self.blocks.paint(answer, maps.get_attention(choice.sign), choice.blocks, lang),
            **self.stages.paint(answer, maps.evidence, choice.stages, lang),
        }


def list_extras(options: dict) -> list[str]:
    """The further options that a preset sets."""
    return [extra for extra in EXTRAS if options[extra]]


def make_radio(name: str, options: Sequence[str], chosen: str) -> gr.Radio:
    return gr.Radio(
        [(translate(f"{name}.{option}"), option) for option in options],
        value=chosen,
        label=translate(f"{name}"),
        elem_id=name,
        min_width=220,
        render=False,
    )


def toggle(chosen: list[int], choice: gr.SelectData) -> list[int]:
    """The numbers chosen after a click on a picture, which adds its number or takes it away."""
    return sorted({*chosen} ^ {choice.index + 1})
