"""Other methods beside the distilled map: which, how often they ask, and a picture of each."""

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

import gradio as gr
from PIL import Image

from xai import Explanation
from xai.methods import METHODS
from xai.studio.blackbox.answers import (
    NO_ANSWER,
    BlackBoxAnswer,
    get_pace,
    list_possible,
    look_slowly,
    record_pace,
)
from xai.studio.blackbox.names import name_method
from xai.studio.blackbox.painting import SMALL, fade, paint_map, shrink
from xai.studio.captions import format_seconds, say_progress
from xai.studio.cards import draw_progress
from xai.studio.components import lay_out_note, make_note, make_thumbnails, place
from xai.studio.events import Values
from xai.studio.methods import is_preselected
from xai.studio.task import TaskRow
from xai.studio.text import read_language, say, translate

LOG = logging.getLogger(__name__)
MASKS = (400, 1000, 4000)
EVERY = 0.5  # seconds at least between two words on how far a method is, unless its map has grown


class OthersParts:
    """The accordion of other methods.

    Args:
        offered: the methods that can explain the first black box, as a menu's choices.
    """

    def __init__(self, offered: Sequence[tuple[str, str]]) -> None:
        self.methods = gr.CheckboxGroup(
            list(offered),
            value=[method for _, method in offered if is_preselected(method)],
            label=translate("compared"),
            elem_id="compared",
            min_width=300,
            render=False,
        )
        self.masks = gr.Radio(
            [(translate(f"masks.{n}"), n) for n in MASKS],
            value=MASKS[0],
            label=translate("masks"),
            info=translate("masks_info"),
            elem_id="masks",
            min_width=300,
            render=False,
        )
        self.expectation = make_note("expectation")
        self.row = TaskRow("compute", "others")
        self.gallery = make_thumbnails(
            "others_pictures", "others-pictures", ["captioned", "wide", "five", "opens"], object_fit="contain"
        )

    def lay_out(self) -> None:
        with gr.Accordion(translate("others"), open=False, elem_id="others") as self.accordion:
            lay_out_note("others_info")
            with gr.Row():
                place(self.methods, self.masks)
            place(self.expectation)
            self.row.lay_out()
            place(self.gallery)

    def compare(self, answer: BlackBoxAnswer, values: Values, lang: str) -> Iterator[Values | None]:
        """Let the chosen methods explain, one after the other."""
        chosen, masks = values[self.methods], values[self.masks]
        possible = list_possible(answer.side.question.model)
        missing = [m for m in possible if m in chosen and not answer.has(m, masks)]
        for method in missing:
            yield from self.explain(answer, method, masks, lang)
        note = say(lang, "done" if missing else "nothing_to_do")
        yield {self.row.note: note, self.gallery: draw_gallery(answer, lang)}

    def explain(self, answer: BlackBoxAnswer, method: str, masks: int, lang: str) -> Iterator[Values | None]:
        """Let one method explain: how far it is, and its map as it grows."""
        name, started, last = name_method(method, lang), time.perf_counter(), 0.0
        answer.found.pop(method, None)
        answer.growing[method] = (None, 0.0)
        yield self.show_progress(answer, say(lang, "running", method=name), 0, lang)
        for done, e in look_slowly(answer.photo, replace(answer.side.question, method=method), masks):
            if e:
                answer.growing[method] = (replace(e, photo=answer.photo), done)
            if e or time.perf_counter() - last > EVERY:
                last = time.perf_counter()
                yield self.show_progress(answer, say_progress(name, done, started, lang), done, lang)
            else:
                yield None
        answer.found[method] = replace(e, photo=answer.photo)  # the very photo: a copy would weigh as much again
        if METHODS[method].number:
            answer.asked[method] = masks
        del answer.growing[method]
        if method == "rise":
            record_pace(answer.side.question.model, e.seconds / masks)

    def show_progress(self, answer: BlackBoxAnswer, sentence: str, done: float, lang: str) -> Values:
        return {self.row.note: draw_progress(sentence, done), self.gallery: draw_gallery(answer, lang)}


def say_expected_time(answer: BlackBoxAnswer | None, masks: int, request: gr.Request) -> str:
    """How long asking will take; "" where the black box does not answer, of which there is a message already."""
    if answer is None or answer.silent:
        return ""
    try:
        seconds = get_pace(answer.side.question.model) * masks
    except NO_ANSWER as error:
        LOG.warning("%s", error)
        return ""
    return say(read_language(request), "pace", seconds=f"{seconds:.0f}")


def draw_gallery(answer: BlackBoxAnswer, lang: str) -> list[tuple[Image.Image, str]]:
    """A picture for every method whose map is there, growing, or offered where nobody chose."""
    small, found, pictures = shrink(answer.photo, SMALL), answer.collect_explanations(), []
    for method in list_possible(answer.side.question.model):
        if not (is_preselected(method) or method == "distilled" or method in found or method in answer.growing):
            continue
        name = name_method(method, lang)
        if method in found:
            raw, caption = None if found[method].blank else found[method].raw, caption_map(found[method], name, lang)
        elif method in answer.growing:
            e, done = answer.growing[method]
            raw = e.raw if e and not e.blank else None
            caption = say(lang, "growing", method=name, done=f"{done:.0%}")
        else:
            raw, caption = None, say(lang, "not_yet", method=name)
        pictures.append((fade(small) if raw is None else paint_map(small, raw), caption))
    return pictures


def caption_map(found: Explanation, name: str, lang: str) -> str:
    """What stands under a method's map: how long it took, whom it asked and how often, and how settled it is."""
    parts = [
        say(lang, "found", method=name, seconds=format_seconds(found.seconds)),
        say(lang, f"source.{found.source}"),
    ]
    if found.questions is not None:
        parts.append(say(lang, "questions", questions=f"{found.questions:,}"))
    if found.blank:
        parts.append(say(lang, "blank_method"))
    elif found.settled is not None:
        parts.append(say(lang, "settled", settled=f"{found.settled:.0%}"))
    return "\n".join(parts)
