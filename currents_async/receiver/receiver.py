"""Deliveries answered at once, and worked off behind the answer."""

import asyncio
import logging
from collections.abc import Callable
from types import TracebackType
from typing import Self

import msgspec

from currents_async._clock import Clock, SystemClock
from currents_async._config import check_count
from currents_async.errors import (
    CurrentsError,
    InvalidArgumentError,
    WebhookError,
    WebhookReplayError,
)
from currents_async.receiver._headers import Headers
from currents_async.receiver._workers import Workers
from currents_async.receiver.events import RunCanceled, RunEvent, RunFinished, RunTimedOut
from currents_async.receiver.router import Router
from currents_async.receiver.seen import SeenRuns
from currents_async.receiver.verifier import Verifier

_logger = logging.getLogger("currents_async.receiver")

ErrorHook = Callable[[RunEvent, Exception], object]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What to answer a delivery with."""

    status: int
    """The HTTP status: 202 accepted, 200 accepted before; 400, 401 and 413 refused; 503 later."""
    message: str
    headers: dict[str, str] = {}


class UnfinishedError(CurrentsError):
    """An accepted event was not worked off: its handlers were cancelled, or never begun.

    It is handed to `on_error`, never raised.
    """


class Receiver:
    """An async context manager that accepts deliveries, and calls handlers behind the answer.

    ```python
    async with Receiver(verifier, router) as receiver:
        answer = await receiver.deliver(headers, body)
    ```

    What is accepted is worked off, and what is refused never reaches a handler. Leaving the
    context accepts nothing more, waits until all is worked off, but at most `drain` seconds, and
    cancels the rest, which `on_error` gets with an `UnfinishedError`. What a crash loses is for
    `reconcile` to find.

    It may be left by another task than entered it, as web frameworks and test fixtures do.
    """

    seen: SeenRuns
    """The runs whose end all handlers have dealt with: what `reconcile` leaves out."""

    def __init__(
        self,
        verifier: Verifier,
        router: Router,
        *,
        concurrency: int = 8,
        queue: int = 1000,
        on_error: ErrorHook | None = None,
        drain: float = 30.0,
        clock: Clock | None = None,
    ) -> None:
        """Make a receiver for one `async with`.

        `concurrency` events are worked on at once, `queue` more wait for their turn, and what
        comes beyond that is refused. `on_error(event, error)`, which must not block, gets what
        handlers raise, and what the replay store raises; without it they are logged, by the logger
        `currents_async.receiver`.
        """
        if not drain >= 0:
            raise InvalidArgumentError("drain must be a number of seconds, and not below 0")
        self.seen = SeenRuns()
        self._verifier = verifier
        self._router = router
        self._on_error = on_error or _log
        self._drain = drain
        self._most = check_count("concurrency", concurrency) + check_count("queue", queue)
        self._workers = Workers(
            self._work_on, concurrency=concurrency, clock=clock or SystemClock()
        )

    async def __aenter__(self) -> Self:
        if self._workers.has_started:
            raise RuntimeError("this receiver has been used: make another one")
        self._workers.start(drain=self._drain)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            await self._workers.stop()
        finally:
            for event in self._workers.unfinished:
                self._report(event, UnfinishedError("the receiver was left before that"))

    @property
    def pending(self) -> int:
        """How many events have been accepted and are not worked off."""
        return len(self._workers.unfinished)

    @property
    def max_body(self) -> int:
        """Bytes of the largest body that is looked at: nobody has to read more from a socket."""
        return self._verifier.max_body

    async def deliver(self, headers: Headers, body: bytes) -> Answer:
        """Return what to answer a delivery with; accepted, it is worked off behind the answer.

        202 if it is accepted, 200 if it was before, 401 without the secret, 413 if it is too
        large, 400 if it is stale or no webhook's, and 503 with `Retry-After` if there is no room,
        while the receiver is being left, and while the replay store fails.
        """
        if not self._workers.has_started:
            raise RuntimeError("deliver inside 'async with'")
        try:
            event = self._verifier.parse(headers, body)
        except WebhookError as error:
            return _refusal(error)
        finally:
            del headers, body  # a traceback with locals would show them
        if self._workers.is_stopping:
            return _later("shutting down")
        if self._workers.load >= self._most:
            return _later("too busy")
        with self._workers.reserve():
            return await self._accept(event)

    async def _accept(self, event: RunEvent) -> Answer:
        try:
            await self._verifier.claim(event)
            if self._workers.has_stopped:
                await self._verifier.release(event)
                return _later("shutting down")
        except WebhookReplayError as error:
            return _refusal(error)
        except Exception as error:  # noqa: BLE001 - a store may raise anything
            self._report(event, error)
            return _later("cannot find out whether it has been accepted before")
        self._workers.put(event)
        return Answer(status=202, message="accepted")

    async def _work_on(self, event: RunEvent) -> None:
        try:
            await self._router.dispatch(event)
        except asyncio.CancelledError:
            if _is_being_cancelled():
                raise
            # The handler awaited something that was cancelled; that must not end the worker.
            self._report(event, UnfinishedError("a handler was cancelled"))
        except Exception as error:  # noqa: BLE001 - a handler may raise anything
            self._report(event, error)
        else:
            self._note_end(event)

    def _note_end(self, event: RunEvent) -> None:
        if isinstance(event, RunFinished | RunTimedOut | RunCanceled):
            self.seen.add(event.run_id)

    def _report(self, event: RunEvent, error: Exception) -> None:
        try:
            self._on_error(event, error)
        except Exception:
            _logger.exception("on_error failed on %r of run %s", event.name, event.run_id)


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _refusal(error: WebhookError) -> Answer:
    return Answer(status=error.status, message=str(error))


def _later(reason: str) -> Answer:
    return Answer(status=503, message=reason, headers={"Retry-After": "10"})


def _log(event: RunEvent, error: Exception) -> None:
    _logger.error("%r of run %s was not worked off", event.name, event.run_id, exc_info=error)
