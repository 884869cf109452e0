"""One attempt at a call: a request on the wire, and what becomes of it."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any, TypeVar

import aiohttp
from yarl import URL

from currents_async._config import Timeouts
from currents_async._transport.aiohttp_errors import AiohttpError, from_network
from currents_async._transport.body import Body
from currents_async._transport.channel import CallOptions, Channel
from currents_async._transport.gate import DeadlineExpiredError, PauseTooLongError
from currents_async._transport.retry import PAUSING
from currents_async._transport.session import MAX_HEADER, USER_AGENT
from currents_async._transport.step import client_timeout, run_step
from currents_async._transport.tracing import RequestAttempt, RequestCall, log_notes
from currents_async._wire.body_errors import BodyError
from currents_async._wire.endpoint import Request
from currents_async._wire.failure import error_for_body, error_for_status, request_id
from currents_async._wire.inflate import SLICE
from currents_async._wire.notes import Notes
from currents_async._wire.objects import ObjectCount
from currents_async._wire.throttle import rate_limit, requested_wait
from currents_async.errors import CurrentsError, RateLimitedError, RequestInfo, RequestTimeoutError

T = TypeVar("T")

_ERROR_BODY_LIMIT = 64 * 1024
_ERROR_BODY_SECONDS = 2.0
"""For the body of an error: its status is known, and worth more."""


class ApiAttempt:
    """An attempt, from its turn at the gate until its connection is given back.

    Raises a `CurrentsError`, and nothing else.
    """

    def __init__(
        self,
        channel: Channel,
        request: Request[Any],
        *,
        sent: RequestInfo,
        options: CallOptions,
        timeouts: Timeouts,
        first_slice: int,
        resumable: bool,
    ) -> None:
        self._channel = channel
        self._request = request
        self._sent = sent
        self._options = options
        self._timeouts = timeouts
        self._first_slice = first_slice
        self._resumable = resumable
        self._objects = ObjectCount(channel.limits.body)
        self._in_gate = False
        self._is_prefetched = False
        self._response: aiohttp.ClientResponse | None = None
        self._body: Body | None = None
        self._sent_at = math.nan
        self._headers_at = math.nan
        self._ends_at = math.inf

    @property
    def status(self) -> int:
        """The status of the answer."""
        return self._entered.status

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers of the answer."""
        return self._entered.headers

    @property
    def _entered(self) -> aiohttp.ClientResponse:
        if self._response is None:
            raise RuntimeError("there is no answer yet")
        return self._response

    async def take_turn(self) -> None:
        """Await the turn to be sent; the time it takes is not the attempt's."""
        channel = self._channel
        channel.session.live()
        try:
            await channel.gate.enter(bulk=self._options.bulk, deadline=self._options.deadline)
        except PauseTooLongError as paused:
            error = self._paused(paused.seconds)
        except DeadlineExpiredError:
            error = self._timed_out(f"there was no turn within {self._options.bound}")
        else:
            self._in_gate = True
            self._sent_at = channel.clock.now()
            self._ends_at = min(self._sent_at + self._timeouts.attempt, self._options.deadline)
            return
        raise error

    # What only passes on is no coroutine of its own: each would cost every answer a frame.

    def run(self, step: Callable[[], Awaitable[T]]) -> Coroutine[Any, Any, T]:
        """Run a part of the attempt within its time; closing the client ends it too."""
        return self._run(step, self._time_left())

    def run_reading(self, step: Callable[[], Awaitable[T]]) -> Coroutine[Any, Any, T]:
        """Run a part that only reads: what has been fetched may be read at leisure."""
        return self._run(step, math.inf if self._is_prefetched else self._time_left())

    def _run(self, step: Callable[[], Awaitable[T]], seconds: float) -> Coroutine[Any, Any, T]:
        return run_step(
            self._channel.session,
            step,
            seconds,
            sent=self._sent,
            out_of_time=self._out_of_time,
            body_error=self._body_error,
        )

    async def open(self) -> None:
        """Send the request and await the headers; raise the error if they are no success."""
        self._channel.traffic.requests += 1
        self._response = response = await from_network(self._send())
        self._headers_at = self._channel.clock.now()
        status, headers = response.status, response.headers
        self._listen(status, headers)
        if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            self._body = self._new_body(
                response, self._channel.limits.body, self._first_slice, self._objects
            )
            return
        throttled = status == HTTPStatus.TOO_MANY_REQUESTS
        asked = requested_wait(headers, self._channel.clock.wall(), throttled=throttled)
        self._obey(status, asked)
        text = await self._read_error(response)
        raise error_for_status(
            self._sent, status, headers, text, retry_after=asked, redact=self.redact
        )

    def redact(self, text: str) -> str:
        """Return a text without the key and what the request says in secret."""
        return self._channel.redact(self._request.redact(text))

    @property
    def body(self) -> Body:
        """The body of the answer, once it is open."""
        if self._body is None:
            raise RuntimeError("there is no answer yet")
        return self._body

    @property
    def weight(self) -> int:
        """Bytes, roughly, of all objects that the answer so far is made of."""
        return self._objects.weight

    def read(self) -> Coroutine[Any, Any, bytes | None]:
        """Return the next slice of the body, or None at its end."""
        return self.body.read()

    def hold(self, size: int) -> Coroutine[Any, Any, None] | None:
        """Say how much of the answer is about to be in memory.

        Returns None where that is little, else what waits until it may be.
        """
        return self._channel.memory.hold(self, size) if size > SLICE else None

    def leave_to_reader(self) -> None:
        """Say that the answer goes on when its reader does."""
        self._channel.memory.leave_to_reader(self)

    def let_go_of_memory(self) -> None:
        """Say that nothing of the answer is held any more."""
        self.body.let_go_of_memory()
        self._channel.memory.let_go(self)

    def log(self, notes: Notes) -> None:
        """Tell of what was bent in the response, if anything was."""
        log_notes(self._sent["operation"], notes)

    def prefetch(self) -> Callable[[], Coroutine[Any, Any, None]]:
        """Return what takes the body off the network, to be run in a task beside the reader."""
        body = self.body
        fetch = body.prefetch()

        async def prefetch() -> None:
            try:
                await self.run(fetch)
            except CurrentsError as error:
                body.fail(error)

        self._is_prefetched = True
        return prefetch

    async def fetch(self) -> None:
        """Take the whole body off the network, to be read at leisure."""
        await self.body.prefetch()()
        self._is_prefetched = True

    def close(self) -> None:
        """Give the connection back, or close it when there is more to come."""
        if self._body is not None:
            self._body.close()
        if self._response is not None:
            self._response.release()
        self._channel.memory.let_go(self)
        self._leave_gate()
        # An error shows its user our frames, which keep what they hold.
        self._body = self._response = None

    def record(
        self, call: RequestCall, since: float, *, error: CurrentsError | None
    ) -> RequestAttempt:
        """Describe the attempt, now that it has ended; `since` is when its waiting began."""
        now = self._channel.clock.now()
        response, body = self._response, self._body
        return RequestAttempt(
            call=call,
            attempt=self._sent["attempts"],
            status=None if response is None else response.status,
            request_id=None if response is None else self._request_id(response),
            error=error,
            waited=self._sent_at - since,
            until_headers=None if response is None else self._headers_at - self._sent_at,
            duration=now - self._sent_at,
            wire_bytes=0 if body is None else body.wire_bytes,
            inflated_bytes=0 if body is None else body.inflated_bytes,
        )

    def _request_id(self, response: aiohttp.ClientResponse) -> str | None:
        found = request_id(response.headers)
        return None if found is None else self.redact(found)

    def _send(self) -> Awaitable[aiohttp.ClientResponse]:
        channel, endpoint = self._channel, self._request.endpoint
        session = channel.session
        return session.live(fresh=not endpoint.repeatable).request(
            endpoint.method,
            URL(self._sent["url"], encoded=True),
            data=self._request.body,
            headers=self._headers(),
            allow_redirects=False,
            # An injected session may have been made with other defaults.
            auto_decompress=False,
            raise_for_status=False,
            timeout=client_timeout(self._timeouts),
            max_line_size=MAX_HEADER,
            max_field_size=MAX_HEADER,
            proxy=channel.reveal_proxy(),
            middlewares=session.middlewares,
        )

    def _headers(self) -> dict[str, str]:
        headers = {**_HEADERS, "Accept": self._request.endpoint.accept}
        if self._request.body is not None:
            headers["Content-Type"] = "application/json"
        return headers

    def _new_body(
        self,
        response: aiohttp.ClientResponse,
        limit: int,
        first: int,
        objects: ObjectCount | None = None,
    ) -> Body:
        return Body(
            response,
            limit,
            traffic=self._channel.traffic,
            memory=self._channel.memory,
            first=first,
            keep=self._resumable,
            objects=objects,
            on_end=self._leave_gate,
        )

    def _listen(self, status: int, headers: Mapping[str, str]) -> None:
        known = rate_limit(headers)
        if known is not None:
            self._channel.gate.last_known = known
        if status != HTTPStatus.TOO_MANY_REQUESTS:
            self._channel.gate.answered(known)

    def _obey(self, status: int, asked: float | None) -> None:
        """Hold everybody back when the server wants that."""
        gate = self._channel.gate
        if asked and status in PAUSING:
            gate.pause(asked)
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            gate.throttled(sent=self._sent_at, told=asked is not None)

    async def _read_error(self, response: aiohttp.ClientResponse) -> bytes:
        """Read what can be read of an error's body."""
        text = bytearray()
        with suppress(BodyError, AiohttpError, TimeoutError):
            async with asyncio.timeout(_ERROR_BODY_SECONDS):
                body = self._body = self._new_body(response, _ERROR_BODY_LIMIT, SLICE)
                while (piece := await body.read()) is not None:
                    text += piece
        return bytes(text)

    def _leave_gate(self) -> None:
        if self._in_gate:
            self._in_gate = False
            self._channel.gate.leave(answered=self._response is not None)

    def _time_left(self) -> float:
        return self._ends_at - self._channel.clock.now()

    # Errors

    def _paused(self, seconds: float) -> CurrentsError:
        return RateLimitedError(
            f"the server asked for a pause, of which {seconds:.0f} s are left",
            **self._unsent(),
            status=HTTPStatus.TOO_MANY_REQUESTS,
            retry_after=seconds,
        )

    def _timed_out(self, reason: str) -> CurrentsError:
        return RequestTimeoutError(reason, **self._unsent())

    def _unsent(self) -> RequestInfo:
        return {**self._sent, "attempts": self._sent["attempts"] - 1}

    def _out_of_time(self) -> CurrentsError:
        in_total = self._channel.clock.now() >= self._options.deadline
        bound = self._options.bound if in_total else "Timeouts.attempt"
        return RequestTimeoutError(f"no whole answer within {bound}", **self._sent)

    def _body_error(self, fault: BodyError) -> CurrentsError:
        if self._response is None:
            raise fault  # a body has a response
        return error_for_body(self._sent, self._response.status, self._response.headers, fault)


_HEADERS = {"Accept-Encoding": "gzip", "User-Agent": USER_AGENT}
