"""One attempt at a call of the API: a request on the wire, and what becomes of it."""

import math
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from functools import partial
from http import HTTPStatus
from typing import Any, ClassVar, TypeVar

import aiohttp
from aiohttp import hdrs
from aiohttp.client_proto import ResponseHandler

from currents_async._transport.aiohttp_errors import from_network
from currents_async._transport.attempt import (
    ERROR_BODY_LIMIT,
    HTTPAttempt,
    client_timeout,
    connect_timeout,
)
from currents_async._transport.body import Body
from currents_async._transport.channel import Channel
from currents_async._transport.connection import SendOnce
from currents_async._transport.credential import Credential
from currents_async._transport.gate import (
    NOTHING_HEEDED,
    DeadlineExpiredError,
    Heeded,
    PauseTooLongError,
)
from currents_async._transport.memory import ObjectCount
from currents_async._transport.options import CallOptions
from currents_async._transport.tracing import log_notes
from currents_async._wire.endpoint import Request
from currents_async._wire.failure import error_for_status
from currents_async._wire.inflate import SLICE, inflate_small
from currents_async._wire.notes import Notes
from currents_async.errors import CurrentsError, RateLimitedError, RequestInfo, RequestTimeoutError

T = TypeVar("T")

_SUCCESS = range(200, 300)
_THROTTLED = int(HTTPStatus.TOO_MANY_REQUESTS)

SMALL = 2 * SLICE
"""Bytes of text below which a response is decoded at once, in less than half a millisecond."""
LENIENT = 64 * SMALL // 2
"""A limit of a body below which not even the objects of a short one may come to."""

_LOOK_AFTER = 0.1
"""The part of `Timeouts.read` after which aiohttp begins to look whether the server is silent."""

_FIRST_SLICE = 8 * 1024
"""Bytes inflated before the first elements of a stream are looked for."""


class ApiAttempt(HTTPAttempt):
    """An attempt, from its place in the gate's queue until its connection is given back."""

    _keeps_body: ClassVar[bool] = False
    """Whether the bytes of a response are wanted that is read as a whole."""

    _in_gate: bool = False
    _is_prefetched: bool = False
    _has_room: bool = False
    _session: aiohttp.ClientSession | None = None
    """What to send with, if nothing had to be waited for since it was looked at."""
    _credential: Credential | None = None
    _sender: SendOnce | None = None
    _awaited: str = ""
    """What is waited for, if it is not the response."""
    heeded: Heeded = NOTHING_HEEDED
    """What the response means for the next attempt."""
    _body: Body | None = None
    _objects: ObjectCount | None = None
    _counts: tuple[int, int] = (0, 0)
    """Bytes of a short response, as received and as inflated."""

    def __init__(
        self,
        channel: Channel,
        request: Request[Any],
        info: RequestInfo,
        options: CallOptions,
        *,
        streamed: bool,
    ) -> None:
        super().__init__(channel, info, options)
        self._request = request
        self._streamed = streamed
        if request.body is None and channel.session.is_ours:
            self._look_after = _LOOK_AFTER * options.timeouts.read

    async def begin(self) -> None:
        """Wait at the gate until the request may be sent; that time is not the attempt's."""
        channel, options = self._channel, self._options
        is_fresh = not self._request.endpoint.repeatable
        session: aiohttp.ClientSession | None = channel.live(fresh=is_fresh)
        try:
            if not channel.gate.enter_now(options.deadline):
                session = None
                await channel.gate.enter(bulk=options.bulk, deadline=options.deadline)
        except PauseTooLongError as pause:
            error = self._paused(pause.seconds)
        except DeadlineExpiredError:
            reason = f"the request was still queued when {options.bound} expired"
            error = RequestTimeoutError(reason, **self._unsent())
        else:
            self._in_gate = True
            if channel.is_closed:  # views that share a gate are not closed together
                channel.check_open()
            if channel.room.take_now() is None:
                session = None
                await self._until("the request was still queued", channel.room.take)
            self._has_room = True
            if self._request.record_key is None:
                self._credential = channel.key.fixed
                if self._credential is None:
                    session = None
                    self._credential = await self._ask(channel.key.ask)
            self._session = session
            self._sent_at = channel.clock.now()
            self._ends_at = min(self._sent_at + options.timeouts.attempt, options.deadline)
            return
        raise error

    @property
    def is_unauthorized(self) -> bool:
        """Whether the server has refused the key."""
        return self._credential is not None and self._status == HTTPStatus.UNAUTHORIZED

    def replace_key(self) -> Coroutine[Any, Any, bool]:
        """Ask for another key once this one is refused; return whether there is one.

        Raises a `CurrentsError` if the function that is asked fails, or takes too long.
        """
        replace = self._channel.key.replace
        return self._ask(partial(replace, self._credential))

    def _ask(self, ask: Callable[[], Awaitable[T]]) -> Coroutine[Any, Any, T]:
        return self._until("the function passed as api_key had not returned", ask)

    async def _until(self, awaited: str, step: Callable[[], Awaitable[T]]) -> T:
        """Run a step that is no part of the attempt's time, until the deadline of the call."""
        self._awaited = awaited
        result = await self._run(step, self._options.deadline - self._channel.clock.now())
        self._awaited = ""
        return result

    def run_reading(self, step: Callable[[], Awaitable[T]]) -> Coroutine[Any, Any, T]:
        """Run a step that only reads: from memory it may take any time."""
        return self._run(step, math.inf) if self._is_prefetched else self.run(step)

    async def open(self) -> None:
        """Send the request and await the headers; raise the error if they are no success."""
        self._channel.traffic.requests += 1
        response = await from_network(self._send())
        self._received(response)
        if self._listens_late and not response.content.is_eof() and response.connection is not None:
            _listen(response.connection.protocol, self._options.timeouts.read)
        status, headers = response.status, response.headers
        gate = self._channel.gate
        if status in _SUCCESS:
            gate.succeeded(headers, sent=self._sent_at)
            return
        is_first = self._info.get("attempts", 1) == 1
        self.heeded = gate.responded(status, headers, sent=self._sent_at, is_first=is_first)
        text = await self._read_error()
        raise error_for_status(
            self._info,
            status,
            headers,
            text,
            retry_after=self.heeded.wait,
            redact=self.redact,
            hint=self._request.endpoint.hint(status),
        )

    @property
    def body(self) -> Body:
        """The body of the response, once it is open."""
        if self._body is None:
            self._body = self._success_body()
        return self._body

    def small_text(self) -> bytes | None:
        """Return the text of a response if it has arrived and is short; else `body` reads it."""
        response, limit = self._response, self._channel.limits.body
        if response is None:
            return None
        content = response.content
        if not content.is_eof() or content.total_bytes > SLICE or limit < LENIENT:
            return None
        if self._keeps_body or content.exception() is not None:
            return None
        chunk = content.read_nowait()
        self._leave_gate()
        text = inflate_small(self._headers.get(hdrs.CONTENT_ENCODING, ""), chunk, SMALL)
        if text is None:
            self._body = self._success_body(chunk)
            return None
        self._counts = len(chunk), len(text)
        traffic = self._channel.traffic
        traffic.wire_bytes += len(chunk)
        traffic.inflated_bytes += len(text)
        return text

    @property
    def weight(self) -> int:
        """Bytes, roughly, of all objects that the response so far is made of."""
        return 0 if self._objects is None else self._objects.weight

    def hold(self, size: int) -> Coroutine[Any, Any, None] | None:
        """Announce how much of the response is about to be in memory.

        Returns None where that is little, else what waits until it may be.
        """
        return self._channel.memory.hold(self, size) if size > SLICE else None

    def leave_to_reader(self) -> None:
        """Note that the response goes on when its reader does."""
        self._channel.memory.leave_to_reader(self)

    def let_go_of_memory(self) -> None:
        """Note that nothing of the response is held any more."""
        self.body.let_go_of_memory()
        self._channel.memory.let_go(self)

    def decoded(self, data: object, notes: Notes) -> None:  # noqa: ARG002 - for subclasses
        """Note what the response has said, and log what was mended in it, if anything was."""
        if notes.bent or notes.lost:
            log_notes(self._info["operation"], notes)

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
        """Take the whole body off the network, to be read from memory."""
        await self.body.prefetch()()
        self._is_prefetched = True

    def redact(self, text: str) -> str:
        """Return a text without the key, and without the secrets of the request."""
        own = self._credential
        text = self._channel.redact(self._request.redact(text))
        return text if own is None else own.redact(text)

    def close(self) -> None:
        """Give the connection back, or close it when there is more to come."""
        if self._body is not None:
            self._body.close()
            self._channel.memory.let_go(self)
        self._leave_gate()
        self._body = None
        super().close()

    def _send(self) -> Awaitable[aiohttp.ClientResponse]:
        channel, endpoint = self._channel, self._request.endpoint
        session = self._session or channel.session.live(fresh=not endpoint.repeatable)
        limit = connect_timeout if self._listens_late else client_timeout
        sender = self._sender = SendOnce(self._request.record_key or self._credential)
        return session.request(
            endpoint.method,
            channel.url(self._request.target),
            data=self._request.body,
            headers=self._request_headers(),
            allow_redirects=False,
            timeout=limit(self._options.timeouts),
            proxy=channel.reveal_proxy(),
            middlewares=channel.session.middlewares_with(sender),
            **channel.session.request_options,
        )

    @property
    def _listens_late(self) -> bool:
        """Whether aiohttp is told only now and then how long a server may be silent.

        It would set two timers for each request; nearly all responses have arrived before.
        """
        return self._look_after < math.inf

    def _look(self) -> bool:
        read = self._options.timeouts.read
        protocol = None if self._sender is None else self._sender.protocol
        if protocol is None:
            return self._response is not None
        _listen(protocol, read - self._look_after)
        protocol.read_timeout = read
        return True

    def _request_headers(self) -> Mapping[str, str]:
        request, common = self._request, self._channel.session.headers
        if request.body is None and request.endpoint.is_json:
            return common
        headers = dict(common)
        if not request.endpoint.is_json:
            headers["Accept"] = request.endpoint.accept
        if request.body is not None:
            headers["Content-Type"] = "application/json"
        return headers

    def _success_body(self, arrived: bytes | None = None) -> Body:
        self._objects = ObjectCount(self._channel.limits.body)
        first = _FIRST_SLICE if self._streamed else SLICE
        return self._new_body(self._channel.limits.body, first, self._objects, arrived)

    def _new_body(
        self,
        limit: int,
        first: int,
        objects: ObjectCount | None = None,
        arrived: bytes | None = None,
    ) -> Body:
        response = self.response
        return Body(
            response.content,
            response.headers.get("Content-Encoding", ""),
            limit,
            traffic=self._channel.traffic,
            memory=self._channel.memory,
            first=first,
            keep=self._streamed or self._keeps_body,
            objects=objects,
            on_end=self._leave_gate,
            arrived=arrived,
        )

    def _leave_gate(self) -> None:
        if self._in_gate:
            self._in_gate = False
            if self._has_room:
                self._channel.room.put_now("slot")
            self._channel.gate.leave(responded=self._response is not None)

    def _error_reader(self) -> Callable[[], Awaitable[bytes | None]]:
        self._body = self._new_body(ERROR_BODY_LIMIT, SLICE)
        return self._body.read

    def _byte_counts(self) -> tuple[int, int]:
        body = self._body
        return self._counts if body is None else (body.wire_bytes, body.inflated_bytes)

    def _paused(self, seconds: float) -> CurrentsError:
        return RateLimitedError(
            f"the server asked for a pause, of which {seconds:.0f} s are left",
            **self._unsent(),
            status=_THROTTLED,
            retry_after=seconds,
        )

    def _unsent(self) -> RequestInfo:
        return {**self._info, "attempts": self._info.get("attempts", 1) - 1}

    def _out_of_time(self) -> CurrentsError:
        if self._awaited:
            reason = f"{self._awaited} when {self._options.bound} expired"
            return RequestTimeoutError(reason, **(self._info if self.was_sent else self._unsent()))
        in_total = self._channel.clock.now() >= self._options.deadline
        bound = self._options.bound if in_total else "Timeouts.attempt"
        return RequestTimeoutError(f"the response was not complete within {bound}", **self._info)


def _listen(protocol: ResponseHandler | None, seconds: float) -> None:
    """Have aiohttp fail what waits for data, if none comes for so long."""
    if protocol is not None:
        protocol.read_timeout = seconds
        protocol.start_timeout()
