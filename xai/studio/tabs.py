"""What tabs have in common: the address that names the shown one, and the visitor's photo."""

from collections.abc import Sequence
from typing import Any

import gradio as gr

from xai.studio.address import follow_history, make_history
from xai.studio.carried import find_latest, find_shown, offer
from xai.studio.events import QUIET, Values
from xai.studio.tab import Tab
from xai.studio.text import read_language, say


def connect_tabs(bar: gr.Tabs, tabs: Sequence[Tab]) -> None:
    """Connect what tabs have in common, where the page has room below them."""
    history = make_history({tab.address.tab: tab.address.describe(tab.examples[0].stem) for tab in tabs})
    follow_history(history, bar)
    for tab in tabs:
        tab.connect_address(history)
    CarriedPhoto(tabs).connect()


class CarriedPhoto:
    """One photo through all tabs: a button in each brings what was given to another."""

    def __init__(self, tabs: Sequence[Tab]) -> None:
        self.tabs = tabs
        self.photos: set[Any] = {tab.own for tab in tabs}
        self.inputs = {*self.photos, *(tab.source.example for tab in tabs)}
        self.buttons = [tab.source.own for tab in tabs]

    def connect(self) -> None:
        for tab in self.tabs:
            bring = self.make_bring(tab)
            outputs = [tab.source.photo, tab.source.example, tab.own]
            brought = tab.source.own.click(bring, self.photos, outputs, **QUIET).success
            tab.answer_after(brought)
            for event in (tab.accepted, tab.picked, tab.gone_back, brought):
                event(self.offer, self.inputs, self.buttons, **QUIET)

    def make_bring(self, tab: Tab):
        """What a tab's button does."""

        def bring(photos: Values, request: gr.Request) -> Values:
            own = find_latest(photos.values())
            if own is None:  # it was forgotten meanwhile
                lang = read_language(request)
                gr.Warning(say(lang, "own_expired"), title=say(lang, "photo"))
                return gr.skip()
            return tab.bring(own)

        return bring

    def offer(self, values: Values, request: gr.Request) -> Values:
        """Every tab's button, as it is now."""
        latest, lang = find_latest(values[photo] for photo in self.photos), read_language(request)
        return {
            tab.source.own: offer(
                latest, find_shown(values[tab.source.example], values[tab.own]), tab.address.tab, lang
            )
            for tab in self.tabs
        }
