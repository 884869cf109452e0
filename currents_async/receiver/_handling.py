"""Handlers, each in a task of its own: whatever one does, it ends nothing but itself."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

from currents_async._clock import Clock
from currents_async.errors import CurrentsError
from currents_async.receiver.events import RunEvent

Handler = Callable[[Any], Awaitable[None]]


class UnfinishedError(CurrentsError):
    """An accepted event was not worked off: its handlers were cancelled, or never begun.

    A receiver hands it to `on_error`. Its `__cause__` is what ended a handler, if that is no
    `Exception`.
    """


class HandlerTimeoutError(UnfinishedError, TimeoutError):
    """A handler took longer than `handler_timeout`, and was cancelled."""


async def run_handlers(
    handlers: Sequence[Handler], event: RunEvent, *, seconds: float, clock: Clock
) -> None:
    """Run one handler after the other; an error does not keep the others from their turn.

    Raises the error, or a group of several, and a cancellation of the caller alone.
    """
    errors: list[BaseException] = []
    for handle in handlers:
        error = await _outcome(asyncio.create_task(_run(handle, event, seconds, clock)))
        if error is not None:
            errors.append(error)
    try:
        if len(errors) == 1:
            raise errors[0]
        if errors:
            # An ExceptionGroup, where all of them are.
            message = f"{len(errors)} handlers of {event.name!r} failed"
            raise BaseExceptionGroup(message, errors)
    finally:
        del errors  # with their tracebacks they would keep themselves alive


async def _run(handle: Handler, event: RunEvent, seconds: float, clock: Clock) -> None:
    limit = asyncio.timeout(None)
    try:
        async with limit:
            timer = clock.call_later(seconds, lambda: limit.reschedule(-1))
            try:
                await handle(event)
            finally:
                timer.cancel()
    except TimeoutError as error:
        if limit.expired():
            raise HandlerTimeoutError(f"a handler took longer than {seconds:g} s") from error
        raise


async def _outcome(task: asyncio.Task[None]) -> BaseException | None:
    """Return what a task ends with, None being success; cancelled, cancel it and wait for it."""
    try:
        await asyncio.wait({task})
    except asyncio.CancelledError:
        await _end(task)
        if task.cancelled():
            raise
    if task.cancelled():
        # By itself, or by what it awaited: nobody else knows of it.
        return UnfinishedError("a handler was cancelled")
    return task.exception()


async def _end(task: asyncio.Task[None]) -> None:
    while not task.done():
        task.cancel()
        # Cancelled again, so is the task: it may have thought that once was all.
        with suppress(asyncio.CancelledError):
            await asyncio.wait({task})
