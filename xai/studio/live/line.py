"""Viewers who share the machine: they take turns, and there are never more than it can serve in time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Line:
    """A line of limited length, first come, first served.

    A viewer asks again only once answered, so that several viewers take turns. Who finds the line full is not let in:
    each one in it waits for all before.

    Args:
        longest: how many may be in it, the one who is being served among them.
    """

    def __init__(self, longest: int) -> None:
        self.longest, self.length, self.lock = longest, 0, asyncio.Lock()  # asyncio's lock is fair, threading's is not

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[bool]:
        """Wait for one's turn, which lasts as long as the context; False at once where the line is full."""
        if self.length >= self.longest:
            yield False
            return
        self.length += 1
        try:
            async with self.lock:
                yield True
        finally:
            self.length -= 1
