"""What the pyramid tab shows of one network."""

from xai.metrics import nearly_the_same
from xai.metrics.explained import read_explained
from xai.studio.captions import describe_explanation, say_why_missing
from xai.studio.methods import MEASURED
from xai.studio.network import NetworkParts
from xai.studio.pyramid.answers import PyramidSide, Scored
from xai.studio.stage import Panel, StageMap
from xai.studio.text import say


class PyramidNetwork(NetworkParts):
    """One network: a row of maps on the stage; its name without "pyramid-" is its key."""

    def __init__(self, name: str) -> None:
        super().__init__(name.removeprefix("pyramid-"))
        self.name = name

    def describe(self, side: PyramidSide, lang: str) -> Panel:
        name = say(lang, f"short.{self.name}")
        note = describe_layers(side, lang) if side.explained else [say_why_missing(side, lang)]
        maps = [*list_layers(side, lang), *list_attention(side, lang)]
        return self.make_panel(side, name, name, note, maps, lang)


def describe_layers(side: PyramidSide, lang: str) -> list[str]:
    """Lines on the class that is explained, and on the layers that show nearly the same for every photo."""
    method = side.question.method
    lines = describe_explanation(list(side.explained.values())[-1].explanation, method, lang)
    measured = read_explained(side.question.model) if method == MEASURED else {}
    alike = [layer for layer, figures in measured.items() if nearly_the_same(figures["shared"])]
    if alike:
        shares = [f"{say(lang, f'layer.{layer}')} ({measured[layer]['shared']:.0%})" for layer in alike]
        lines.append(say(lang, "shared", layers=", ".join(shares)))
    return lines


def list_layers(side: PyramidSide, lang: str) -> list[StageMap]:
    """A map of each layer; none where the method does not suit or has still to begin."""
    if not side.explained:
        return [StageMap(None)]
    return [
        StageMap(
            None if scored.explanation.blank else scored.explanation.raw,
            say(lang, f"layer.{name}"),
            say(lang, f"layer_short.{name}"),
            caption_layer(scored, lang),
            scored.explanation.bounding_box(),
        )
        for name, scored in side.explained.items()
    ]


def list_attention(side: PyramidSide, lang: str) -> list[StageMap]:
    """The maps of the attention branches, which accompany the layers'."""
    return [
        StageMap(
            None if e.blank else e.raw,
            say(lang, "attention_of", layer=say(lang, f"layer.{name}")),
            say(lang, "attention_short", number=name[-1]),
            say(lang, "blank_attention") if e.blank else "",
            aside=True,
        )
        for name, e in side.attention.items()
    ]


def caption_layer(scored: Scored, lang: str) -> str:
    """What stands under a layer's map: what it is worth, or that there is none."""
    e = scored.explanation
    if e.blank:
        return say(lang, "blank_layer", label=say(lang, f"class.{e.label}"))
    return say(lang, "worth", drop=scored.drop, gain=scored.gain)
