"""Handlers, each in a task of its own, so that one can end nothing but itself."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

from currents_async._clock import Clock
from currents_async.errors import CurrentsError
from currents_async.receiver.events import RunEvent

Handler = Callable[[Any], Awaitable[None]]


class UnfinishedError(CurrentsError):
    """An accepted event was not handled: its handlers were cancelled, or never started.

    A receiver passes it to `on_error`. If something other than an `Exception` ended a handler, that
    is its `__cause__`.
    """


class HandlerTimeoutError(UnfinishedError, TimeoutError):
    """A handler took longer than `handler_timeout`, and was cancelled."""


async def run_handlers(
    handlers: Sequence[Handler], event: RunEvent, *, seconds: float, clock: Clock
) -> None:
    """Run one handler after the other; an error does not stop the others.

    Raises the error, or a group of several, and a cancellation only if the caller is cancelled.
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
            # It becomes an ExceptionGroup, if all of them are Exceptions.
            message = f"{len(errors)} handlers of {event.name!r} failed"
            raise BaseExceptionGroup(message, errors)
    finally:
        del errors  # their tracebacks refer to this frame, and would keep them alive


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
    """Return the error of a task, or None; on cancellation, cancel the task and wait for it."""
    try:
        await asyncio.wait({task})
    except asyncio.CancelledError:
        await _end(task)
        if task.cancelled():
            raise
    if task.cancelled():
        # By itself, or by something it awaited: nothing else can reach the task.
        return UnfinishedError("a handler was cancelled")
    return task.exception()


async def _end(task: asyncio.Task[None]) -> None:
    while not task.done():
        task.cancel()
        # The task may have suppressed a cancellation: cancel it each time this is cancelled.
        with suppress(asyncio.CancelledError):
            await asyncio.wait({task})
