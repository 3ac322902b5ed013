"""A tab whose answers go on, network by network, where a method is slow."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Generic, TypeVar

import gradio as gr
from PIL import Image

from xai.steps import Progress
from xai.studio.answers import Answer, Question, Side
from xai.studio.captions import say_progress
from xai.studio.components import make_stop_button
from xai.studio.events import QUIET, REFINING, Values
from xai.studio.examples import find_example, read_class
from xai.studio.glossary import describe_method
from xai.studio.methods import TITLES
from xai.studio.network import NetworkParts
from xai.studio.notices import warn_of_strange_photo
from xai.studio.stage import Scene
from xai.studio.tab import Tab
from xai.studio.text import read_language, say, translate
from xai.studio.verdict import judge

EVERY = 1.0  # seconds at least between two lines on how far a method is; more would keep the browser busy
Parts = TypeVar("Parts", bound=NetworkParts)


class RefiningTab(Tab, Generic[Parts]):
    """A tab that first answers without the maps of slow methods, then computes these until it is stopped.

    Attributes:
        networks: what shows each network, in the order of an answer's sides.
        stop: the button that stops a slow method.
        what: a line on what the method's map shows.
        trained_on: the key of the text that says what the networks were trained on.
        look_at: takes a photo and questions, returns a side for each; those of slow methods are pending.
        look_slowly: takes a photo and a question; yields how far it is, again and again, and at last what is explained.
    """

    networks: Sequence[Parts]
    stop: gr.Button
    trained_on: str
    look_at: Callable[[Image.Image, list[Question]], Sequence[Side]]
    look_slowly: Callable[[Image.Image, Question], Iterator[Progress]]

    def __init__(self, prefix: str = "") -> None:
        super().__init__()
        self.stop = make_stop_button(prefix)
        self.what = gr.Markdown(elem_id=f"{prefix}what", elem_classes="what", render=False)

    def explain(self, photo: Image.Image, questions: list[Question]) -> Answer:
        return Answer(photo, self.look_at(photo, questions))

    def explain_anew(self, photo: Image.Image, answer: Answer) -> Answer:
        """The answer on another photo; slow methods are not asked again, so that it comes at once."""
        anew = super().explain_anew(photo, answer)
        for side in anew.sides:
            side.pending = False
        return anew

    def show(self, answer: Answer, values: Values, lang: str) -> Values:
        who, what = say(lang, "both_networks"), say(lang, self.trained_on)
        shown = {
            self.notices.strange: warn_of_strange_photo(answer.sides, who, what, lang),
            self.what: describe_method(answer.sides[0].question.method, lang),
        }
        for network, side in zip(self.networks, answer.sides, strict=True):
            shown |= network.show(side, lang)
        return shown | self.show_stop_button(answer)

    def set_scene(self, answer: Answer, lang: str) -> Scene:
        pairs = zip(self.networks, answer.sides, strict=True)
        example = find_example(answer.photo)
        truth = read_class(example) if example else None
        panels = [replace(network.describe(side, lang), truth=truth) for network, side in pairs]
        method = TITLES[answer.sides[0].question.method]
        return Scene(answer.photo, panels, judge(panels, truth, lang), method, example)

    def list_classes(self, answer: Answer) -> Sequence[str]:
        return list(answer.sides[0].confidences)

    def lay_out_about(self) -> None:
        """A folded panel about each network, filled in when it is first opened."""
        self.about = gr.Accordion(translate("about"), open=False, elem_id=f"{self.stage.elem_id}-about")
        with self.about, gr.Row():
            for network in self.networks:
                network.lay_out_about()

    def answer_after(self, event: Callable):
        answered = super().answer_after(event)
        answered.success(self.refine, self.answered, [self.stage, self.stop], **REFINING)
        return answered

    def connect(self, opened: Callable):
        self.stop.click(self.end, self.answered, [self.stage, self.stop], **QUIET)
        return super().connect(opened)

    def show_stop_button(self, answer: Answer) -> Values:
        """The stop button, which is there while a network has still to explain the photo."""
        return {self.stop: gr.Button(visible=any(side.pending for side in answer.sides))}

    def end(self, answer: Answer | None, request: gr.Request) -> Values:
        """End what is being computed."""
        if answer is None:
            return gr.skip()
        answer.end(halted=True)
        return self.show_stopped(answer, read_language(request))

    def show_stopped(self, answer: Answer, lang: str) -> Values:
        """Say of each pending side that it was stopped."""
        sides = zip(self.networks, answer.sides, strict=True)
        stopped = {network.key: say(lang, "stopped") for network, side in sides if side.pending}
        return {self.stage: gr.update(progress=stopped), self.stop: gr.Button(visible=False)}

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
            title, started, told = TITLES[side.question.method], time.perf_counter(), 0.0
            yield {self.stage: gr.update(progress={network.key: say(lang, "running", method=title)})}
            for progress in self.look_slowly(answer.photo, side.question):
                if answer.stopped.is_set():
                    # `end` has said so already, but a line that was on its way to the page would stay there for good
                    yield self.show_stopped(answer, lang) if answer.halted else gr.skip()
                    return
                if progress.done < 1 and time.perf_counter() - told > EVERY:
                    told = time.perf_counter()
                    line = say_progress(title, progress.done, started, lang)
                    yield {self.stage: gr.update(progress={network.key: line})}
            side.explained, side.pending = progress.so_far, False
            scene = gr.HTML(self.set_scene(answer, lang), progress={})
            yield {self.stage: scene, **self.show_stop_button(answer)}
