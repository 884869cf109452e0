"""Deliveries answered at once, and worked off behind the answer."""

import asyncio
import inspect
import logging
import math
from collections.abc import Callable
from types import TracebackType
from typing import Self

import anyio
import msgspec

from currents_async._clock import Clock, SystemClock
from currents_async._config import check_concurrency, check_count, check_seconds
from currents_async.errors import (
    InvalidArgumentError,
    MisuseError,
    WebhookError,
    WebhookReplayError,
)
from currents_async.receiver._bodies import Body, read_body
from currents_async.receiver._handling import UnfinishedError, run_handlers
from currents_async.receiver._headers import Headers
from currents_async.receiver._refusals import RefusalLog
from currents_async.receiver._workers import Workers
from currents_async.receiver.events import RunCanceled, RunEvent, RunFinished, RunTimedOut
from currents_async.receiver.router import Router
from currents_async.receiver.seen import SeenRuns
from currents_async.receiver.verifier import Verifier

_logger = logging.getLogger("currents_async.receiver")

ErrorHook = Callable[[RunEvent, Exception], object]


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """What to answer a delivery with."""

    status: int
    """The HTTP status: 202 accepted, 200 accepted before, 503 later, else refused."""
    message: str
    headers: dict[str, str] = {}


class Receiver:
    """An async context manager that accepts deliveries, and calls handlers behind the answer.

    ```python
    async with Receiver(verifier, router) as receiver:
        answer = await receiver.deliver(request.headers, request.stream())
    ```

    What is accepted is worked off, and what is refused never reaches a handler. Leaving the
    context accepts nothing more, waits until all is worked off, but at most `drain` seconds, and
    cancels the rest, which `on_error` gets with an `UnfinishedError`; the replay store forgets it,
    so that it is accepted when it is sent again. What a crash loses is for `reconcile` to find.

    What a handler does ends nothing but itself, with two exceptions: `SystemExit` and
    `KeyboardInterrupt` leave the event loop, as they do from any task.

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
        handler_timeout: float = 600.0,
        body_timeout: float = 10.0,
        clock: Clock | None = None,
    ) -> None:
        """Make a receiver for one `async with`.

        `concurrency` events are worked on at once, `queue` more wait for their turn, and what
        comes beyond that is refused. A handler that takes longer than `handler_timeout` seconds is
        cancelled, and a body that takes longer than `body_timeout` to arrive is not waited for;
        `math.inf` is no limit. `on_error(event, error)`, which must not block, gets what handlers
        raise, a `HandlerTimeoutError`, and what the replay store raises; without it they are
        logged, by the logger `currents_async.receiver`, which also has a line for each delivery
        that is refused, for at most 60 of them a minute.
        """
        if not drain >= 0:
            raise InvalidArgumentError("drain must be a number of seconds, and not below 0")
        if inspect.iscoroutinefunction(on_error):
            raise InvalidArgumentError("on_error is called, not awaited: pass a plain function")
        clock = clock or SystemClock()
        self.seen = SeenRuns()
        self._verifier = verifier
        self._router = router
        self._on_error = on_error or _log
        self._drain = drain
        self._most = check_concurrency("concurrency", concurrency) + check_count("queue", queue)
        self._handler_timeout = _check_limit("handler_timeout", handler_timeout)
        self._body_timeout = _check_limit("body_timeout", body_timeout)
        self._clock = clock
        self._refusals = RefusalLog(_logger, clock)
        self._workers = Workers(self._work_on, concurrency=concurrency, clock=clock)

    async def __aenter__(self) -> Self:
        if self._workers.has_started:
            raise MisuseError("this receiver has been used: make another one")
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
            # Shielded from the cancellation of who leaves, which may be why they are unfinished.
            with anyio.CancelScope(shield=True):
                for event in self._workers.unfinished:
                    self._report(event, UnfinishedError("the receiver was left before that"))
                    await self._release(event)

    @property
    def pending(self) -> int:
        """How many events have been accepted and are not worked off."""
        return len(self._workers.unfinished)

    @property
    def max_body(self) -> int:
        """Bytes of the largest body that is looked at: nobody has to read more from a socket."""
        return self._verifier.max_body

    async def deliver(self, headers: Headers, body: Body) -> Response:
        """Return what to answer a delivery with; accepted, it is worked off behind the answer.

        `body` is the whole of it or, better, the stream that it arrives in: nothing is read of it
        where the headers are enough to refuse it, nor more than `max_body`.

        202 if it is accepted, 200 if it was before, 401 without the secret, 413 if it is too
        large, 400 if it is stale or no webhook's, 408 if its body does not arrive in time, and 503
        with `Retry-After` if there is no room, while the receiver is being left, and while the
        replay store fails.
        """
        if not self._workers.has_started:
            raise MisuseError("deliver inside 'async with'")
        try:
            found = self._look_at_headers(headers) or await self._read(headers, body)
        finally:
            del headers, body  # a traceback with locals would show them
        answer = found if isinstance(found, Response) else await self._accept(found)
        if answer.status >= 400:  # noqa: PLR2004 - what was accepted before is no refusal
            self._refusals.note(answer.status, answer.message)
        return answer

    def _look_at_headers(self, headers: Headers) -> Response | None:
        """Return what to answer without the body, or None where it is worth reading."""
        try:
            self._verifier.check_headers(headers)
        except WebhookError as error:
            return _refusal(error)
        finally:
            del headers
        return self._later()

    async def _read(self, headers: Headers, body: Body) -> RunEvent | Response:
        try:
            text = await read_body(body, max_bytes=self.max_body, seconds=self._body_timeout)
            return self._verifier.parse(headers, text)
        except TimeoutError:
            message = f"the body did not arrive within {self._body_timeout:g} s"
            return Response(status=408, message=message)
        except WebhookError as error:
            return _refusal(error)
        finally:
            del headers, body
            text = b""

    def _later(self) -> Response | None:
        if self._workers.is_stopping:
            return _later("shutting down")
        return _later("too busy") if self._workers.load >= self._most else None

    async def _accept(self, event: RunEvent) -> Response:
        refusal = self._later()
        if refusal is not None:
            return refusal
        with self._workers.reserve():
            return await self._claim(event)

    async def _claim(self, event: RunEvent) -> Response:
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
        return Response(status=202, message="accepted")

    async def _release(self, event: RunEvent) -> None:
        try:
            await self._verifier.release(event)
        except Exception as error:  # noqa: BLE001 - a store may raise anything
            self._report(event, error)

    async def _work_on(self, event: RunEvent) -> None:
        handlers = self._router.handlers_of(event)
        try:
            await run_handlers(handlers, event, seconds=self._handler_timeout, clock=self._clock)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - of a handler, whose task it has ended
            self._report(event, error)
        else:
            self._note_end(event)

    def _note_end(self, event: RunEvent) -> None:
        if isinstance(event, RunFinished | RunTimedOut | RunCanceled):
            self.seen.add(event.run_id)

    def _report(self, event: RunEvent, error: BaseException) -> None:
        if not isinstance(error, Exception):
            cause, error = error, UnfinishedError(f"a handler raised {type(error).__name__}")
            error.__cause__ = cause
        try:
            self._on_error(event, error)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException:
            _logger.exception("on_error failed on %r of run %s", event.name, event.run_id)


def _check_limit(name: str, seconds: float) -> float:
    return seconds if seconds == math.inf else check_seconds(name, seconds)


def _refusal(error: WebhookError) -> Response:
    return Response(status=error.status, message=str(error))


def _later(reason: str) -> Response:
    return Response(status=503, message=reason, headers={"Retry-After": "10"})


def _log(event: RunEvent, error: Exception) -> None:
    _logger.error("%r of run %s was not worked off", event.name, event.run_id, exc_info=error)
