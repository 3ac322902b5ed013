"""What a tab shows of one network, of which it may show any number."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import gradio as gr
from gradio.components import Component

from xai.studio.about import AboutPanel
from xai.studio.components import make_note
from xai.studio.events import Values


class NetworkParts(ABC):
    """The components that show one network.

    Args:
        key: ends the elements' ids.
        note_id: the id of the note.

    Attributes:
        note: the lines on the explanation.
        about: the panel about the network.
        outputs: what `show` fills in, the note among it.
    """

    outputs: Sequence[Component]

    def __init__(self, key: str, note_id: str) -> None:
        self.note = make_note(note_id)
        self.about = AboutPanel(key)

    @abstractmethod
    def show(self, side: Any, lang: str) -> Values:
        """All that the network says, but its heatmaps."""

    @abstractmethod
    def describe(self, side: Any, lang: str) -> str:
        """The lines of the note: on the explanation, or why there is none."""

    def lay_out_about(self) -> None:
        with gr.Column(min_width=300):
            self.about.lay_out()
