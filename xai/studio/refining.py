"""A tab whose answers go on, network by network, where a method is slow."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

import gradio as gr
from PIL import Image

from xai.steps import Progress
from xai.studio.answers import Answer, Question, Side
from xai.studio.captions import say_progress
from xai.studio.events import QUIET, REFINING, Values
from xai.studio.methods import TITLES
from xai.studio.network import NetworkParts
from xai.studio.notices import warn_of_strange_photo
from xai.studio.tab import Tab
from xai.studio.text import read_language, say, translate

Parts = TypeVar("Parts", bound=NetworkParts)


class RefiningTab(Tab, Generic[Parts]):
    """A tab that first answers without the maps of slow methods, then computes these until it is stopped.

    Attributes:
        networks: what shows each network, in the order of an answer's sides.
        trained_on: the key of the text that says what the networks were trained on.
        look_at: takes a photo and questions, returns a side for each; those of slow methods are pending.
        look_slowly: takes a photo and a question; yields how far it is, again and again, and at last what is explained.
    """

    networks: Sequence[Parts]
    trained_on: str
    look_at: Callable[[Image.Image, list[Question]], Sequence[Side]]
    look_slowly: Callable[[Image.Image, Question], Iterator[Progress]]

    @property
    def notes(self) -> list[gr.Markdown]:
        return [network.note for network in self.networks]

    def explain(self, photo: Image.Image, questions: list[Question]) -> Answer:
        return Answer(photo, self.look_at(photo, questions))

    def show(self, answer: Answer, values: Values, lang: str) -> Values:
        who, what = say(lang, "both_networks"), say(lang, self.trained_on)
        shown = {self.notices.strange: warn_of_strange_photo(answer.sides, who, what, lang)}
        for network, side in zip(self.networks, answer.sides, strict=True):
            shown |= network.show(side, lang)
        return shown | self.show_stop_button(answer)

    def lay_out_about(self) -> None:
        """A panel about each network."""
        gr.Markdown(translate("about"))
        with gr.Row():
            for network in self.networks:
                network.lay_out_about()

    def answer_after(self, event: Callable):
        painted = super().answer_after(event)
        outputs = [*self.notes, self.column.stop, *self.picture_outputs]
        painted.success(self.refine, self.answered, outputs, **REFINING)
        return painted

    def connect(self, opened: Callable):
        self.column.stop.click(self.stop, self.answered, [*self.notes, self.column.stop], **QUIET)
        return super().connect(opened)

    def show_stop_button(self, answer: Answer) -> Values:
        """The stop button, which is there while a network has still to explain the photo."""
        return {self.column.stop: gr.Button(visible=any(side.pending for side in answer.sides))}

    def stop(self, answer: Answer | None, request: gr.Request) -> Values:
        """End what is being computed."""
        if answer is None:
            return gr.skip()
        answer.end(halted=True)
        return self.show_stopped(answer, read_language(request))

    def show_stopped(self, answer: Answer, lang: str) -> Values:
        """Say of each pending side that it was stopped."""
        sides = zip(self.networks, answer.sides, strict=True)
        notes = {network.note: say(lang, "stopped") for network, side in sides if side.pending}
        return {**notes, self.column.stop: gr.Button(visible=False)}

    def refine(self, answer: Answer | None, request: gr.Request) -> Iterator[Values]:
        """Explain the pending sides, one after the other.

        It ends when the visitor stops it, asks for something else or leaves.
        """
        lang = read_language(request)
        if answer is None or answer.stopped.is_set() or not any(side.pending for side in answer.sides):
            yield gr.skip()
            return
        pairs = zip(self.networks, answer.sides, strict=True)
        pending = [(network, side) for network, side in pairs if side.pending]
        for network, side in pending:
            title, started = TITLES[side.question.method], time.perf_counter()
            yield {network.note: say(lang, "running", method=title)}
            for progress in self.look_slowly(answer.photo, side.question):
                if answer.stopped.is_set():
                    # `stop` has said so already, but a note that was on its way to the page would stay there for good
                    yield self.show_stopped(answer, lang) if answer.halted else gr.skip()
                    return
                if progress.done < 1:
                    yield {network.note: say_progress(title, progress.done, started, lang)}
            side.explained, side.pending = progress.so_far, False
            note = {network.note: network.describe(side, lang)}
            yield {**note, **self.show_stop_button(answer), **self.paint(answer, lang)}
