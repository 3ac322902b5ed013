"""One photo through all tabs: what a visitor gave to one tab is offered in the others, as long as the visitor stays.

Each tab keeps the visitor's own photo in a State, which is forgotten with the visitor's answers.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

import gradio as gr
from PIL import Image

from xai.studio.text import say


@dataclass(frozen=True)
class OwnPhoto:
    """A photo of a visitor's own.

    Attributes:
        photo: the photo.
        tab: the id of the tab that it was given to.
        at: when, in seconds.
    """

    photo: Image.Image
    tab: str
    at: float = field(default_factory=time.time)


def find_latest(photos: Iterable[OwnPhoto | None]) -> OwnPhoto | None:
    """The photo that the visitor gave last; None where there is none, or none any more."""
    return max(filter(None, photos), key=lambda own: own.at, default=None)


def find_shown(example: str, own: OwnPhoto | None) -> OwnPhoto | None:
    """The visitor's own photo that a tab shows; None while it shows an example."""
    return None if example else own


def offer(latest: OwnPhoto | None, shown: OwnPhoto | None, tab: str, lang: str) -> gr.Button:
    """The button of a tab that brings the visitor's photo; it is there only where that would change the photo."""
    if latest is None or latest is shown:
        return gr.Button(visible=False)
    text = say(lang, "own_again") if latest.tab == tab else say(lang, "own_from", tab=say(lang, latest.tab))
    return gr.Button(text, visible=True)
