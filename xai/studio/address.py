"""The address of the page: a link opens what was seen, and Back, Forward and a reload work.

`browser/address.js` writes it as menus, examples and tabs are chosen, and sets the menus of the tab that a link names
before Gradio starts. What it cannot know, the layers of a network or the classes of a black box, is set from here. A
value that no menu offers is ignored in both places. An uploaded photo is never in an address.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import gradio as gr

from xai.studio.events import IN_BROWSER, Values

TABS = ("garbage", "pyramid", "blackbox")  # the first one is shown where the address names none
OWN = "own"  # what `history` holds where a photo of the visitor's own was shown
SELECT_SHOWN = "() => ({__type__: 'update', selected: studio.address.shown()})"
TELL_POPPED = f"""
const tabs = {json.dumps(TABS)};
addEventListener("studio:popped", ({{detail}}) => {{
    props.value = detail.own ? "{OWN}" : "";
    trigger("popped");
    trigger(tabs.find((tab) => tab === detail.tab));
}});
"""


@dataclass(frozen=True)
class Following:
    """A menu whose choices follow from what another menu shows.

    Attributes:
        menu: the menu.
        on: the name of the other menu.
        list_choices: takes what the other menu shows and a language, and returns the choices.
    """

    menu: gr.Dropdown
    on: str
    list_choices: Callable[[str, str], Sequence[tuple]]


@dataclass(frozen=True)
class Address:
    """A tab's part of the address.

    Attributes:
        tab: the tab's id.
        menus: by the name that each has in the address.
        following: the same, of menus whose choices follow from one in `menus`.
    """

    tab: str
    menus: Mapping[str, gr.Dropdown]
    following: Mapping[str, Following] = field(default_factory=dict)

    @property
    def all_menus(self) -> dict[str, gr.Dropdown]:
        return {**self.menus, **{name: each.menu for name, each in self.following.items()}}

    def read(self, request: gr.Request) -> Mapping[str, str]:
        """What the address says of this tab: nothing while it shows another one."""
        query = getattr(request, "query_params", {})
        named = query.get("tab")
        return query if (named if named in TABS else TABS[0]) == self.tab else {}

    def choose_menus(self, query: Mapping[str, str]) -> Values:
        """What the menus show whose choices never change: what the address says, or what they open with."""
        return {menu: choose(query.get(name), menu.choices, menu.value) for name, menu in self.menus.items()}

    def set_menus(self, query: Mapping[str, str], lang: str) -> Values:
        """Let every menu show what the address says, or what it opens with."""
        shown = self.choose_menus(query)
        values: Values = {menu: gr.update(value=value) for menu, value in shown.items()}
        for name, each in self.following.items():
            choices = each.list_choices(shown[self.menus[each.on]], lang)
            value = choose(query.get(name), choices, each.menu.value)
            values[each.menu] = gr.update(choices=choices, value=value)
        return values

    def describe(self, example: str) -> dict[str, Any]:
        """What the browser has to know; `example` is the one that opens the tab."""
        return {
            "menus": {name: menu.elem_id for name, menu in self.all_menus.items()},
            "follows": {name: each.on for name, each in self.following.items()},
            "example": example,
        }

    def connect(self, selected: Callable, example: gr.Textbox) -> None:
        """Write into the address that the tab is selected, what visitors choose, and which example is shown.

        It has to come before other listeners: Gradio calls one after the other, and an answer takes longer.
        """
        selected(None, None, None, js=f"() => studio.address.show({json.dumps(self.tab)})", **IN_BROWSER)
        for name, menu in self.all_menus.items():
            put = f"(value) => studio.address.put({json.dumps(name)}, value, {{tab: {json.dumps(self.tab)}}})"
            menu.select(None, menu, None, js=put, **IN_BROWSER)
        put = f"(example) => studio.address.putPhoto({json.dumps(self.tab)}, example)"
        example.change(None, example, None, js=put, **IN_BROWSER)


def choose(value: str | None, choices: Sequence, usual: str) -> str:
    """The value if a menu offers it, else the usual one."""
    return value if value is not None and value in [choice for _, choice in choices] else usual


def make_history(descriptions: Mapping[str, dict]) -> gr.HTML:
    """What hears of Back and Forward: `popped`, and then an event by the tab's id."""
    return gr.HTML("", js_on_load=TELL_POPPED, visible="hidden", elem_id="history", tabs=dict(descriptions))


def follow_history(history: gr.HTML, bar: gr.Tabs) -> None:
    """Show the tab that the address names on Back and Forward."""
    history.popped(None, None, bar, js=SELECT_SHOWN, **IN_BROWSER)
