"""The page of the black-box tab: its layout, and what its menus and buttons do."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import gradio as gr
from PIL import Image

from xai import Explanation
from xai.blackbox import BlackBoxError
from xai.blackbox.hosted import hosted_black_boxes
from xai.studio.address import Address, Following
from xai.studio.answers import PREDICTED, Question, read_target
from xai.studio.blackbox import endpoint
from xai.studio.blackbox.about import AboutStudent, say_assumed
from xai.studio.blackbox.answers import NO_ANSWER, BlackBoxAnswer, BlackBoxSide, get_black_box, look_at
from xai.studio.blackbox.choice import ChoiceParts, toggle
from xai.studio.blackbox.examples import list_known_examples
from xai.studio.blackbox.games import GamesParts
from xai.studio.blackbox.names import list_others, list_targets, name_method
from xai.studio.blackbox.others import OthersParts, draw_gallery, say_expected_time
from xai.studio.blackbox.panels import set_scene
from xai.studio.components import lay_out_note, make_note, make_target_menu, place
from xai.studio.events import ANSWERING, EACH, QUIET, Values
from xai.studio.methods import is_preselected
from xai.studio.notices import Notices, warn_of_silence, warn_of_strange_photo
from xai.studio.photo_source import PhotoSource
from xai.studio.stage import Scene, Stage
from xai.studio.tab import Tab, caption_examples
from xai.studio.task import Task
from xai.studio.text import has_text, read_language, say, translate
from xai.studio.words import Words

LOG = logging.getLogger(__name__)
TERMS = ("student", "cbam", "gradcam", "rise", "lime", "mask", "settled", "deletion", "insertion", "auc", "sim", "kl")


class BlackBoxTab(Tab):
    """One photo, a black box and its student.

    Args:
        titles: of the black boxes, the first one opens the tab.
        offered: the methods that can explain it, as a menu's choices.
    """

    def __init__(self, titles: Sequence[str], offered: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self.known = {title: list_known_examples(title) for title in titles}
        self.examples = self.known[titles[0]]
        self.black_box = gr.Dropdown(
            [(translate(f"hosted.{t}") if has_text(f"hosted.{t}") else t, t) for t in titles],
            value=titles[0],
            label=translate("black_box"),
            elem_id="black-box",
            render=False,
        )
        self.assumed = make_note("assumed", visible=False)
        self.source, self.notices = PhotoSource("blackbox-"), Notices("blackbox-")
        self.stage = Stage(shape="rows", tab="blackbox", elem_id="blackbox-stage", render=False)
        self.target = make_target_menu([], "blackbox-")
        self.again = gr.Button(translate("ask_again"), visible=False, elem_id="ask-again", render=False)
        self.choice, self.others, self.games = ChoiceParts(), OthersParts(offered), GamesParts()
        self.student, self.words = AboutStudent(), Words(TERMS, "blackbox-")
        self.lay_out()
        following = {"class": Following(self.target, "box", offer_classes)}
        self.address = Address("blackbox", {"box": self.black_box}, following)
        self.question_inputs = [self.black_box, self.target]
        self.look_inputs = self.choice.inputs
        hidden = [self.again, self.three_maps, self.choice.accordion, self.student.accordion]
        rows = [*self.others.row.outputs, *self.games.row.outputs]
        pictures = [*self.choice.outputs, self.others.gallery]
        self.answer_outputs = [*hidden, self.target, self.others.methods, *rows, *self.games.outputs, *pictures]

    def lay_out(self) -> None:
        self.source.lay_out(self.black_box, self.target)
        place(self.assumed)
        self.notices.lay_out()
        place(self.again, self.stage)
        lay_out_note("blackbox_intro")
        self.three_maps = gr.Markdown(translate("three_maps"), elem_classes="note")
        self.choice.lay_out()
        self.others.lay_out()
        self.games.lay_out()
        self.student.lay_out()
        self.words.lay_out()
        lay_out_note("blackbox_privacy")

    def connect(self, opened: Callable):
        first_shown = super().connect(opened)
        for row in self.choice.rows:
            self.recombine_after(row.pictures.select(toggle, row.ticks, row.ticks, **EACH, queue=False).success)
        for name, button in self.choice.presets.items():
            chosen = button.click(self.choice.choose_preset, gr.State(name), self.choice.inputs, **QUIET)
            self.recombine_after(chosen.success)
        for control in self.choice.inputs:
            self.recombine_after(control.input)
        source = self.source
        outputs = [self.target, source.photo, source.example, source.examples]
        turned = self.black_box.select(self.turn, {self.black_box, source.example}, outputs, **QUIET)
        changed = self.answer_after(turned.success)
        self.answer_after(self.again.click)
        for event in (changed, first_shown):
            event.success(self.student.fill, self.answered, self.student.facts, **QUIET)
            event.success(say_assumed, self.black_box, self.assumed, **QUIET)
        for event in (changed.success, self.others.accordion.expand, self.others.masks.input):
            event(say_expected_time, [self.answered, self.others.masks], self.others.expectation, **ANSWERING)
        self.words.connect()
        self.connect_tasks()
        return first_shown

    def connect_address(self, history: gr.HTML):
        shown = super().connect_address(history)
        shown.success(self.student.fill, self.answered, self.student.facts, **QUIET)
        shown.success(say_assumed, self.black_box, self.assumed, **QUIET)
        return shown

    def recombine_after(self, event: Callable) -> None:
        """Let an event lead to maps of what is then chosen."""
        event(self.recombine, *self.list_answering(), **QUIET)

    def connect_tasks(self) -> None:
        Task(
            answered=self.answered,
            name="others",
            row=self.others.row,
            inputs=[self.others.methods, self.others.masks],
            outputs=[self.others.gallery],
            steps=self.others.compare,
        ).connect()
        Task(
            answered=self.answered,
            name=self.games.name,
            row=self.games.row,
            inputs=[],
            outputs=self.games.outputs,
            steps=self.games.play,
        ).connect()

    def list_examples(self, values: Values) -> Sequence[Path]:
        return self.known[values[self.black_box]]

    def turn(self, values: Values, request: gr.Request) -> Values:
        """Turn to another black box: its examples, the first in place of one of another's; a visitor's photo stays."""
        examples, example = self.list_examples(values), values[self.source.example]
        captioned = caption_examples(examples, read_language(request))
        shown: Values = {self.target: PREDICTED, self.source.examples: captioned}
        if example and example not in {path.stem for path in examples}:
            shown |= self.show_example(examples[0])
        return shown

    def read_questions(self, values: Values) -> list[Question]:
        return [Question(values[self.black_box], "distilled", read_target(values[self.target]))]

    def explain(self, photo: Image.Image, questions: list[Question]) -> BlackBoxAnswer:
        """Let the black box answer; where it does not, the answer is silent."""
        (question,) = questions
        try:
            side = look_at(photo, question)
        except NO_ANSWER as error:
            LOG.warning("%s", error)  # not for visitors: it may name the host's addresses
            side = BlackBoxSide(question)
        return BlackBoxAnswer(photo, [side])

    def explain_anew(self, photo: Image.Image, answer: BlackBoxAnswer) -> BlackBoxAnswer:
        anew = self.explain(photo, [answer.side.question])
        anew.choice = answer.choice
        return anew

    def show(self, answer: BlackBoxAnswer, values: Values, lang: str) -> Values:
        """What there is beside the stage; where the black box is silent, nothing of a former answer."""
        side, former = answer.side, values[self.answered]
        answer.choice = self.choice.read(values)
        if side.silent:
            warn_of_silence(lang)
        has_student, has_maps = side.agreement is not None, side.explained is not None
        who = say(lang, "this_black_box" if has_student else "alone.who")
        what = say(lang, "learnt.blackbox", count=f"{len(side.classes):,}")
        same_menus = former and former.side.question.model == side.question.model and not former.silent
        return {
            self.notices.strange: warn_of_strange_photo([side], who, what, lang),
            self.again: gr.Button(visible=side.silent),
            self.three_maps: gr.Markdown(visible=has_maps),
            self.choice.accordion: gr.Accordion(visible=has_maps),
            self.student.accordion: gr.Accordion(visible=has_student),
            **self.others.row.clear(),
            **self.games.clear(),
            **self.show_pictures(answer, lang),
            **({} if same_menus and not side.silent else self.update_menus(side, lang)),
        }

    def set_scene(self, answer: BlackBoxAnswer, lang: str) -> Scene:
        return set_scene(answer, lang)

    def list_classes(self, answer: BlackBoxAnswer) -> Sequence[str]:
        return answer.side.classes

    def list_explanations(self, answer: BlackBoxAnswer, lang: str) -> dict[str, Explanation]:
        return {name_method(method, lang): e for method, e in answer.collect_explanations().items()}

    def recombine(self, values: Values, request: gr.Request) -> Values:
        """The maps of what is chosen; where the answer was given back, the photo is answered again."""
        answer, lang = values[self.answered], read_language(request)
        if answer is None or answer.silent:
            return self.answer(values, request)
        answer.choice = self.choice.read(values)
        stale = self.games.say_whether_stale(answer, lang)
        return {self.stage: self.set_scene(answer, lang), **self.show_pictures(answer, lang), **stale}

    def show_pictures(self, answer: BlackBoxAnswer, lang: str) -> Values:
        """The pictures to choose from, and other methods' pictures."""
        gallery = [] if answer.silent else draw_gallery(answer, lang)
        has_maps = answer.side.explained is not None
        chosen = self.choice.paint(answer, lang) if has_maps else self.choice.clear()
        return {self.others.gallery: gallery, **chosen}

    def update_menus(self, side: BlackBoxSide, lang: str) -> Values:
        """The menus of a black box's classes and of the methods that explain it; empty where it did not answer."""
        classes = offer_targets(side.classes, lang)
        others = [] if side.silent else list_others(side.question.model)
        target = PREDICTED if side.silent else side.question.target or PREDICTED  # Gradio refuses what is not in a menu
        chosen = [method for _, method in others if is_preselected(method)]
        return {
            self.target: gr.Dropdown(classes, value=target),
            self.others.methods: gr.CheckboxGroup([*others], value=chosen),
        }


def offer_targets(classes: Sequence[str], lang: str) -> list[tuple]:
    """The classes that can be explained, as a menu's choices."""
    return [(translate("predicted"), PREDICTED), *list_targets(classes, lang)]


def offer_classes(title: str, lang: str) -> list[tuple]:
    """The classes of a black box as a menu's choices; if it does not answer, only the predicted one."""
    try:
        return offer_targets(get_black_box(title).classes, lang)
    except NO_ANSWER as error:
        LOG.warning("%s", error)
        return offer_targets([], lang)


def list_offered(title: str) -> list[tuple[str, str]]:
    """The methods that can explain a black box, which is loaded for it; none if it does not answer: it may, later."""
    try:
        return list_others(title)
    except BlackBoxError as error:
        LOG.warning("%s", error)
        return []


def build(page: gr.Blocks, tab: gr.Tab) -> BlackBoxTab:
    """Lay out the tab inside a page and connect it; the first photo is explained when the tab is first opened."""
    # before the first visitor, and on ZeroGPU before the process that answers is forked
    offered = {title: list_offered(title) for title in hosted_black_boxes()}
    titles = list(offered)
    black_box = BlackBoxTab(titles, offered[titles[0]])
    black_box.connect(opened=tab.select)
    endpoint.publish(black_box.source.photo, black_box.black_box, black_box.others.masks)
    return black_box
