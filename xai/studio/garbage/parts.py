"""What the garbage tab shows of one network."""

import gradio as gr

from xai.class_evidence import COLORS, Evidence
from xai.studio import cards
from xai.studio.answers import LAST, get_model
from xai.studio.captions import describe_explanation, say_why_missing
from xai.studio.components import make_note, make_picture, make_thumbnails, place
from xai.studio.events import Values
from xai.studio.garbage.answers import GarbageSide
from xai.studio.network import NetworkParts
from xai.studio.text import say, translate
from xai.zoo import GARBAGE


class GarbageNetwork(NetworkParts):
    """One network: its menus, its heatmap, its confidences, similar photos, and regions by class.

    Args:
        letter: ends the elements' ids and the keys of their texts: "a" is the left network.
        name: the network that the tab opens with.
    """

    def __init__(self, letter: str, name: str) -> None:
        super().__init__(letter, f"note-{letter}")
        self.letter = letter
        self.menu = gr.Dropdown(
            [(translate(f"model.{m}"), m) for m in GARBAGE],
            value=name,
            label=translate(f"model_{letter}"),
            elem_id=f"model-{letter}",
            render=False,
        )
        self.layer = gr.Dropdown(
            [(translate("last_layer"), LAST)],
            value=LAST,
            label=translate(f"layer_{letter}"),
            info=translate("layer_info"),
            elem_id=f"layer-{letter}",
            min_width=150,
            render=False,
        )
        self.heatmap = make_picture(f"heatmap_{letter}", 340)
        self.confidences = gr.Label(
            num_top_classes=4, label=translate("confidences"), elem_id=f"label-{letter}", render=False
        )
        self.similar = make_thumbnails(
            f"similar_{letter}", f"similar-{letter}", ["five"], pickable=True, columns=5, object_fit="cover"
        )
        self.agreement = make_note(f"agreement-{letter}")
        self.evidence = make_picture(f"evidence_{letter}", 340)
        self.legend = gr.HTML(elem_id=f"legend-{letter}", render=False)
        self.outputs = [self.confidences, self.note, self.similar, self.agreement, self.evidence, self.legend]

    def lay_out_answer(self) -> None:
        with gr.Column(min_width=300):
            place(self.menu, self.heatmap, self.note, self.confidences, self.similar, self.agreement)

    def lay_out_evidence(self) -> None:
        with gr.Column(min_width=300):
            place(self.evidence, self.legend)

    def show(self, side: GarbageSide, lang: str) -> Values:
        evidence = side.evidence
        pairs = zip(evidence.classes, evidence.confidences, strict=True)
        return {
            self.confidences: {say(lang, f"class.{label}"): float(confidence) for label, confidence in pairs},
            self.note: self.describe(side, lang),
            self.similar: [(n.webp, say(lang, f"class.{n.label}")) for n in side.neighbours],
            self.agreement: say_similar_share(side, lang),
            self.evidence: evidence.picture(),
            self.legend: draw_shares(evidence, lang),
        }

    def describe(self, side: GarbageSide, lang: str) -> str:
        if why := say_why_missing(side, lang):
            return why
        lines = describe_explanation(side.explained, side.question.method, lang)
        if side.explained.blank:
            lines.append(say(lang, "blank", label=say(lang, f"class.{side.explained.label}")))
        return "\n\n".join(lines)


def list_layers(name: str, lang: str = "en") -> list[tuple]:
    """The layers of a network as a menu's choices, the last layer first."""
    names = list(get_model(name).layers)[::-1]
    return [(translate("last_layer"), LAST), *((n, n) for n in names)]


def update_layers(name: str) -> gr.Dropdown:
    return gr.Dropdown(choices=list_layers(name), value=LAST)


def say_similar_share(side: GarbageSide, lang: str) -> str:
    """How many of the similar photos are of the predicted class."""
    if not side.neighbours:
        return ""
    same = sum(n.label == side.label for n in side.neighbours)
    return say(lang, "similar_share", same=same, count=len(side.neighbours), label=say(lang, f"class.{side.label}"))


def draw_shares(evidence: Evidence, lang: str) -> str:
    """The classes of an evidence picture with their colours and shares."""
    items = []
    for label, share in evidence.shares().items():
        if share >= 0.01:
            color = "#{:02x}{:02x}{:02x}".format(*COLORS[evidence.classes.index(label) % len(COLORS)])
            items.append((color, f"{say(lang, f'class.{label}')} {share:.0%}"))
    return cards.draw_legend(items)
