"""Requests that Gradio would serve and this page refuses: large ones, and those for other sites' files."""

import re

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

RELAY = re.compile("/file[=/]https?:", re.IGNORECASE)


class Guard:
    """Refuses requests with large bodies, and requests to fetch a file from another site.

    Photos may be large, but come through the upload, which has a limit of its own.

    Args:
        app: the application that serves all other requests.
        max_bytes: how large a request's body may be.
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

        async def receive_and_count() -> Message:  # a body sent in chunks has no length beforehand
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            return {"type": "http.disconnect"} if received > self.max_bytes else message

        return await self.app(scope, receive_and_count, send)
