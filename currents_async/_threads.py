"""Blocking work off the event loop, never left to itself."""

import asyncio
from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from typing import TypeVar

from currents_async._tasks import wait_for_all

T = TypeVar("T")


async def in_thread(work: Callable[[], T]) -> T:
    """Do work in a thread; who is cancelled meanwhile waits until the thread is done with it.

    Otherwise a file would be closed and removed while a thread still writes to it.
    """
    # A future and no task: `asyncio.run` cancels all tasks in the end, and would not wait for it.
    done = asyncio.get_running_loop().run_in_executor(None, partial(copy_context().run, work))
    try:
        await wait_for_all([done])
    except asyncio.CancelledError:
        done.exception()  # the cancellation counts; asyncio complains of errors nobody saw
        raise
    return done.result()
