"""Blocking work in threads, which is always waited for."""

import asyncio
from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from typing import TypeVar

from currents_async._tasks import wait_for_all

T = TypeVar("T")


async def in_thread(work: Callable[[], T]) -> T:
    """Run blocking work in a thread; a cancellation is raised only once the thread is done.

    Otherwise a file would be closed and removed while a thread still writes to it.
    """
    # Not a task: `asyncio.run` cancels all tasks at the end, and would not wait for the thread.
    done = asyncio.get_running_loop().run_in_executor(None, partial(copy_context().run, work))
    try:
        await wait_for_all([done])
    except asyncio.CancelledError:
        done.exception()  # marks the error as seen, or asyncio would log it
        raise
    return done.result()
