"""Blocking work off the event loop, never left to itself."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import anyio

T = TypeVar("T")


async def in_thread(work: Callable[[], T]) -> T:
    """Do work in a thread; who is cancelled meanwhile waits until the thread is done with it.

    Otherwise a file would be closed and removed while a thread still writes to it.
    """
    done = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(done)
    except asyncio.CancelledError:
        # anyio cancels again and again what does not shield itself; asyncio as often as it likes.
        with anyio.CancelScope(shield=True):
            while not done.done():
                with suppress(asyncio.CancelledError):
                    await asyncio.wait([done])
        if not done.cancelled():
            done.exception()  # the cancellation counts; asyncio complains of errors nobody saw
        raise
