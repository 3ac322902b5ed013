"""What Gradio lets through and this page does not need."""

import re

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

RELAY = re.compile("/file[=/]https?:", re.IGNORECASE)


class Guard:
    """Refuse large bodies anywhere but at the upload, whose own limit they would pass by, and relaying of addresses.

    Args:
        app: the application behind.
        max_bytes: of a request's body; photos come through the upload, so what is left is small.
    """

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self.app, self.max_bytes = app, max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] != "http" or path.endswith("/upload"):
            return await self.app(scope, receive, send)
        if RELAY.search(path):
            return await PlainTextResponse("This page relays no other addresses.", 403)(scope, receive, send)
        length = dict(scope["headers"]).get(b"content-length", b"0")
        if int(length) > self.max_bytes:
            return await PlainTextResponse("This request is too large.", 413)(scope, receive, send)
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            return {"type": "http.disconnect"} if received > self.max_bytes else message

        return await self.app(scope, counted, send)
