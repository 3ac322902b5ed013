"""The studio's tabs without a browser: what their handlers return, by component."""

from types import SimpleNamespace

import gradio as gr

REQUEST = SimpleNamespace(headers={})  # of a visitor who reads English


def lay_out(tab, *args):
    """A tab on a page of its own."""
    with gr.Blocks():
        return tab(*args)


def answer(tab, photo, former=None, menus=None):
    """What a tab shows of a photo; menus that are not given are as the page opens."""
    values = {menu: menu.value for menu in (*tab.question_inputs, *tab.look_inputs)} | (menus or {})
    return tab.answer({**values, tab.source.photo: photo, tab.answered: former}, REQUEST)


def set_scene(tab, photo, menus=None):
    """A photo's answer as the stage shows it."""
    return tab.set_scene(answer(tab, photo, menus=menus)[tab.answered], "en")


def hide(tab, answered, **message):
    """What a tab shows after the page's brush has sent a message."""
    return tab.hide({tab.answered: answered}, gr.EventData(None, message), REQUEST)
