"""The page of the pyramid tab: its layout, and what its menus and buttons do."""

from collections.abc import Callable, Sequence

import gradio as gr
from PIL import Image

from xai import Explanation
from xai.methods import METHODS
from xai.studio.address import Address
from xai.studio.answers import PREDICTED, Answer, Question, read_question
from xai.studio.components import lay_out_note, list_classes, make_method_menu, make_target_menu, place
from xai.studio.events import QUIET, Values
from xai.studio.examples import PYRAMID_EXAMPLES
from xai.studio.facts import read_records
from xai.studio.methods import explains_layers, label_method, mark_method
from xai.studio.notices import Notices, warn_of_expired_answer
from xai.studio.photo_source import PhotoSource
from xai.studio.pyramid import endpoint
from xai.studio.pyramid.answers import look_at, look_slowly, make_grey, preload
from xai.studio.pyramid.parts import PyramidNetwork
from xai.studio.pyramid.table import draw_layers
from xai.studio.refining import RefiningTab
from xai.studio.stage import Stage
from xai.studio.text import read_language, say, translate
from xai.studio.words import Words
from xai.zoo import PYRAMID

ALL = "all"
TERMS = ("fpn", "fal", "layer", "attention", "drop", "gain", "increase", "adcc", "shared", "control", "ucmerced")


class PyramidTab(RefiningTab[PyramidNetwork]):
    """One aerial photo, and a row of heatmaps for each network, one below the other, as many as are named."""

    examples, trained_on = PYRAMID_EXAMPLES, "learnt.pyramid"
    look_at, look_slowly = staticmethod(look_at), staticmethod(look_slowly)

    def __init__(self, networks: Sequence[str] = PYRAMID) -> None:
        super().__init__("pyramid-")
        self.source, self.notices = PhotoSource("pyramid-"), Notices("pyramid-")
        self.stage = Stage(shape="rows", tab="pyramid", elem_id="pyramid-stage", render=False)
        self.networks = [PyramidNetwork(name) for name in networks]
        classes = list_classes(networks[0])
        self.method = make_method_menu(networks, "pyramid-")
        self.target = make_target_menu(classes, "pyramid-")
        self.group = gr.Dropdown(
            [(translate("as_explained"), PREDICTED), (translate("all_photos"), ALL), *classes],
            value=PREDICTED,
            label=translate("table_class"),
            elem_id="table-class",
            render=False,
        )
        self.words = Words(TERMS, "pyramid-")
        self.table = gr.HTML(elem_id="table-one", render=False)
        self.address = Address("pyramid", {"method": self.method, "class": self.target, "table": self.group})
        self.question_inputs = [self.method, self.target, self.group]
        self.answer_outputs = [self.stop, self.what, self.table]
        self.lay_out()

    def lay_out(self) -> None:
        self.source.lay_out(self.method, self.target, below=[self.what])
        self.notices.lay_out()
        place(self.stop, self.stage)
        lay_out_note("pyramid_intro")
        lay_out_note("worth_info")
        with gr.Accordion(translate("table_title"), open=False, elem_id="table"):
            lay_out_note("table_one")
            place(self.group, self.table)
        self.lay_out_about()
        self.words.lay_out()
        lay_out_note("pyramid_privacy")

    def connect(self, opened: Callable):
        first_shown = super().connect(opened)
        self.words.connect()
        self.answer_after(self.method.select)
        self.group.select(self.update_table, {self.answered, self.group}, self.table, **QUIET)
        for network in self.networks:
            self.about.expand(network.about.fill, gr.State(network.name), network.about.outputs, **QUIET)
        return first_shown

    def follow_menus(self, event: Callable) -> None:
        event(self.update_methods, None, self.method, **QUIET)

    def connect_address(self, history: gr.HTML):
        shown = super().connect_address(history)
        shown.success(self.update_table, {self.answered, self.group}, self.table, **QUIET)
        return shown

    def prepare(self, photo: Image.Image) -> Image.Image:
        return make_grey(photo)

    def read_questions(self, values: Values) -> list[Question]:
        return [read_question(network.name, values[self.method], values[self.target]) for network in self.networks]

    def show(self, answer: Answer, values: Values, lang: str) -> Values:
        table = self.draw_table(answer, values[self.group], lang)
        return {**super().show(answer, values, lang), self.table: table}

    def list_explanations(self, answer: Answer, lang: str) -> dict[str, Explanation]:
        return {
            f"{say(lang, f'short.{network.name}')} {say(lang, f'layer.{layer}')}": scored.explanation
            for network, side in zip(self.networks, answer.sides, strict=True)
            for layer, scored in (side.explained or {}).items()
        }

    def update_table(self, values: Values, request: gr.Request) -> str:
        """The table for the class that its menu names."""
        answer, group = values[self.answered], values[self.group]
        if answer is None and group == PREDICTED:
            warn_of_expired_answer(request)
            return gr.skip()
        return self.draw_table(answer, group, read_language(request))

    def draw_table(self, answer: Answer | None, group: str, lang: str) -> str:
        """The networks' layers on the test photos of a class, or of the class that the last network explains."""
        if group == PREDICTED and answer is not None:
            side = answer.sides[-1]
            group = side.question.target or side.label
        figures = [read_records(network.name)[0]["layers"] for network in self.networks]
        return draw_layers(figures, group, [say(lang, f"short.{network.name}") for network in self.networks], lang)

    def update_methods(self, request: gr.Request) -> gr.Dropdown:
        """The method menu, which says of every method which networks it does not suit, and whether it takes long."""
        lang = read_language(request)
        choices = [(self.label_method(name, lang), name) for name in METHODS if self.list_suited(name)]
        return gr.Dropdown(choices=choices)

    def list_suited(self, method: str) -> list[str]:
        """The networks of whose layers a method can explain some."""
        return [network.name for network in self.networks if explains_layers(method, network.name)]

    def label_method(self, method: str, lang: str) -> str:
        suited = self.list_suited(method)
        names = ", ".join(say(lang, f"short.{name}") for name in suited)
        only = say(lang, "only", networks=names) if len(suited) < len(self.networks) else ""
        return label_method(method, [only, mark_method(method, lang)])


def build(page: gr.Blocks, tab: gr.Tab) -> PyramidTab:
    """Lay out the tab inside a page and connect it; the first photo is explained when the tab is first opened."""
    for name in PYRAMID:  # before the first visitor, and on ZeroGPU before the process that answers is forked
        preload(name)
    pyramid = PyramidTab()
    pyramid.connect(opened=tab.select)
    endpoint.publish(pyramid.source.photo, pyramid.method)
    return pyramid
