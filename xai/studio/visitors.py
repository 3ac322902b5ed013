"""What the app keeps of its visitors, and when it forgets it: soon after they left, or once they do nothing.

Gradio alone would keep a visitor's answer for an hour after the page was closed, and for good if a program asked that
does not close its session. Yet a page that seems closed may only have lost its network for two seconds, and a page may
stay open overnight. So nothing is forgotten that the page needs: it still has its photo and its menus, and the next
click is answered from these.
"""

import asyncio
import ctypes
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime

from gradio.routes import App
from gradio.state_holder import StateHolder

LOG = logging.getLogger(__name__)
LEFT = 60  # seconds without a click after which a visitor whose page is closed is forgotten
IDLE = 600  # the same for a visitor whose page is open, or a program, which has no page
ANSWERS = 100  # visitors whose answers are kept, at most
VISITORS = 1000  # visitors whose menus are kept, at most; each takes some 25 kB


@asynccontextmanager
async def forget_visitors(app: App) -> AsyncIterator[None]:
    """Forget visitors as long as the app runs: its lifespan."""
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
                await asyncio.to_thread(release_memory)
        except Exception:  # after one failure, later visitors still have to be forgotten
            LOG.exception("visitors could not be forgotten")


def forget(visitors: StateHolder) -> bool:
    """Forget answers and photos of visitors who left, who idle, or who are too many; whether there were any.

    Copies of what pages show are forgotten as well. Menus are kept, since Gradio checks against them what a page sends.
    """
    now, answered, found = datetime.now(), 0, False
    for name, visitor in reversed(list(visitors.session_data.items())):  # the visitor who clicked last comes first
        visitor.config_values.clear()  # only links to a page as it is now need them, and there are none
        if not visitor.state_data:
            continue
        waited = (now - visitors.time_last_used.get(name, now)).total_seconds()
        if waited > (LEFT if visitor.is_closed else IDLE) or answered == ANSWERS:
            visitor.state_data.clear()
            found = True
        else:
            answered += 1
    return found


def release_memory() -> None:
    """Give free memory back to the system; glibc by itself keeps free memory below anything that is still in use."""
    with suppress(OSError, AttributeError, TypeError):  # only glibc has this function
        ctypes.CDLL(None).malloc_trim(0)
