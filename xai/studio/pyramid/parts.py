"""What the pyramid tab shows of one network."""

import gradio as gr
from PIL import Image

from xai.metrics import nearly_the_same
from xai.metrics.explained import read_explained
from xai.studio.answers import Look
from xai.studio.captions import describe_explanation, say_why_missing
from xai.studio.components import make_thumbnails, place
from xai.studio.events import Values
from xai.studio.methods import MEASURED
from xai.studio.network import NetworkParts
from xai.studio.pyramid.answers import PyramidSide, Scored
from xai.studio.text import say, translate

Gallery = list[tuple[Image.Image, str]]


class PyramidNetwork(NetworkParts):
    """One network: its confidences, and a row of heatmaps; its name without "pyramid-" ends the elements' ids."""

    def __init__(self, name: str) -> None:
        self.name, key = name, name.removeprefix("pyramid-")
        super().__init__(key, f"pyramid-note-{key}")
        self.confidences = gr.Label(
            num_top_classes=3, label=translate(f"confidence_{key}"), elem_id=f"pyramid-label-{key}", render=False
        )
        self.maps = make_thumbnails(
            f"layers_{key}", f"layers-{key}", ["five", "captioned"], columns=5, object_fit="contain"
        )
        self.outputs = [self.confidences, self.note]

    def lay_out_answer(self) -> None:
        place(self.maps, self.note)

    def show(self, side: PyramidSide, lang: str) -> Values:
        confidences = {say(lang, f"class.{label}"): confidence for label, confidence in side.confidences.items()}
        return {self.confidences: confidences, self.note: self.describe(side, lang)}

    def describe(self, side: PyramidSide, lang: str) -> str:
        if why := say_why_missing(side, lang):
            return why
        method = side.question.method
        lines = describe_explanation(list(side.explained.values())[-1].explanation, method, lang)
        measured = read_explained(side.question.model) if method == MEASURED else {}
        lines += [
            say(lang, "shared", layer=say(lang, f"layer.{layer}"), shared=figures["shared"])
            for layer, figures in measured.items()
            if nearly_the_same(figures["shared"])
        ]
        return "\n\n".join(lines)


def paint_layers(side: PyramidSide, look: Look, lang: str) -> Gallery:
    """A picture for each layer, then one for each attention branch, which thus stands under its layer."""
    pictures = []
    for name, scored in (side.explained or {}).items():
        pictures.append((scored.explanation.overlay(look.alpha, look.colormap), caption_layer(name, scored, lang)))
    for name, e in side.attention.items():
        key = "blank_attention" if e.blank else "attention_of"
        pictures.append((e.overlay(look.alpha, look.colormap), say(lang, key, layer=say(lang, f"layer.{name}"))))
    return pictures


def caption_layer(name: str, scored: Scored, lang: str) -> str:
    """What stands under a layer's map: what it is worth, or that there is none."""
    layer, e = say(lang, f"layer.{name}"), scored.explanation
    if e.blank:
        return say(lang, "blank_layer", layer=layer, label=say(lang, f"class.{e.label}"))
    return say(lang, "worth", layer=layer, drop=scored.drop, gain=scored.gain)
