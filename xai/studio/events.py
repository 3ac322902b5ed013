"""How handlers are called: options of Gradio's events, and what they are given and give back."""

from typing import Any

import gradio as gr
from gradio.blocks import Block

Values = dict[Block, Any]  # what components hold, or shall hold; one that is not in it stays as it is

# always_last: what is clicked while an answer is on its way is answered after it, not dropped
QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "minimal", "trigger_mode": "always_last"}
EACH: dict[str, Any] = {
    **QUIET,
    "trigger_mode": "multiple",
}  # a click that had to wait would have forgotten which example it was on
ANSWERING: dict[str, Any] = {**QUIET, "concurrency_id": "model"}
REFINING: dict[str, Any] = {
    **EACH,
    "concurrency_id": "slow",
    "show_progress": "hidden",
}  # nobody waits behind a slow method
IN_BROWSER: dict[str, Any] = {**EACH, "show_progress": "hidden", "queue": False}

WAIT_A_SECOND = "() => new Promise(done => setTimeout(done, 1000))"  # to fetch pictures and draw them
SHOW_WITHOUT_PHOTO = "(photo) => ({__type__: 'update', visible: !photo})"
SHOW = "() => ({__type__: 'update', visible: true})"
DOWNLOAD = "(file) => studio.download(file.url, file.orig_name)"


def read_field(event: gr.EventData, name: str) -> Any:
    """What a script of the page sent with an event; None where it did not."""
    return getattr(event, name, None)
