"""One attempt at a call: what those at the API and at hosts of assets have in common."""

import asyncio
import logging
import math
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from functools import lru_cache
from types import MappingProxyType
from typing import Any, TypeVar

import aiohttp

from currents_async._config import Timeouts
from currents_async._redaction import safe_headers
from currents_async._transport.aiohttp_errors import AiohttpError, transport_error
from currents_async._transport.channel import Channel
from currents_async._transport.options import CallOptions
from currents_async._transport.tracing import RequestAttempt, RequestCall
from currents_async._wire.body_errors import BodyError
from currents_async._wire.failure import error_for_body, request_id
from currents_async.errors import ClientClosedError, CurrentsError, RequestInfo

T = TypeVar("T")

_headers_logger = logging.getLogger("currents_async.headers")

ERROR_BODY_LIMIT = 64 * 1024
_ERROR_BODY_SECONDS = 2.0
"""For the body of an error response: the status is known already, and matters more."""


class HTTPAttempt(ABC):
    """An attempt, from before its request is sent until its connection is given back.

    Raises a `CurrentsError`, and nothing else.
    """

    _part_of = "call"

    # Of the class until they change: each attribute that is set costs each request.
    _sent_at: float = math.nan
    _headers_at: float = math.nan
    _response: aiohttp.ClientResponse | None = None
    _status: int | None = None
    _headers: Mapping[str, str] = MappingProxyType({})
    _look_after: float = math.inf

    def __init__(self, channel: Channel, info: RequestInfo, options: CallOptions) -> None:
        self._channel = channel
        self._info = info
        self._options = options
        self._ends_at = options.deadline

    async def begin(self) -> None:
        """Wait until the request may be sent."""
        self._sent_at = self._channel.clock.now()

    @property
    def was_sent(self) -> bool:
        """Whether `begin` has succeeded."""
        return not math.isnan(self._sent_at)

    @property
    def response(self) -> aiohttp.ClientResponse:
        """The last response."""
        if self._response is None:
            raise RuntimeError("there is no response yet")
        return self._response

    # Not a coroutine function: it would cost each response a frame.
    def run(self, step: Callable[[], Awaitable[T]]) -> Coroutine[Any, Any, T]:
        """Run a part of the attempt within its time; closing the client ends it too."""
        return self._run(step, self._ends_at - self._channel.clock.now())

    async def _run(self, step: Callable[[], Awaitable[T]], seconds: float) -> T:
        """Run a step until it ends, its time is up, or the client is closed.

        Errors are raised here and not where they were found, so that they keep no frame of
        aiohttp's.
        """
        deadlines = self._channel.deadlines
        timed = deadlines.begin(seconds, self._look_after, self._look)
        try:
            return await step()
        except asyncio.CancelledError:
            if not deadlines.end(timed):
                raise
            error = self._out_of_time()
        except AiohttpError as failure:
            error = transport_error(self._info, failure.foreign)
        except BodyError as failure:
            error = error_for_body(self._info, self._status or 0, self._headers, failure)
        except CurrentsError as found:
            error = found
        finally:
            deadlines.end(timed)
        if self._channel.is_closed:
            error = ClientClosedError(f"the client was closed during the {self._part_of}")
        try:
            raise error
        finally:
            del error  # with its traceback it would keep itself alive, and the response

    def _look(self) -> bool:
        """Look at a step after `_look_after` seconds, if it still goes on then."""
        return True

    @abstractmethod
    def redact(self, text: str) -> str:
        """Return a text without the secrets of this attempt."""

    @abstractmethod
    def _out_of_time(self) -> CurrentsError:
        """Return the error for a step that its time was not enough for."""

    def _received(self, response: aiohttp.ClientResponse) -> None:
        """Note that the headers of a response have arrived."""
        self._response = response
        self._headers_at = self._channel.clock.now()
        self._status = response.status
        self._headers = response.headers

    @abstractmethod
    def _error_reader(self) -> Callable[[], Awaitable[bytes | None]]:
        """Return what reads the body of an error, chunk by chunk; it may raise a `BodyError`."""

    async def _read_error(self) -> bytes:
        """Read as much of an error's body as it is worth."""
        text = bytearray()
        with suppress(BodyError, AiohttpError, TimeoutError):
            async with asyncio.timeout(_ERROR_BODY_SECONDS):
                read = self._error_reader()
                while len(text) < ERROR_BODY_LIMIT and (chunk := await read()):
                    text += chunk
        return bytes(text)

    def record(
        self, call: RequestCall, since: float, *, error: CurrentsError | None
    ) -> RequestAttempt:
        """Describe the attempt, which has ended; `since` is when its waiting began."""
        wire_bytes, inflated_bytes = self._byte_counts()
        return RequestAttempt(
            call=call,
            attempt=self._info.get("attempts", 1),
            status=self._status,
            request_id=self._request_id(),
            error=error,
            waited=self._sent_at - since,
            until_headers=None if self._status is None else self._headers_at - self._sent_at,
            duration=self._channel.clock.now() - self._sent_at,
            wire_bytes=wire_bytes,
            inflated_bytes=inflated_bytes,
        )

    def log_headers(self) -> None:
        """Log the headers of the last request and its response, without secrets."""
        if self._response is None or not _headers_logger.isEnabledFor(logging.DEBUG):
            return
        sent = safe_headers(self._response.request_info.headers)
        lines = [f"> {name}: {value}" for name, value in sent]
        lines += [f"< {name}: {value}" for name, value in safe_headers(self._headers)]
        _headers_logger.debug("%s", self.redact("\n".join(lines)))

    @abstractmethod
    def _byte_counts(self) -> tuple[int, int]:
        """Return the bytes of the body that have arrived, and how many they inflated to."""

    def _request_id(self) -> str | None:
        found = request_id(self._headers)
        return None if found is None else self.redact(found)

    def close(self) -> None:
        """Give the connection back, or close it when there is more to come."""
        # An error shows its user our frames, which keep what they hold.
        self._release()
        self._headers = HTTPAttempt._headers

    def _release(self) -> None:
        if self._response is not None:
            self._response.release()
            self._response = None


@lru_cache
def client_timeout(timeouts: Timeouts) -> aiohttp.ClientTimeout:
    """Return what aiohttp limits itself: connecting, and the time between two chunks."""
    return _timeout(timeouts, timeouts.read)


@lru_cache
def connect_timeout(timeouts: Timeouts) -> aiohttp.ClientTimeout:
    """Return what aiohttp limits of a request that is looked after otherwise: connecting."""
    return _timeout(timeouts, math.inf)


def _timeout(timeouts: Timeouts, read: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(
        # `connect` would include the wait for a free connection of the pool, which is our doing.
        sock_connect=_bound(timeouts.connect),
        sock_read=_bound(read),
        # Ours, around all that a step does.
        total=None,
        # aiohttp rounds timeouts above this many seconds up to whole ones.
        ceil_threshold=math.inf,
    )


def _bound(seconds: float) -> float | None:
    return None if math.isinf(seconds) else seconds
