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
from xai.studio.address import OWN, Address
from xai.studio.answers import Answer, Question
from xai.studio.carried import OwnPhoto
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
    read_field,
)
from xai.studio.examples import read_class
from xai.studio.hiding import FILLS, hide_part, read_mask
from xai.studio.notices import Notices, warn_of_expired_answer, warn_of_silence
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
        address: the tab's part of the address.
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
        own: the photo of the visitor's own that was last shown; None where there was none.
        accepted: the event after which an uploaded photo is there.
        picked: the event after which an example is there.
        gone_back: the event after which is there what the address says on Back and Forward.
    """

    address: Address
    examples: Sequence[Path]
    source: PhotoSource
    notices: Notices
    stage: Stage
    target: gr.Dropdown
    question_inputs: Sequence[Component]
    look_inputs: Sequence[Component] = ()
    answer_outputs: Sequence[Block]

    def __init__(self) -> None:
        self.answered, self.own = gr.State(render=False), gr.State(render=False)
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
        mask, fill = read_mask(read_field(event, "size"), read_field(event, "runs")), read_field(event, "fill")
        if answer is None or answer.silent:
            warn_of_expired_answer(request)
            return gr.skip()
        if mask is None or fill not in FILLS:
            return gr.skip()
        whole = self.set_scene(answer, lang)
        if not mask.any():
            return {self.stage: whole}
        without = self.explain_anew(hide_part(answer.photo, mask, fill), answer)
        if without.silent:
            warn_of_silence(lang)
            return gr.skip()
        scene = self.set_scene(without, lang)
        verdict = replace(scene.verdict, text=say(lang, "without_part", verdict=scene.verdict.text))
        return {self.stage: replace(scene, verdict=verdict, former=whole.panels, whole=answer.photo)}

    @abstractmethod
    def list_explanations(self, answer: Any, lang: str) -> dict[str, Explanation]:
        """All explanations of an answer that there are, by title."""

    def save(self, values: Values, event: gr.EventData, request: gr.Request) -> Any:
        """Everything the stage shows, as a zip."""
        answer, lang = values[self.answered], read_language(request)
        if answer is None:
            warn_of_expired_answer(request)
            return gr.skip()
        explanations = self.list_explanations(answer, lang)
        if not explanations:
            gr.Warning(say(lang, "nothing_to_save"), title=say(lang, "photo"))
            return gr.skip()
        opacity, colormap = read_field(event, "opacity"), read_field(event, "colormap")
        try:
            data = pack(explanations, opacity, colormap)
        except (TypeError, ValueError):  # no such opacity or colours: not from this page
            return gr.skip()
        first = next(iter(explanations.values()))
        name = name_download(say(lang, f"class.{first.label}"), first.method)
        return cache_file(data, name, self.stage.GRADIO_CACHE)

    def explain_anew(self, photo: Image.Image, answer: Answer) -> Answer:
        """The answer to the same questions on another photo."""
        return self.explain(photo, [side.question for side in answer.sides])

    def list_answering(self) -> tuple[set[Block], list[Block]]:
        """What `answer` is given and what it may fill in."""
        inputs: set[Block] = {self.source.photo, self.answered, *self.question_inputs, *self.look_inputs}
        return inputs, [self.answered, self.stage, self.notices.strange, *self.answer_outputs]

    def answer_after(self, event: Callable):
        """Let an event lead to an answer; returns the event of the answer."""
        photo, former = self.source.photo, self.notices.former
        answered = event(self.answer, *self.list_answering(), **ANSWERING)
        answered.success(None, photo, former, js=SHOW_WITHOUT_PHOTO, **IN_BROWSER)
        answered.failure(None, None, former, js=SHOW, **IN_BROWSER)
        return answered

    def connect(self, opened: Callable):
        """Answer what is uploaded, picked, or chosen.

        Args:
            opened: the event that the tab is selected, also as the page opens.

        Returns:
            An event after the first answer was seen, for what is less urgent and keeps a browser busy.
        """
        photo, gallery, example = self.source.photo, self.source.examples, self.source.example
        menus: set[Block] = {*self.question_inputs}
        place(self.answered, self.own, self.download, example)
        self.address.connect(opened, example)
        photo.change(None, photo, self.notices.former, js=SHOW_WITHOUT_PHOTO, **IN_BROWSER)  # however it was taken away
        self.accepted = photo.upload(self.accept, {photo, self.answered}, [photo, example, self.own], **QUIET).success
        self.picked = gallery.select(self.pick, menus, [photo, example], **EACH).success
        for event in (self.accepted, self.picked, self.target.select):
            self.answer_after(event)
        self.answer_after(self.stage.choose(self.choose_class, self.answered, self.target, **QUIET).success)
        saved = self.stage.save(self.save, {self.answered}, self.download, **QUIET)
        saved.success(None, self.download, None, js=DOWNLOAD, **IN_BROWSER)
        self.stage.hide(self.hide, {self.answered}, self.stage, **ANSWERING)
        outputs = [photo, gallery, example, *self.address.all_menus.values()]
        filled = opened(self.open, {photo, self.answered}, outputs, **QUIET).success
        self.follow_menus(filled)
        return self.answer_after(filled).success(None, js=WAIT_A_SECOND, **QUIET)

    def connect_address(self, history: gr.HTML):
        """Show on Back and Forward what the address says; returns the event of the answer."""
        source, menus = self.source, self.address.all_menus.values()
        outputs = [source.photo, source.examples, source.example, self.own, *menus]
        popped = getattr(history, self.address.tab)
        self.gone_back = popped(self.go_back, [history, source.example, self.own], outputs, **QUIET).success
        self.follow_menus(self.gone_back)
        return self.answer_after(self.gone_back)

    def follow_menus(self, event: Callable) -> None:  # noqa: B027  # in some tabs nothing
        """Let follow, after an event in which the address set the menus, what does not wait for an answer."""

    def accept(self, values: Values, request: gr.Request) -> Values:
        """Take what was uploaded, if it is a photo."""
        return self.take(values[self.source.photo], values[self.answered], request)

    def take(self, given: Any, answer: Answer | None, request: gr.Request) -> Values:
        """Show what the visitor gave, if it is a photo; else the former photo again."""
        photo = accept_photo(given, answer, request)
        if photo is None or photo is not given:
            return {self.source.photo: photo}
        return self.bring(OwnPhoto(photo, self.address.tab))

    def bring(self, own: OwnPhoto) -> Values:
        """Show a photo of the visitor's own."""
        return {self.source.photo: own.photo, self.source.example: "", self.own: own}

    def list_examples(self, values: Values) -> Sequence[Path]:
        """The photos to pick from, as the menus stand."""
        return self.examples

    def pick(self, values: Values, choice: gr.SelectData) -> Values:
        return self.show_example(self.list_examples(values)[choice.index])

    def show_example(self, path: Path) -> Values:
        return {self.source.photo: path, self.source.example: path.stem}

    def choose_class(self, answer: Answer | None, event: gr.EventData) -> Any:
        """The class that was clicked among the confidences, for the menu."""
        name = read_field(event, "name")
        return name if answer is not None and name in self.list_classes(answer) else gr.skip()

    @abstractmethod
    def list_classes(self, answer: Any) -> Sequence[str]:
        """The classes that can be explained."""

    def open(self, values: Values, request: gr.Request) -> Values:
        """Show the example that the address names, or the first, and all with captions; what is there already stays."""
        if values[self.answered] or values[self.source.photo] is not None:
            return gr.skip()
        return self.read_address(request)

    def read_address(self, request: gr.Request) -> Values:
        """The examples, the one of them and the menus that the address names, or those that the tab opens with."""
        query, lang = self.address.read(request), read_language(request)
        examples = self.list_examples(self.address.choose_menus(query))
        example = next((path for path in examples if path.stem == query.get("example")), examples[0])
        captioned = {self.source.examples: caption_examples(examples, lang)}
        return {**captioned, **self.show_example(example), **self.address.set_menus(query, lang)}

    def go_back(self, held: str, former: str, own: OwnPhoto | None, request: gr.Request) -> Values:
        """Show what the address says, or the visitor's own photo again, where it was there and is not forgotten."""
        found = self.read_address(request)
        if held == OWN and own:
            found |= self.bring(own)
        if found[self.source.example] == former:
            del found[self.source.photo]  # it is there
        return found


def caption_examples(examples: Sequence[Path], lang: str) -> list[tuple[str, str]]:
    """Photos with the class of what each shows, as a gallery takes them."""
    return [(str(path), say(lang, f"class.{read_class(path)}")) for path in examples]
