"""What the app keeps of its visitors: given back soon after they left, or when they have done nothing for a while.

Gradio keeps a visitor's state for an hour after the page was closed, and for good where a program asked that never said
goodbye. It takes a network that fails for two seconds for a farewell, and a page stays open overnight. So what is given
back here must not be missed: the page still has its photo and its menus, from which the next click is answered.
"""

import asyncio
import ctypes
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime

from fastapi import FastAPI
from gradio.state_holder import StateHolder

LOG = logging.getLogger(__name__)
LEFT = 60  # seconds without a click, of a visitor whose page is closed
IDLE = 600  # and of one whose page is open, or who never had one
ANSWERS = 100  # visitors whose answers are kept at most
VISITORS = 1000  # whose menus are; each takes some 25 kB


@asynccontextmanager
async def forgetting(app: FastAPI) -> AsyncIterator[None]:
    """Visitors are forgotten while the app runs."""
    task = asyncio.create_task(forget_every_second(app.state_holder))
    try:
        yield
    finally:
        task.cancel()


async def forget_every_second(visitors: StateHolder) -> None:
    while True:
        await asyncio.sleep(1)
        try:
            if forget(visitors):
                await asyncio.to_thread(shrink)
        except Exception:  # one failure must not let every later visitor stay
            LOG.exception("visitors could not be forgotten")


def forget(visitors: StateHolder) -> bool:
    """Give back the answers of those who left, idle or are too many, and copies of what pages show; True if any.

    Menus stay, since Gradio compares with them what a page sends.
    """
    now, answered, found = datetime.now(), 0, False
    for name, visitor in reversed(list(visitors.session_data.items())):  # from who clicked last
        visitor.config_values.clear()  # for links to a page as it is, which are not offered
        if not visitor.state_data:
            continue
        waited = (now - visitors.time_last_used.get(name, now)).total_seconds()
        if waited > (LEFT if visitor.is_closed else IDLE) or answered == ANSWERS:
            visitor.state_data.clear()
            found = True
        else:
            answered += 1
    return found


def shrink() -> None:
    """Give free memory back to the system, as glibc does not while anything lies behind it."""
    with suppress(OSError, AttributeError, TypeError):  # other systems' libraries know no such function
        ctypes.CDLL(None).malloc_trim(0)
