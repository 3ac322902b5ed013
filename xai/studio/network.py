"""What a tab shows of one network, of which it may show any number."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import gradio as gr
from gradio.components import Component

from xai.studio.about import AboutPanel
from xai.studio.events import Values
from xai.studio.stage import Panel, StageMap
from xai.studio.text import say


class NetworkParts(ABC):
    """What shows one network: a panel of the stage, and components beside it.

    Args:
        key: tells the network's panel from the others', and ends the elements' ids.

    Attributes:
        about: the panel about the network.
        outputs: what `show` fills in.
    """

    outputs: Sequence[Component] = ()

    def __init__(self, key: str) -> None:
        self.key, self.about = key, AboutPanel(key)

    @abstractmethod
    def describe(self, side: Any, lang: str) -> Panel:
        """What the network says, for the stage."""

    def make_panel(
        self, side: Any, name: str, brief: str, note: Sequence[str], maps: Sequence[StageMap], lang: str
    ) -> Panel:
        """A panel with what every network says: how sure it is of each class, and which one is explained."""
        names = {label: say(lang, f"class.{label}") for label in side.confidences}
        explained = side.question.target or side.label
        return Panel(self.key, name, brief, side.confidences, names, explained, note, maps, side.evidence)

    def show(self, side: Any, lang: str) -> Values:
        """What else there is to say of the network's answer."""
        return {}

    def lay_out_about(self) -> None:
        with gr.Column(min_width=300):
            self.about.lay_out()
