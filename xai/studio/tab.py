"""What every tab does: it takes a photo, lets networks answer, and shows the answer on its stage."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.blocks import Block
from gradio.components import Component
from PIL import Image

from xai import Explanation, name_download, pack
from xai.studio.answers import Answer, Question
from xai.studio.components import place
from xai.studio.events import (
    ANSWERING,
    DOWNLOAD,
    EACH,
    IN_BROWSER,
    QUIET,
    SHOW,
    SHOW_WITHOUT_PHOTO,
    WAIT_A_SECOND,
    Values,
)
from xai.studio.examples import read_class
from xai.studio.hiding import FILLS, hide_part, read_mask
from xai.studio.notices import Notices, warn_of_expired_answer
from xai.studio.photo_source import PhotoSource, accept_photo
from xai.studio.picture import cache_file
from xai.studio.stage import Scene, Stage
from xai.studio.text import read_language, say


class Tab(ABC):
    """A tab that explains photos.

    Menus make questions, a photo and questions make an answer, and an answer makes a scene on the stage. The answer is
    kept for the visitor in `answered`. Handlers are given what components hold, by component, and return what
    components shall hold.

    Attributes:
        examples: photos to pick from; the first one opens the tab.
        source: where the photo comes from.
        notices: what stands above the answer.
        stage: shows the answer.
        target: the menu of the class to explain.
        question_inputs: the menus that questions are read from.
        look_inputs: what else decides how the answer is shown.
        answer_outputs: what `show` may fill in besides the stage.
        download: where a file is put that the visitor's browser then fetches.
        answered: the visitor's answer; None before the first one, and after it was given back.
    """

    examples: Sequence[Path]
    source: PhotoSource
    notices: Notices
    stage: Stage
    target: gr.Dropdown
    question_inputs: Sequence[Component]
    look_inputs: Sequence[Component] = ()
    answer_outputs: Sequence[Block]

    def __init__(self) -> None:
        self.answered = gr.State(render=False)
        self.download = gr.DownloadButton(visible="hidden", render=False)

    @abstractmethod
    def read_questions(self, values: Values) -> list[Question]:
        """What the menus ask."""

    @abstractmethod
    def explain(self, photo: Image.Image, questions: list[Question]) -> Answer:
        """Let the networks answer."""

    @abstractmethod
    def show(self, answer: Any, values: Values, lang: str) -> Values:
        """An answer beside the stage; `values` still has the former answer."""

    @abstractmethod
    def set_scene(self, answer: Any, lang: str) -> Scene:
        """An answer on the stage."""

    def prepare(self, photo: Image.Image) -> Image.Image:
        """The photo as the networks see it."""
        return photo

    def answer(self, values: Values, request: gr.Request) -> Values:
        """Answer the questions on the page, and end what was still being computed for the former ones.

        A visitor who took the photo away still sees its answer, and menus go on changing it.
        """
        photo, former = values[self.source.photo], values[self.answered]
        if not isinstance(photo, Image.Image):
            if former is None:
                return gr.skip()
            photo = former.photo
        photo, questions = self.prepare(photo), self.read_questions(values)
        if former and former.is_for(photo, questions):  # a menu may report one choice twice
            return gr.skip()
        if former:
            former.end()
        answer, lang = self.explain(photo, questions), read_language(request)
        shown = self.show(answer, values, lang)  # it may note in the answer how it is to look
        return {self.answered: answer, **shown, self.stage: gr.HTML(self.set_scene(answer, lang), progress={})}

    def hide(self, values: Values, event: gr.EventData, request: gr.Request) -> Values:
        """Answer the photo without the part that the visitor painted over, beside the answer to all of it."""
        answer, lang = values[self.answered], read_language(request)
        mask, fill = read_mask(event.size, event.runs), event.fill
        if answer is None or answer.silent:
            warn_of_expired_answer(request)
            return gr.skip()
        if mask is None or fill not in FILLS:
            return gr.skip()
        whole = self.set_scene(answer, lang)
        if not mask.any():
            return {self.stage: whole}
        photo = hide_part(answer.photo, mask, fill)
        without = self.set_scene(self.explain_anew(photo, answer), lang)
        return {self.stage: replace(without, former=whole.panels, whole=answer.photo)}

    @abstractmethod
    def list_explanations(self, answer: Any, lang: str) -> dict[str, Explanation]:
        """All explanations of an answer that there are, by title."""

    def save(self, values: Values, event: gr.EventData, request: gr.Request) -> Any:
        """Everything the stage shows, as a zip."""
        answer, lang = values[self.answered], read_language(request)
        explanations = self.list_explanations(answer, lang) if answer else {}
        if not explanations:
            warn_of_expired_answer(request)
            return gr.skip()
        try:
            data = pack(explanations, float(event.opacity), str(event.colormap))
        except ValueError:  # no such opacity or colours: not from this page
            return gr.skip()
        first = next(iter(explanations.values()))
        name = name_download(say(lang, f"class.{first.label}"), first.method)
        return cache_file(data, name, self.stage.GRADIO_CACHE)

    def explain_anew(self, photo: Image.Image, answer: Answer) -> Answer:
        """The answer to the same questions on another photo."""
        return self.explain(photo, [side.question for side in answer.sides])

    def answer_after(self, event: Callable):
        """Let an event lead to an answer; returns the event of the answer."""
        photo, former = self.source.photo, self.notices.former
        inputs = {photo, self.answered, *self.question_inputs, *self.look_inputs}
        outputs = [self.answered, self.stage, self.notices.strange, *self.answer_outputs]
        answered = event(self.answer, inputs, outputs, **ANSWERING)
        answered.success(None, photo, former, js=SHOW_WITHOUT_PHOTO, **IN_BROWSER)
        answered.failure(None, None, former, js=SHOW, **IN_BROWSER)
        return answered

    def connect(self, opened: Callable):
        """Answer what is uploaded, picked, or chosen.

        Args:
            opened: the event that opens the tab.

        Returns:
            An event after the first answer was seen, for what is less urgent and keeps a browser busy.
        """
        place(self.answered, self.download)
        photo, gallery = self.source.photo, self.source.examples
        photo.change(None, photo, self.notices.former, js=SHOW_WITHOUT_PHOTO, **IN_BROWSER)  # however it was taken away
        self.answer_after(photo.upload(accept_photo, [photo, self.answered], photo, **QUIET).success)
        menus = {*self.question_inputs}
        self.answer_after(gallery.select(self.pick, menus, photo, **EACH).success)
        self.answer_after(self.target.input)
        self.answer_after(self.stage.choose(self.choose_class, self.answered, self.target, **QUIET).success)
        saved = self.stage.save(self.save, {self.answered}, self.download, **QUIET)
        saved.success(None, self.download, None, js=DOWNLOAD, **IN_BROWSER)
        self.stage.hide(self.hide, {self.answered}, self.stage, **ANSWERING)
        first = self.answer_after(opened(self.open, {photo, self.answered, *menus}, [photo, gallery], **QUIET).success)
        return first.success(None, js=WAIT_A_SECOND, **QUIET)

    def list_examples(self, values: Values) -> Sequence[Path]:
        """The photos to pick from, as the menus stand."""
        return self.examples

    def pick(self, values: Values, choice: gr.SelectData) -> Path:
        return self.list_examples(values)[choice.index]

    def choose_class(self, answer: Answer | None, event: gr.EventData) -> Any:
        """The class that was clicked among the confidences, for the menu."""
        known = answer is not None and event.name in self.list_classes(answer)
        return event.name if known else gr.skip()

    @abstractmethod
    def list_classes(self, answer: Any) -> Sequence[str]:
        """The classes that can be explained."""

    def open(self, values: Values, request: gr.Request) -> Values:
        """Show the first example, and all examples with captions; what is there already stays."""
        if values[self.answered] or values[self.source.photo] is not None:
            return gr.skip()
        examples = self.list_examples(values)
        captioned = caption_examples(examples, read_language(request))
        return {self.source.photo: examples[0], self.source.examples: captioned}


def caption_examples(examples: Sequence[Path], lang: str) -> list[tuple[str, str]]:
    """Photos with the class of what each shows, as a gallery takes them."""
    return [(str(path), say(lang, f"class.{read_class(path)}")) for path in examples]
