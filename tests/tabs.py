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
    values = {menu: menu.value for menu in tab.question_inputs} | (menus or {})
    return tab.answer({**values, tab.column.photo: photo, tab.answered: former}, REQUEST)


def paint(tab, answered, look=None):
    """The pictures of an answer; what is not given of the look is as the page opens."""
    values = {control: control.value for control in tab.look_inputs} | (look or {})
    return tab.repaint({**values, tab.answered: answered}, REQUEST)
