"""The page of the garbage tab: its layout, and what its menus and buttons do."""

from collections.abc import Callable, Sequence
from string import ascii_lowercase
from typing import Any

import gradio as gr

from xai import Explanation
from xai.methods import METHODS
from xai.studio.address import Address, Following
from xai.studio.answers import PREDICTED, Answer, Question, read_question
from xai.studio.components import lay_out_note, list_classes, make_method_menu, make_target_menu, place
from xai.studio.events import QUIET, Values
from xai.studio.examples import GARBAGE_EXAMPLES
from xai.studio.garbage import endpoint
from xai.studio.garbage.answers import look_at, look_slowly, preload
from xai.studio.garbage.parts import GarbageNetwork, list_layers, update_layers
from xai.studio.how import HowParts
from xai.studio.live import Live
from xai.studio.methods import is_slow, label_method, list_suited, mark_method, suits
from xai.studio.notices import Notices
from xai.studio.photo_source import PhotoSource
from xai.studio.refining import RefiningTab
from xai.studio.stage import Stage
from xai.studio.text import read_language, say
from xai.studio.words import Words
from xai.zoo import GARBAGE

OPENING_NETWORKS = ("garbage-resnet50", "garbage-s_se_resnet50")  # as many as stand side by side

TERMS = ("confidence", "gradcam", "cam", "layer", "attention", "se", "control", "calibration", "trashnet", "webwaste")


class GarbageTab(RefiningTab[GarbageNetwork]):
    """One photo of waste and networks side by side, as many as are named."""

    examples, trained_on = GARBAGE_EXAMPLES, "learnt.garbage"
    look_at, look_slowly = staticmethod(look_at), staticmethod(look_slowly)

    def __init__(self, networks: Sequence[str] = OPENING_NETWORKS) -> None:
        super().__init__()
        self.source, self.notices, self.stage = PhotoSource(), Notices(), Stage(elem_id="stage", render=False)
        self.live, self.words = Live(networks[0]), Words(TERMS)
        self.networks = [GarbageNetwork(letter, name) for letter, name in zip(ascii_lowercase, networks, strict=False)]
        self.method = make_method_menu(GARBAGE)
        self.target = make_target_menu(list_classes(networks[0]))
        self.menus, self.layers = [each.menu for each in self.networks], [each.layer for each in self.networks]
        self.address = Address(
            "garbage",
            {"method": self.method, "class": self.target, **{each.key: each.menu for each in self.networks}},
            {f"layer-{each.key}": Following(each.layer, each.key, list_layers) for each in self.networks},
        )
        self.question_inputs = [*self.menus, self.method, self.target, *self.layers]
        self.answer_outputs = [self.stop, self.what, *(part for each in self.networks for part in each.outputs)]
        self.how = HowParts(self.source.photo, self.answered)
        self.lay_out()

    def lay_out(self) -> None:
        menus = [*self.menus, self.method, self.target, *self.layers]
        self.source.lay_out(*menus, below=[self.what], under=[self.live.panel])
        self.notices.lay_out()
        place(self.stop, self.stage)
        lay_out_note("intro")
        with gr.Row():
            for network in self.networks:
                network.lay_out_similar()
        self.lay_out_about()
        self.how.lay_out()
        self.words.lay_out()
        lay_out_note("privacy")

    def connect(self, opened: Callable):
        first_shown = super().connect(opened)
        self.live.connect(self)
        self.words.connect()
        self.how.connect()
        for network in self.networks:
            changed = network.menu.select(update_layers, network.menu, network.layer, **QUIET)
            self.answer_after(changed.success)
            self.follow_menus(changed.success)
            self.follow_menus(network.layer.select)
            for event in (self.about.expand, network.menu.select):
                event(network.about.fill, network.menu, network.about.outputs, **QUIET)
        for menu in (self.method, *self.layers):
            self.answer_after(menu.select)
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

    def list_explanations(self, answer: Answer, lang: str) -> dict[str, Explanation]:
        return {say(lang, f"model.{side.question.model}"): side.explained for side in answer.sides if side.explained}

    def update_methods(self, values: Values, request: gr.Request) -> gr.Dropdown:
        """The method menu, which says of every method which networks it does not suit, and whether it takes long."""
        lang = read_language(request)
        return gr.Dropdown(choices=[(self.label_method(name, values, lang), name) for name in list_suited(GARBAGE)])

    def label_method(self, method: str, values: Values, lang: str) -> str:
        questions = self.ask(values, method, PREDICTED)
        pairs = zip(self.networks, questions, strict=True)
        unsuited = [network.key for network, q in pairs if not suits(method, q.model, q.layer)]
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
    endpoint.publish(garbage.source.photo, garbage.networks[-1].menu, garbage.method)
    return garbage
