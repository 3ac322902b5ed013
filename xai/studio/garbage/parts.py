"""What the garbage tab shows of one network."""

import gradio as gr

from xai.studio.answers import LAST, get_model
from xai.studio.captions import describe_explanation, say_why_missing
from xai.studio.components import make_note, make_thumbnails, place
from xai.studio.events import Values
from xai.studio.garbage.answers import GarbageSide
from xai.studio.layer_names import name_layer
from xai.studio.network import NetworkParts
from xai.studio.stage import Panel, StageMap
from xai.studio.text import read_language, say, translate
from xai.zoo import GARBAGE


class GarbageNetwork(NetworkParts):
    """One network: its menus, its panel on the stage, and similar photos.

    Args:
        letter: is its key, and ends the keys of its texts: "a" is the first network.
        name: the network that the tab opens with.
    """

    def __init__(self, letter: str, name: str) -> None:
        super().__init__(letter)
        self.menu = gr.Dropdown(
            [(translate(f"model.{m}"), m) for m in GARBAGE],
            value=name,
            label=translate(f"model_{letter}"),
            elem_id=f"model-{letter}",
            min_width=130,
            render=False,
        )
        self.layer = gr.Dropdown(
            [(translate("last_layer"), LAST)],
            value=LAST,
            label=translate(f"layer_{letter}"),
            elem_id=f"layer-{letter}",
            min_width=110,
            render=False,
        )
        self.similar = make_thumbnails(f"similar_{letter}", f"similar-{letter}", ["five", "opens"], columns=5)
        self.agreement = make_note(f"agreement-{letter}")
        self.outputs = [self.similar, self.agreement]

    def lay_out_similar(self) -> None:
        with gr.Column(min_width=300):
            place(self.similar, self.agreement)

    def describe(self, side: GarbageSide, lang: str) -> Panel:
        e, model = side.explained, side.question.model
        note = describe_explanation(e, side.question.method, lang) if e else [say_why_missing(side, lang)]
        shown = None if e is None or e.blank else e.raw
        maps = [StageMap(shown, box=e and e.bounding_box())]
        return self.make_panel(side, say(lang, f"model.{model}"), say(lang, f"brief.{model}"), note, maps, lang)

    def show(self, side: GarbageSide, lang: str) -> Values:
        return {
            self.similar: [(n.webp, say(lang, f"class.{n.label}")) for n in side.neighbours],
            self.agreement: say_similar_share(side, lang),
        }


def list_layers(name: str, lang: str) -> list[tuple]:
    """The layers of a network as a menu's choices, the last layer first."""
    layers = [(name_layer(name, layer, lang), layer) for layer in reversed(get_model(name).layers)]
    return [(say(lang, "last_layer"), LAST), *layers]


def update_layers(name: str, request: gr.Request) -> gr.Dropdown:
    return gr.Dropdown(choices=list_layers(name, read_language(request)), value=LAST)


def say_similar_share(side: GarbageSide, lang: str) -> str:
    """How many of the similar photos are of the predicted class."""
    if not side.neighbours:
        return ""
    same = sum(n.label == side.label for n in side.neighbours)
    return say(lang, "similar_share", same=same, count=len(side.neighbours), label=say(lang, f"class.{side.label}"))
