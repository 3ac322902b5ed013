"""What runs in the visitor's browser: the scripts and styles beside this file, and how they get into the page.

Gradio would add them after the page has opened, which is too late for some: so they are written into the page itself.
"""

import json
from base64 import b64encode
from pathlib import Path

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from xai.explanation import COLORMAPS, load_palette
from xai.studio.metadata import describe
from xai.studio.text import LANGUAGES

FOLDER = Path(__file__).parent
FIRST = ("maps.js", "make.js")  # the other scripts need them
PLACE = b"<script data-gradio-mode>"  # Gradio's own scripts start here


def write_head() -> str:
    """The elements that the head of the page gets: texts, colours, scripts and styles."""
    palettes = {name: b64encode(load_palette(name).tobytes()).decode() for name in COLORMAPS}
    data = json.dumps({"palettes": palettes, "texts": LANGUAGES}, ensure_ascii=False).replace("</", "<\\/")
    files = sorted(FOLDER.glob("*.js"), key=lambda file: (file.name not in FIRST, file.name))
    scripts = "\n".join(file.read_text(encoding="utf-8") for file in files)
    styles = "\n".join(file.read_text(encoding="utf-8") for file in sorted(FOLDER.glob("*.css")))
    return f"<script>const studio = {data};\n{scripts}</script><style>{styles}</style>"


class Head:
    """Writes the head's elements into the page before it is sent, and what is known of the page.

    Args:
        app: the application that serves the page and all else.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app, self.head = app, write_head().encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != "/":
            return await self.app(scope, receive, send)
        # compressed, the page could not be edited
        headers = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
        start: Message = {}
        body = bytearray()

        async def edit(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                return
            body.extend(message.get("body", b""))
            if message.get("more_body"):
                return
            page = describe(bytes(body), Request(scope)).replace(PLACE, self.head + PLACE, 1)
            length = [(b"content-length", str(len(page)).encode())]
            start["headers"] = [pair for pair in start["headers"] if pair[0] != b"content-length"] + length
            await send(start)
            await send({"type": "http.response.body", "body": page})

        await self.app({**scope, "headers": headers}, receive, edit)
