"""What every tab does: it takes a photo, lets networks answer, shows the answer, and paints its pictures."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.blocks import Block
from gradio.components import Component
from PIL import Image

from xai.studio.address import OWN, Address
from xai.studio.answers import Answer, Look, Question
from xai.studio.carried import OwnPhoto
from xai.studio.components import place
from xai.studio.events import ANSWERING, EACH, IN_BROWSER, QUIET, SHOW, SHOW_WITHOUT_PHOTO, WAIT_A_SECOND, Values
from xai.studio.examples import read_class
from xai.studio.notices import Notices, warn_of_expired_answer
from xai.studio.photo_column import PhotoColumn, accept_photo, demand_photo
from xai.studio.text import read_language, say


class Tab(ABC):
    """A tab that explains photos.

    Menus make questions, a photo and questions make an answer, an answer is shown in words, and painted in pictures.
    The answer is kept for the visitor in `answered`. Handlers are given what components hold, by component, and
    return what components shall hold.

    Attributes:
        address: the tab's part of the address.
        examples: photos to pick from; the first one opens the tab.
        column: where the photo comes from.
        notices: what stands above the answer.
        question_inputs: the menus that questions are read from.
        look_inputs: what decides how pictures look.
        answer_outputs: what `show` may fill in.
        picture_outputs: what `paint` may fill in.
        answered: the visitor's answer; None before the first one, and after it was given back.
        lost: changes where a picture is to be painted anew but its answer was given back.
        own: the photo of the visitor's own that was last shown; None where there was none.
        accepted: the event after which an uploaded photo is there.
        picked: the event after which an example is there.
        gone_back: the event after which is there what the address says on Back and Forward.
    """

    address: Address
    examples: Sequence[Path]
    column: PhotoColumn
    notices: Notices
    question_inputs: Sequence[Component]
    look_inputs: Sequence[Any]
    answer_outputs: Sequence[Block]
    picture_outputs: Sequence[Component]

    def __init__(self) -> None:
        self.answered, self.lost, self.own = (gr.State(render=False) for _ in range(3))

    @abstractmethod
    def read_questions(self, values: Values) -> list[Question]:
        """What the menus ask."""

    @abstractmethod
    def explain(self, photo: Image.Image, questions: list[Question]) -> Answer:
        """Let the networks answer."""

    @abstractmethod
    def show(self, answer: Any, values: Values, lang: str) -> Values:
        """An answer in words; `values` still has the former answer."""

    @abstractmethod
    def read_look(self, values: Values) -> Look:
        """How the visitor wants pictures to look."""

    @abstractmethod
    def paint(self, answer: Any, lang: str) -> Values:
        """An answer in pictures, as `answer.look` wants them."""

    def prepare(self, photo: Image.Image) -> Image.Image:
        """The photo as the networks see it."""
        return photo

    def answer(self, values: Values, request: gr.Request) -> Values:
        """Answer the questions on the page, and end what was still being computed for the former ones.

        A visitor who took the photo away still sees its answer, and menus go on changing it.
        """
        photo, former = values[self.column.photo], values[self.answered]
        if not isinstance(photo, Image.Image):
            if former is None:
                return gr.skip()
            photo = former.photo
        photo, questions = self.prepare(photo), self.read_questions(values)
        if former and former.is_for(photo, questions):  # a menu may report one choice twice
            return gr.skip()
        if former:
            former.end()
        answer = self.explain(photo, questions)
        return {self.answered: answer, **self.show(answer, values, read_language(request))}

    def repaint(self, values: Values, request: gr.Request) -> Values:
        """Paint the visitor's answer; where there is none, say so."""
        answer = values[self.answered]
        if answer is None:
            warn_of_expired_answer(request)
            return gr.skip()
        answer.look = self.read_look(values)
        return self.paint(answer, read_language(request))

    def repaint_or_answer(self, values: Values, request: gr.Request) -> Values:
        """Paint the visitor's answer; where it was given back, set `lost`, upon which the photo is answered again."""
        if values[self.answered] is None:
            return {self.lost: time.time()}
        return self.repaint(values, request)

    def answer_after(self, event: Callable):
        """Let an event lead to an answer and its pictures; returns the event of the pictures."""
        photo, former = self.column.photo, self.notices.former
        outputs = [self.answered, self.notices.strange, *self.answer_outputs]
        answered = event(self.answer, {photo, self.answered, *self.question_inputs}, outputs, **ANSWERING)
        answered.success(None, photo, former, js=SHOW_WITHOUT_PHOTO, **IN_BROWSER)
        answered.failure(None, None, former, js=SHOW, **IN_BROWSER)
        return answered.success(self.repaint, {self.answered, *self.look_inputs}, self.picture_outputs, **QUIET)

    def repaint_after(self, event: Callable) -> None:
        """Let an event lead to pictures that look different."""
        outputs = [self.lost, *self.picture_outputs]
        event(self.repaint_or_answer, {self.answered, *self.look_inputs}, outputs, **QUIET)

    def connect(self, opened: Callable):
        """Answer what is uploaded, picked, asked for or chosen.

        Args:
            opened: the event that the tab is selected, also as the page opens.

        Returns:
            An event after the first photo's pictures were seen, for what is less urgent and keeps a browser busy.
        """
        photo, gallery, example = self.column.photo, self.column.examples, self.column.example
        place(self.answered, self.lost, self.own, example)
        self.address.connect(opened, example)
        photo.change(None, photo, self.notices.former, js=SHOW_WITHOUT_PHOTO, **IN_BROWSER)  # however it was taken away
        self.accepted = photo.upload(self.accept, {photo, self.answered}, [photo, example, self.own], **QUIET).success
        self.picked = gallery.select(self.pick, None, [photo, example], **EACH).success
        self.answer_after(self.accepted)
        self.answer_after(self.picked)
        self.answer_after(self.column.explain.click(demand_photo, photo, None, **QUIET).success)
        for control in self.look_inputs:
            self.repaint_after(control.release if isinstance(control, gr.Slider) else control.input)
        self.answer_after(self.lost.change)
        outputs = [photo, gallery, example, *self.address.all_menus.values()]
        filled = opened(self.open, {photo, self.answered}, outputs, **QUIET).success
        self.follow_menus(filled)
        return self.answer_after(filled).success(None, js=WAIT_A_SECOND, **QUIET)

    def connect_address(self, history: gr.HTML):
        """Show on Back and Forward what the address says; returns the event of the pictures."""
        outputs = [self.column.photo, self.column.example, self.own, *self.address.all_menus.values()]
        popped = getattr(history, self.address.tab)
        self.gone_back = popped(self.go_back, [history, self.column.example, self.own], outputs, **QUIET).success
        self.follow_menus(self.gone_back)
        return self.answer_after(self.gone_back)

    def follow_menus(self, event: Callable) -> None:  # noqa: B027  # in some tabs nothing
        """Let follow, after an event in which the address set the menus, what does not wait for an answer."""

    def bring(self, own: OwnPhoto) -> Values:
        """Show a photo of the visitor's own."""
        return {self.column.photo: own.photo, self.column.example: "", self.own: own}

    def accept(self, values: Values, request: gr.Request) -> Values:
        """Take what was uploaded, if it is a photo."""
        given = values[self.column.photo]
        photo = accept_photo(given, values[self.answered], request)
        if photo is None or photo is not given:
            return {self.column.photo: photo}
        return self.bring(OwnPhoto(photo, self.address.tab))

    def pick(self, choice: gr.SelectData) -> Values:
        return self.show_example(self.examples[choice.index])

    def show_example(self, path: Path) -> Values:
        return {self.column.photo: path, self.column.example: path.stem}

    def open(self, values: Values, request: gr.Request) -> Values:
        """Show the example that the address names, or the first, and all with captions; what is there already stays."""
        if values[self.answered] or values[self.column.photo] is not None:
            return gr.skip()
        lang = read_language(request)
        captioned = [(str(path), say(lang, f"class.{read_class(path)}")) for path in self.examples]
        return {self.column.examples: captioned, **self.read_address(request)}

    def read_address(self, request: gr.Request) -> Values:
        """The example and the menus that the address names, or those that the tab opens with."""
        query = self.address.read(request)
        named = (path for path in self.examples if path.stem == query.get("example"))
        example = next(named, self.examples[0])
        return {**self.show_example(example), **self.address.set_menus(query, read_language(request))}

    def go_back(self, held: str, former: str, own: OwnPhoto | None, request: gr.Request) -> Values:
        """Show what the address says, or the visitor's own photo again, where it was there and is not forgotten."""
        found = self.read_address(request)
        if held == OWN and own:
            found |= self.bring(own)
        if found[self.column.example] == former:
            del found[self.column.photo]  # it is there
        return found
