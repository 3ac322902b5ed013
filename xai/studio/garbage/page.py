"""The page of the garbage tab: its layout, and what its menus and buttons do."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from string import ascii_lowercase
from typing import Any

import gradio as gr

from xai import on_common_scale
from xai.explanation import draw_box
from xai.methods import METHODS
from xai.studio.address import Address, Following
from xai.studio.answers import PREDICTED, Answer, Look, Question, read_question
from xai.studio.components import (
    lay_out_note,
    list_classes,
    make_look_controls,
    make_method_menu,
    make_target_menu,
    place,
)
from xai.studio.events import QUIET, Values
from xai.studio.examples import GARBAGE_EXAMPLES
from xai.studio.garbage import endpoint
from xai.studio.garbage.answers import look_at, look_slowly, preload
from xai.studio.garbage.parts import GarbageNetwork, list_layers, update_layers
from xai.studio.methods import is_slow, label_method, list_suited, mark_method, suits
from xai.studio.notices import Notices
from xai.studio.photo_column import PhotoColumn
from xai.studio.picture import PictureSlider
from xai.studio.refining import RefiningTab
from xai.studio.text import read_language, say, translate
from xai.zoo import GARBAGE

OPENING_NETWORKS = ("garbage-resnet50", "garbage-s_se_resnet50")  # as many as there are sides, from left to right


@dataclass(frozen=True)
class GarbageLook(Look):
    """How the heatmaps look: with a box around the largest region or not, on a common scale or each on its own."""

    box: bool
    common: bool


class GarbageTab(RefiningTab[GarbageNetwork]):
    """One photo of waste and networks side by side, as many as are named."""

    examples, trained_on = GARBAGE_EXAMPLES, "learnt.garbage"
    look_at, look_slowly = staticmethod(look_at), staticmethod(look_slowly)

    def __init__(self, networks: Sequence[str] = OPENING_NETWORKS) -> None:
        super().__init__()
        self.column, self.notices = PhotoColumn(), Notices()
        self.networks = [GarbageNetwork(letter, name) for letter, name in zip(ascii_lowercase, networks, strict=False)]
        self.method = make_method_menu(GARBAGE)
        self.target = make_target_menu(list_classes(networks[0]), info=translate("target_info"))
        self.alpha, self.colormap = make_look_controls()
        self.box = gr.Checkbox(label=translate("box"), elem_id="box", render=False)
        self.common = gr.Checkbox(label=translate("common"), elem_id="common", render=False)
        self.slider = PictureSlider(
            show_label=False,
            format="png",
            interactive=False,
            height=340,
            elem_id="slider",
            buttons=["download", "fullscreen"],
            render=False,
        )
        menus, self.layers = [each.menu for each in self.networks], [each.layer for each in self.networks]
        self.address = Address(
            "garbage",
            {"method": self.method, "class": self.target, **{each.letter: each.menu for each in self.networks}},
            {f"layer-{each.letter}": Following(each.layer, each.letter, list_layers) for each in self.networks},
        )
        self.question_inputs = [*menus, self.method, self.target, *self.layers]
        self.look_inputs = [self.alpha, self.colormap, self.box, self.common]
        self.answer_outputs = [self.column.stop, *(part for each in self.networks for part in each.outputs)]
        self.picture_outputs = [*(each.heatmap for each in self.networks), self.slider]
        self.lay_out()

    def lay_out(self) -> None:
        gr.Markdown(translate("intro"))
        with gr.Row(equal_height=False):
            with gr.Column(scale=4, min_width=300):
                self.column.lay_out()
            with gr.Column(scale=8, min_width=620):
                self.notices.lay_out()
                with gr.Row(equal_height=False):
                    for network in self.networks:
                        network.lay_out_answer()
        with gr.Accordion(translate("options"), open=True, elem_id="options"):
            with gr.Row():
                place(self.method, self.target, *self.layers)
            with gr.Row():
                place(self.alpha, self.colormap)
                with gr.Column(min_width=220):
                    place(self.box, self.common)
        gr.Markdown(translate("compare"))
        with gr.Row(equal_height=False):
            with gr.Column(min_width=300):
                place(self.slider)
                lay_out_note("slider")
            for network in self.networks:
                network.lay_out_evidence()
        self.lay_out_about()
        lay_out_note("privacy")

    def connect(self, opened: Callable):
        first_shown = super().connect(opened)
        for network in self.networks:
            changed = network.menu.input(update_layers, network.menu, network.layer, **QUIET)
            self.answer_after(changed.success)
            self.follow_menus(changed.success)
            network.menu.input(network.about.fill, network.menu, network.about.outputs, **QUIET)
        for menu in (self.method, self.target, *self.layers):
            self.answer_after(menu.input)
        for network in self.networks:
            self.follow_menus(network.layer.input)
            first_shown.success(network.about.fill, network.menu, network.about.outputs, **QUIET)
        return first_shown

    def follow_menus(self, event: Callable) -> None:
        places: set[Any] = {menu for network in self.networks for menu in (network.menu, network.layer)}
        event(self.update_methods, places, self.method, **QUIET)

    def connect_address(self, history: gr.HTML):
        shown = super().connect_address(history)
        for network in self.networks:
            shown.success(network.about.fill, network.menu, network.about.outputs, **QUIET)
        return shown

    def read_questions(self, values: Values) -> list[Question]:
        return self.ask(values, values[self.method], values[self.target])

    def ask(self, values: Values, method: str, target: str) -> list[Question]:
        """A question to each network, at the layer that its menu names."""
        return [read_question(values[each.menu], method, target, values[each.layer]) for each in self.networks]

    def read_look(self, values: Values) -> GarbageLook:
        return GarbageLook(
            alpha=values[self.alpha],
            colormap=values[self.colormap],
            box=values[self.box],
            common=values[self.common],
        )

    def paint(self, answer: Answer, lang: str) -> Values:
        """The heatmaps, and in the slider the first and the last of them."""
        look, explanations = answer.look, [side.explained for side in answer.sides]
        scaled = on_common_scale(explanations) if look.common and all(explanations) else explanations
        pictures = []
        for e, shown in zip(explanations, scaled, strict=True):
            picture = shown.overlay(look.alpha, look.colormap) if shown else answer.photo
            pictures.append(draw_box(picture, e.bounding_box()) if e and look.box else picture)
        heatmaps = {network.heatmap: picture for network, picture in zip(self.networks, pictures, strict=True)}
        return {**heatmaps, self.slider: (pictures[0], pictures[-1])}

    def update_methods(self, values: Values, request: gr.Request) -> gr.Dropdown:
        """The method menu, which says of every method which networks it does not suit, and whether it takes long."""
        lang = read_language(request)
        return gr.Dropdown(choices=[(self.label_method(name, values, lang), name) for name in list_suited(GARBAGE)])

    def label_method(self, method: str, values: Values, lang: str) -> str:
        questions = self.ask(values, method, PREDICTED)
        pairs = zip(self.networks, questions, strict=True)
        unsuited = [network.letter for network, q in pairs if not suits(method, q.model, q.layer)]
        if len(unsuited) == len(self.networks):
            return label_method(method, [say(lang, "unsuited_all")])
        slow = any(is_slow(method, q.model, q.layer) for q in questions)
        marks = [say(lang, f"unsuited_{letter}") for letter in unsuited]
        return label_method(method, [*marks, mark_method(method, lang) if slow or METHODS[method].is_control else ""])


def build(page: gr.Blocks, tab: gr.Tab) -> GarbageTab:
    """Lay out the tab inside a page and connect it; the first photo is explained when the tab is first opened."""
    for name in GARBAGE:  # before the first visitor, and on ZeroGPU before the process that answers is forked
        preload(name)
    garbage = GarbageTab()
    garbage.connect(opened=tab.select)
    endpoint.publish(garbage.column.photo, garbage.networks[-1].menu, garbage.method, garbage.alpha, garbage.colormap)
    return garbage
