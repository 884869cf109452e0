"""Responds to deliveries at once, and handles them in the background."""

import asyncio
import inspect
import logging
from collections.abc import Callable
from typing import Self

import anyio
import msgspec

from currents_async._checks import check_concurrency, check_int, check_timeout
from currents_async._clock import Clock, SystemClock
from currents_async.errors import (
    InvalidArgumentError,
    MisuseError,
    WebhookError,
    WebhookReplayError,
)
from currents_async.receiver._delivery import Body, Headers, read_body
from currents_async.receiver._handling import UnfinishedError, run_handlers
from currents_async.receiver._refusals import RefusalLog
from currents_async.receiver._workers import Workers
from currents_async.receiver.events import RunCanceled, RunEvent, RunFinished, RunTimedOut
from currents_async.receiver.reconcile import SeenRuns
from currents_async.receiver.router import Router
from currents_async.receiver.verifier import Verifier

_logger = logging.getLogger("currents_async.receiver")

ErrorHook = Callable[[RunEvent, Exception], object]


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """The response to a delivery."""

    status: int
    """The HTTP status: 202 accepted, 200 accepted before, 503 try later, otherwise refused."""
    message: str
    headers: dict[str, str] = {}


class Receiver:
    """An async context manager that accepts deliveries, and calls handlers in the background.

    ```python
    async with Receiver(verifier, router) as receiver:
        response = await receiver.deliver(request.headers, request.stream())
    ```

    Accepted events are handled, and refused ones never reach a handler. Leaving the context accepts
    nothing more, waits at most `drain` seconds until all events are handled, and cancels the rest.
    Those go to `on_error` with an `UnfinishedError`, and the replay store forgets them, so that
    they are accepted when they are sent again. `reconcile` finds what a crash has lost.

    A handler can end nothing but itself, except that `SystemExit` and `KeyboardInterrupt` leave the
    event loop, as they do from any task.

    A different task than the one that entered it may leave it, as in web frameworks and fixtures.
    """

    seen: SeenRuns
    """The runs whose end all handlers have handled: `reconcile` leaves them out."""

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

        `concurrency` events are handled at once, up to `queue` more wait, and further ones are
        refused. A handler that takes longer than `handler_timeout` seconds is cancelled, and a body
        that takes longer than `body_timeout` seconds to arrive is refused; `math.inf` means no
        limit. `on_error(event, error)`, which must not block, gets what handlers raise, a
        `HandlerTimeoutError`, and what the replay store raises. Without it errors are logged by
        the logger `currents_async.receiver`, which also logs refused deliveries, at most 60 per
        minute.
        """
        if not drain >= 0:
            raise InvalidArgumentError("drain must be a number of seconds, not below 0")
        if inspect.iscoroutinefunction(on_error):
            raise InvalidArgumentError("on_error must be a plain function: it is not awaited")
        clock = clock or SystemClock()
        self.seen = SeenRuns()
        self._verifier = verifier
        self._router = router
        self._on_error = on_error or _log
        self._drain = drain
        self._max_load = check_concurrency("concurrency", concurrency) + check_int("queue", queue)
        self._handler_timeout = check_timeout("handler_timeout", handler_timeout)
        self._body_timeout = check_timeout("body_timeout", body_timeout)
        self._clock = clock
        self._refusals = RefusalLog(_logger, clock)
        self._workers = Workers(self._handle, concurrency=concurrency, clock=clock)

    async def __aenter__(self) -> Self:
        if self._workers.has_started:
            raise MisuseError("this receiver has been used: make another one")
        self._workers.start(drain=self._drain)
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            await self._workers.stop()
        finally:
            # Shielded, because a cancellation of this task may be why they are unfinished.
            with anyio.CancelScope(shield=True):
                for event in self._workers.unfinished:
                    reason = "the receiver was left before the event was handled"
                    self._report(event, UnfinishedError(reason))
                    await self._release(event)

    @property
    def pending(self) -> int:
        """How many events have been accepted and are not handled yet."""
        return len(self._workers.unfinished)

    @property
    def max_body(self) -> int:
        """Bytes of the largest body that is accepted: no more is read from a socket."""
        return self._verifier.max_body

    async def deliver(self, headers: Headers, body: Body) -> Response:
        """Return the response to a delivery; if it is accepted, handle it in the background.

        `body` is all of it or, better, a stream of its chunks: nothing is read if the headers are
        enough to refuse it, and never more than `max_body` bytes.

        The status is 202 if it is accepted, 200 if it was accepted before, 401 without the secret,
        413 if it is too large, 400 if it is stale or not a webhook, 408 if its body does not arrive
        in time, and 503 with `Retry-After` if there is no room, while the receiver is being left,
        and if the replay store fails.
        """
        if not self._workers.has_started:
            raise MisuseError("deliver inside 'async with'")
        try:
            found = self._refuse_by_headers(headers) or await self._read(headers, body)
        finally:
            del headers, body  # a traceback with locals would show them
        response = found if isinstance(found, Response) else await self._accept(found)
        if response.status >= 400:  # noqa: PLR2004 - accepted before is not a refusal
            self._refusals.note(response.status, response.message)
        return response

    def _refuse_by_headers(self, headers: Headers) -> Response | None:
        """Return a refusal that needs no body, or None if the body has to be read."""
        try:
            self._verifier.check_headers(headers)
        except WebhookError as error:
            return _refusal(error)
        finally:
            del headers
        return self._refuse_by_load()

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

    def _refuse_by_load(self) -> Response | None:
        if self._workers.is_stopping:
            return _try_later("shutting down")
        return _try_later("too busy") if self._workers.load >= self._max_load else None

    async def _accept(self, event: RunEvent) -> Response:
        refusal = self._refuse_by_load()
        if refusal is not None:
            return refusal
        with self._workers.reserve():
            return await self._claim(event)

    async def _claim(self, event: RunEvent) -> Response:
        try:
            await self._verifier.claim(event)
            if self._workers.has_stopped:
                await self._verifier.release(event)
                return _try_later("shutting down")
        except WebhookReplayError as error:
            return _refusal(error)
        except Exception as error:  # noqa: BLE001 - a store may raise anything
            self._report(event, error)
            return _try_later("cannot determine whether it has been accepted before")
        self._workers.put(event)
        return Response(status=202, message="accepted")

    async def _release(self, event: RunEvent) -> None:
        try:
            await self._verifier.release(event)
        except Exception as error:  # noqa: BLE001 - a store may raise anything
            self._report(event, error)

    async def _handle(self, event: RunEvent) -> None:
        handlers = self._router.handlers_of(event)
        try:
            await run_handlers(handlers, event, seconds=self._handler_timeout, clock=self._clock)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - it has ended the task of a handler
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


def _refusal(error: WebhookError) -> Response:
    return Response(status=error.status, message=str(error))


def _try_later(reason: str) -> Response:
    return Response(status=503, message=reason, headers={"Retry-After": "10"})


def _log(event: RunEvent, error: Exception) -> None:
    _logger.error("%r of run %s was not handled", event.name, event.run_id, exc_info=error)
