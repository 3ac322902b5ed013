"""The page of the black-box tab: its layout, and what its menus and buttons do."""

import logging
from collections.abc import Callable, Sequence

import gradio as gr
from PIL import Image

from xai.agreement import TOP
from xai.blackbox import BlackBoxError
from xai.blackbox.hosted import hosted_black_boxes
from xai.studio.address import Address, Following
from xai.studio.answers import PREDICTED, Question, read_target
from xai.studio.blackbox import endpoint
from xai.studio.blackbox.about import AboutStudent, say_assumed
from xai.studio.blackbox.answers import NO_ANSWER, BlackBoxAnswer, BlackBoxLook, BlackBoxSide, get_black_box, look_at
from xai.studio.blackbox.cards import draw_verdict
from xai.studio.blackbox.choice import ChoiceParts, toggle
from xai.studio.blackbox.games import GamesParts
from xai.studio.blackbox.names import list_others, name_classes
from xai.studio.blackbox.others import OthersParts, draw_gallery, say_expected_time
from xai.studio.blackbox.three_maps import ThreeMaps
from xai.studio.cards import draw_warning
from xai.studio.components import lay_out_note, make_look_controls, make_note, make_target_menu, place
from xai.studio.events import ANSWERING, EACH, QUIET, Values
from xai.studio.examples import GARBAGE_EXAMPLES
from xai.studio.methods import is_preselected
from xai.studio.notices import Notices, warn_of_strange_photo
from xai.studio.photo_column import PhotoColumn
from xai.studio.tab import Tab
from xai.studio.task import Task
from xai.studio.text import has_text, say, translate

LOG = logging.getLogger(__name__)


class BlackBoxTab(Tab):
    """One photo, a black box and its student.

    Args:
        titles: of the black boxes, the first one opens the tab.
        offered: the methods that can explain it, as a menu's choices.
    """

    examples = GARBAGE_EXAMPLES

    def __init__(self, titles: Sequence[str], offered: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self.black_box = gr.Dropdown(
            [(translate(f"model.{t}") if has_text(f"model.{t}") else t, t) for t in titles],
            value=titles[0],
            label=translate("black_box"),
            elem_id="black-box",
            render=False,
        )
        self.assumed = make_note("assumed", visible=False)
        self.column, self.notices = PhotoColumn("blackbox-", stoppable=False), Notices("blackbox-")
        self.verdict = gr.HTML(elem_id="verdict", elem_classes="flush", render=False)
        self.black_box_says, self.student_says = make_label("black_box"), make_label("student")
        self.maps = ThreeMaps()
        self.target = make_target_menu([], "blackbox-")
        self.alpha, self.colormap = make_look_controls("blackbox-")
        self.choice, self.others, self.games = ChoiceParts(), OthersParts(offered), GamesParts()
        self.student = AboutStudent()
        self.lay_out()
        following = {"class": Following(self.target, "box", list_targets)}
        self.address = Address("blackbox", {"box": self.black_box}, following)
        self.question_inputs = [self.black_box, self.target]
        self.look_inputs = [self.alpha, self.colormap, *self.choice.inputs]
        says = [self.black_box_says, self.student_says, self.verdict]
        hidden = [self.maps.figure, self.choice.accordion, self.student.accordion]
        rows = [*self.others.row.outputs, *self.games.row.outputs]
        self.answer_outputs = [*says, *hidden, self.target, self.others.methods, *rows, *self.games.outputs]
        pictures = [*self.maps.outputs, *self.choice.outputs, self.others.gallery]
        self.picture_outputs = [*pictures, self.games.row.note]

    def lay_out(self) -> None:
        gr.Markdown(translate("blackbox_intro"))
        with gr.Row(equal_height=False):
            with gr.Column(scale=4, min_width=300):
                place(self.black_box, self.assumed)
                self.column.lay_out()
            with gr.Column(scale=9, min_width=300):
                self.notices.lay_out()
                place(self.verdict)
                with gr.Row():
                    place(self.black_box_says, self.student_says)
                self.maps.lay_out()
                with gr.Row():
                    place(self.target, self.alpha, self.colormap)
        self.choice.lay_out()
        self.others.lay_out()
        self.games.lay_out()
        self.student.lay_out()
        lay_out_note("blackbox_privacy")

    def connect(self, opened: Callable):
        first_shown = super().connect(opened)
        for row in self.choice.rows:
            self.repaint_after(row.pictures.select(toggle, row.ticks, row.ticks, **EACH, queue=False).success)
        for name, button in self.choice.presets.items():
            chosen = button.click(self.choice.choose_preset, gr.State(name), self.choice.inputs, **QUIET)
            self.repaint_after(chosen.success)
        changed = self.answer_after(self.black_box.input(lambda: PREDICTED, None, self.target, **QUIET).success)
        for event in (changed, first_shown):
            event.success(self.student.fill, self.answered, self.student.facts, **QUIET)
            event.success(say_assumed, self.black_box, self.assumed, **QUIET)
        for event in (changed.success, self.others.accordion.expand, self.others.masks.input):
            event(say_expected_time, [self.answered, self.others.masks], self.others.expectation, **ANSWERING)
        self.answer_after(self.target.input)
        self.connect_tasks()
        return first_shown

    def connect_address(self, history: gr.HTML):
        shown = super().connect_address(history)
        shown.success(self.student.fill, self.answered, self.student.facts, **QUIET)
        shown.success(say_assumed, self.black_box, self.assumed, **QUIET)
        return shown

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

    def show(self, answer: BlackBoxAnswer, values: Values, lang: str) -> Values:
        """What black box and student say; where the black box is silent, a sentence, and nothing of a former answer."""
        side, former = answer.side, values[self.answered]
        if side.silent:
            gr.Warning(say(lang, "no_answer"), title=say(lang, "blackbox"))
        who, what = say(lang, "this_black_box"), say(lang, "learnt.blackbox", count=len(side.classes))
        has_student, has_maps = side.agreement is not None, side.explained is not None
        same_menus = former and former.side.question.model == side.question.model and not former.silent
        return {
            self.notices.strange: warn_of_strange_photo([side], who, what, lang),
            **self.show_confidences(side, lang),
            self.verdict: self.draw_verdict(side, lang),
            self.maps.figure: gr.Column(visible=has_maps),
            self.choice.accordion: gr.Accordion(visible=has_maps),
            self.student.accordion: gr.Accordion(visible=has_student),
            **self.others.row.clear(),
            **self.games.clear(),
            **({} if same_menus and not side.silent else self.update_menus(side, lang)),
        }

    def show_confidences(self, side: BlackBoxSide, lang: str) -> Values:
        """What black box and student are surest of."""
        names = name_classes(side.classes, lang)
        imitated = side.agreement.student if side.agreement else []
        label = {names[c]: confidence for c, confidence in imitated} or None
        return {
            self.black_box_says: {names[c]: confidence for c, confidence in side.surest} or None,
            self.student_says: gr.Label(label, visible=side.agreement is not None),
        }

    def draw_verdict(self, side: BlackBoxSide, lang: str) -> str:
        if side.silent:
            return draw_warning(say(lang, "no_answer"))
        return draw_verdict(side.agreement, side.explained is not None, lang)

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

    def read_look(self, values: Values) -> BlackBoxLook:
        return BlackBoxLook(alpha=values[self.alpha], colormap=values[self.colormap], choice=self.choice.read(values))

    def paint(self, answer: BlackBoxAnswer, lang: str) -> Values:
        """The three maps, the pictures to choose from, and other methods' pictures."""
        if answer.silent:
            return {**self.maps.clear(), **self.choice.clear(), self.others.gallery: [], self.games.row.note: ""}
        others = {self.others.gallery: draw_gallery(answer, lang), **self.games.say_whether_stale(answer, lang)}
        if answer.side.explained is None:
            return {**self.maps.clear_pictures(), **self.choice.clear(), **others}
        return {**self.maps.paint(answer, lang), **self.choice.paint(answer, lang), **others}


def make_label(who: str) -> gr.Label:
    return gr.Label(num_top_classes=TOP, label=translate(f"{who}_says"), elem_id=f"says-{who}", render=False)


def offer_targets(classes: Sequence[str], lang: str) -> list[tuple]:
    """The classes that can be explained, as a menu's choices."""
    names = name_classes(classes, lang)
    return [(translate("predicted"), PREDICTED), *((names[c], c) for c in classes)]


def list_targets(title: str, lang: str) -> list[tuple]:
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
    endpoint.publish(
        black_box.column.photo, black_box.black_box, black_box.others.masks, black_box.alpha, black_box.colormap
    )
    return black_box
