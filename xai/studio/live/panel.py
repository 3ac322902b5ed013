"""The live camera on the page: a button, and the panel it opens."""

from collections.abc import Sequence
from typing import Any

import gradio as gr
from anyio import to_thread

from xai.photo import PhotoError
from xai.studio.answers import Answer
from xai.studio.events import QUIET
from xai.studio.live.frames import answer_frame, read_frame
from xai.studio.live.line import Line
from xai.studio.tab import Tab
from xai.zoo import GARBAGE

VIEWERS = 4  # in the line at once: with ResNet-50 on two cores the last one's answer is a third of a second late
MAX_TEXT = 900_000  # characters of the frame that becomes the photo; the page takes no larger requests

SCRIPT = 'studio.live.open(element, server.frame, (jpeg) => trigger("used", {jpeg}))'

# texts come with `data-say`, the key of a text in the visitor's language
TEMPLATE = """
<button type="button" class="live-start" data-say="live.start"></button>
<p class="live-trouble" role="alert"></p>
<section class="live-panel" role="dialog" aria-modal="true" aria-label="live" hidden>
    <div class="live-stage">
        <video class="live-video" muted playsinline></video>
        <canvas class="live-map" width="1" height="1" role="img"></canvas>
    </div>
    <div class="live-beside">
        <p class="live-answer"></p>
        <p class="live-said" role="status"></p>
        <ul class="live-confidences">{rows}</ul>
        <p class="live-strange" data-say="live.strange"></p>
        <label class="live-choice">
            <span data-say="live.network"></span>
            <select class="live-network">{options}</select>
        </label>
        <div class="live-buttons">
            <button type="button" class="live-stop" data-say="stop"></button>
            <button type="button" class="live-use" data-say="live.use"></button>
            <button type="button" class="live-switch" data-say="live.switch" hidden></button>
        </div>
        <p class="live-small live-pace"></p>
        <p class="live-small" data-say="live.privacy"></p>
    </div>
</section>
"""


def write_template(networks: Sequence[str], first: str) -> str:
    """The panel with a menu of networks, opened at one of them, and three rows of confidences."""
    options = "".join(
        f'<option value="{name}" data-say="model.{name}"{" selected" * (name == first)}></option>' for name in networks
    )
    return TEMPLATE.replace("{options}", options).replace("{rows}", "<li><span></span><i></i><b></b></li>" * 3)


class Live:
    """The live camera: its frames are answered one by one, and the one on show can become the tab's photo.

    Frames that come while one is being answered are dropped in the browser (`browser/live.js`), so that no answer is
    for an old one. They are answered outside of Gradio's queue, whose own steps would take longer than the network.

    Args:
        first: the network that the panel opens with.
    """

    def __init__(self, first: str) -> None:
        self.line = Line(VIEWERS)

        async def frame(asked):  # a function, since Gradio marks it, and methods cannot be marked
            return await self.answer(asked)

        self.panel = gr.HTML(
            html_template=write_template(GARBAGE, first),
            js_on_load=SCRIPT,
            server_functions=[frame],
            elem_id="live",
            elem_classes="flush",
            render=False,
        )

    def connect(self, tab: Tab) -> None:
        """Let the tab explain the frame that the visitor chooses."""
        outputs = [tab.source.photo, tab.source.example, tab.own]
        used = self.panel.used(self.make_use(tab), tab.answered, outputs, **QUIET).success
        tab.answer_after(used)

    async def answer(self, asked: object) -> dict[str, Any]:
        """What a network says of a frame, or `{busy: true}` where too many viewers wait already."""
        async with self.line.turn() as served:
            return await to_thread.run_sync(answer_frame, asked) if served else {"busy": True}

    def make_use(self, tab: Tab):
        """What takes a frame as the photo; the former photo, and a message, where it cannot be used."""

        def use(answer: Answer | None, event: gr.EventData, request: gr.Request):
            try:
                photo = read_frame(getattr(event, "jpeg", None), MAX_TEXT)
            except PhotoError as error:
                photo = error
            return tab.take(photo, answer, request)

        return use
