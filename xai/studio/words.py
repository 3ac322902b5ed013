"""The folded list of words that a tab uses, each with a sentence."""

from collections.abc import Sequence
from html import escape

import gradio as gr

from xai.studio.components import place
from xai.studio.events import QUIET
from xai.studio.glossary import define
from xai.studio.text import read_language, translate


class Words:
    """The words of a tab and what they mean, in the visitor's language; `terms` are their keys."""

    def __init__(self, terms: Sequence[str], prefix: str = "") -> None:
        self.terms = terms
        self.accordion = gr.Accordion(translate("words"), open=False, elem_id=f"{prefix}words", render=False)
        self.list = gr.HTML(elem_classes="flush", render=False)

    def lay_out(self) -> None:
        self.accordion.render()
        with self.accordion:
            place(self.list)

    def connect(self) -> None:
        self.accordion.expand(self.fill, None, self.list, **QUIET)

    def fill(self, request: gr.Request) -> str:
        lines = [define(term, read_language(request)).partition(":") for term in self.terms]
        items = "".join(f"<dt>{escape(word)}</dt><dd>{escape(meaning.strip())}</dd>" for word, _, meaning in lines)
        return f'<dl class="words">{items}</dl>'
