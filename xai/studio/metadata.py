"""What others see of the page before it opens: its name, a sentence, a picture; and the model cards, as files.

Gradio's page has a title and a description of its own, in English, and a picture from another host.
"""

import re
from html import escape
from pathlib import Path

from gradio.route_utils import get_root_url
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from xai.studio.text import read_language, say
from xai.zoo import GARBAGE, PYRAMID, STUDENTS, find_checkpoint

NAME = "XAI Studio"
PICTURE = Path(__file__).with_name("preview.jpg")  # python -m tests.preview makes it
WIDTH, HEIGHT = 1200, 630  # pixels
LANGUAGE = re.compile(rb'(<html\s+lang=")en"')
TAGS = re.compile(rb'\s*<meta\s+(?:property="og:|name="twitter:)[^>]*>')
PLACE = b'<meta charset="utf-8" />'


def list_cards() -> dict[str, Path]:
    """The cards of the networks that have one, by the address each is served at."""
    cards = {f"cards/{name}.txt": find_checkpoint(name) / "README.md" for name in (*GARBAGE, *PYRAMID, *STUDENTS)}
    return {address: card for address, card in cards.items() if card.is_file()}


def describe(page: bytes, request: Request) -> bytes:
    """The page with its name, description and picture, in the language of the request."""
    lang = read_language(request)
    description, root = say(lang, "description"), get_root_url(request, "/", request.scope.get("root_path"))
    tags = {
        "og:type": "website",
        "og:title": NAME,
        "og:description": description,
        "og:locale": lang,
        "og:url": f"{root}/",
        "og:image": f"{root}/{PICTURE.name}",
        "og:image:width": str(WIDTH),
        "og:image:height": str(HEIGHT),
        "og:image:alt": say(lang, "picture_alt"),
    }
    lines = [
        f"<title>{NAME}</title>",
        f'<meta name="description" content="{escape(description)}">',
        '<meta name="twitter:card" content="summary_large_image">',
        *(f'<meta property="{name}" content="{escape(text)}">' for name, text in tags.items()),
    ]
    page = LANGUAGE.sub(rb"\g<1>" + lang.encode() + b'"', TAGS.sub(b"", page), count=1)
    return page.replace(PLACE, PLACE + "\n".join(lines).encode(), 1)


class Files:
    """Serves the picture of the page and the model cards.

    Args:
        app: the application that serves all else.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app, self.files = app, {f"/{PICTURE.name}": FileResponse(PICTURE)}
        for address, card in list_cards().items():
            self.files[f"/{address}"] = FileResponse(card, media_type="text/plain; charset=utf-8")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        known = scope["type"] == "http" and scope["method"] in ("GET", "HEAD")
        await (self.files.get(scope["path"], self.app) if known else self.app)(scope, receive, send)
