"""One attempt at a download: a request without the key, its redirects, and the bytes."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import TypeVar

import aiohttp

from currents_async._config import Timeouts
from currents_async._transport.aiohttp_errors import AiohttpError, from_network
from currents_async._transport.channel import Channel
from currents_async._transport.reach import OutOfReachError
from currents_async._transport.session import MAX_HEADER, USER_AGENT
from currents_async._transport.step import client_timeout, run_step
from currents_async._transport.tracing import RequestAttempt, RequestCall
from currents_async._wire.asset_url import AssetUrl
from currents_async._wire.body_errors import BodyError, OversizedBodyError
from currents_async._wire.failure import (
    error_for_body,
    error_for_status,
    in_our_envelope,
    is_expired,
    request_id,
)
from currents_async._wire.networks import literal_address
from currents_async._wire.ranges import Progress, check_encoding
from currents_async._wire.throttle import requested_wait
from currents_async.errors import (
    CurrentsError,
    InvalidArgumentError,
    RedirectError,
    RequestInfo,
    RequestTimeoutError,
)

T = TypeVar("T")

_BLOCK = 512 * 1024
"""Bytes that are handed on at once: each time costs a turn of a thread."""
_MOST_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_ERROR_BODY_LIMIT = 64 * 1024
_ERROR_BODY_SECONDS = 2.0
"""For the body of an error: its status is known, and worth more."""


class AssetAttempt:
    """An attempt, from its first request until its connection is given back.

    It passes no gate: the pace is the API's, and this is another host. Raises a `CurrentsError`,
    and nothing else. No frame of it has a variable that shows a signature: aiohttp's responses do,
    so they are attributes, and let go of at the end.
    """

    def __init__(
        self,
        channel: Channel,
        url: AssetUrl,
        *,
        sent: RequestInfo,
        timeouts: Timeouts,
        ends_at: float,
        max_bytes: int,
    ) -> None:
        self._channel = channel
        self._sent = sent
        self._timeouts = timeouts
        self._ends_at = ends_at
        self._max_bytes = max_bytes
        self._hops = [url]
        self._response: aiohttp.ClientResponse | None = None
        self._pieces: list[bytes] = []
        self._size = 0
        self._wire_bytes = 0
        self._sent_at = channel.clock.now()
        self._headers_at = math.nan
        self._status: int | None = None
        self._request_id: str | None = None
        self.ended = False
        """Whether the body has ended as it should."""
        self.expired = False
        """Whether it may have been refused because the signature's time is over."""

    async def run(self, step: Callable[[], Awaitable[T]]) -> T:
        """Run a part of the attempt within the time there is; closing the client ends it too."""
        session = self._channel.session
        session.live()
        return await run_step(
            session,
            step,
            self._ends_at - self._channel.clock.now(),
            sent=self._sent,
            out_of_time=self._out_of_time,
            body_error=self._body_error,
            part_of="download",
        )

    async def open(self, progress: Progress) -> bool:
        """Ask for what is missing; say whether that is what comes, and not the whole again."""
        conditions = progress.conditions()
        goes_on = await self._ask(conditions, progress)
        if goes_on is None and conditions:
            # Not the part that was asked for, but another one or none at all. Then the whole.
            goes_on = await self._ask({}, progress)
        if goes_on is None:
            raise await self._failure()
        check_encoding(self._headers)
        if progress.total is not None and progress.total > self._max_bytes:
            raise OversizedBodyError(self._max_bytes)
        return goes_on

    async def fill(self, progress: Progress) -> None:
        """Take the next block off the network; raise a `BodyError` when it must not end so."""
        while self._size < _BLOCK:
            chunk = await from_network(self._content.readany())
            size = progress.received + self._size + len(chunk)
            if not chunk:
                progress.check_end(size)
                self.ended = True
                return
            self._wire_bytes += len(chunk)
            self._channel.traffic.wire_bytes += len(chunk)
            self._channel.traffic.inflated_bytes += len(chunk)
            if size > self._max_bytes:
                raise OversizedBodyError(self._max_bytes)
            self._pieces.append(chunk)
            self._size += len(chunk)

    def take(self) -> list[bytes]:
        """Return what has come since the last time, whether or not the block was filled."""
        pieces, self._pieces = self._pieces, []
        self._size = 0
        return pieces

    def redact(self, text: str) -> str:
        """Take signatures, and the key, out of what somebody quotes."""
        for url in self._hops:
            text = url.redact(text)
        return self._channel.redact(text)

    def close(self) -> None:
        """Give the connection back, or close it when there is more to come."""
        if self._response is not None:
            self._response.release()
            self._response = None

    def record(
        self, call: RequestCall, since: float, *, error: CurrentsError | None
    ) -> RequestAttempt:
        """Describe the attempt, now that it has ended; `since` is when its waiting began."""
        answered = self._status is not None
        return RequestAttempt(
            call=call,
            attempt=self._sent["attempts"],
            status=self._status,
            request_id=None if self._request_id is None else self.redact(self._request_id),
            error=error,
            waited=self._sent_at - since,
            until_headers=self._headers_at - self._sent_at if answered else None,
            duration=self._channel.clock.now() - self._sent_at,
            wire_bytes=self._wire_bytes,
            inflated_bytes=self._wire_bytes,
        )

    async def _ask(self, conditions: Mapping[str, str], progress: Progress) -> bool | None:
        """Send a request; return True for the rest, False for the whole, None for neither.

        Raises the error for everything that is no answer to a range.
        """
        await self._follow(conditions)
        if self._status == HTTPStatus.OK:
            progress.start_anew(self._headers)
            return False
        if self._status == HTTPStatus.PARTIAL_CONTENT:
            return True if conditions and progress.goes_on(self._headers) else None
        if self._status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return None
        raise await self._failure()

    async def _follow(self, conditions: Mapping[str, str]) -> None:
        """Send a request, and to where it is redirected."""
        del self._hops[1:]
        for _ in range(1 + _MOST_REDIRECTS):
            self.close()
            self._response = await self._reach(conditions)
            self._headers_at = self._channel.clock.now()
            self._status = self._response.status
            self._request_id = request_id(self._headers)
            if self._status not in _REDIRECTS:
                return
            self._hops.append(self._next_hop())
        raise self._redirect_error(f"more than {_MOST_REDIRECTS} redirects")

    async def _reach(self, conditions: Mapping[str, str]) -> aiohttp.ClientResponse:
        """Send a request to the last hop, if it may be reached."""
        address = literal_address(self._hops[-1].reveal().host or "")
        reason = address and await self._channel.session.reach.refusal(address)
        if not reason:
            self._channel.traffic.requests += 1
            try:
                return await from_network(self._send(conditions))
            except AiohttpError as broken:
                if not isinstance(broken.foreign, OutOfReachError):
                    raise
                reason = str(broken.foreign)
        if len(self._hops) > 1:
            raise self._redirect_error(f"it leads to {reason}")
        raise InvalidArgumentError(f"the asset's URL leads to {reason}")

    def _next_hop(self) -> AssetUrl:
        hop = self._hops[-1].redirected(self._headers.get("Location", ""))
        if hop is None:
            raise self._redirect_error("it leads to nowhere that is safe to follow")
        return hop

    def _send(self, conditions: Mapping[str, str]) -> Awaitable[aiohttp.ClientResponse]:
        return self._channel.session.elsewhere().get(
            self._hops[-1].reveal(),
            headers={**_HEADERS, **conditions},
            allow_redirects=False,
            timeout=client_timeout(self._timeouts),
            max_line_size=MAX_HEADER,
            max_field_size=MAX_HEADER,
            proxy=self._channel.reveal_proxy(),
        )

    @property
    def _headers(self) -> Mapping[str, str]:
        return {} if self._response is None else self._response.headers

    @property
    def _content(self) -> aiohttp.StreamReader:
        if self._response is None:
            raise RuntimeError("there is no answer yet")
        return self._response.content

    async def _failure(self) -> CurrentsError:
        """Build the error for an answer that is not the asset."""
        status = self._status or 0
        asked = requested_wait(self._headers, self._channel.clock.wall())
        text = await self._read_error()
        self.expired = is_expired(status, text)
        return error_for_status(
            self._sent,
            status,
            self._headers,
            in_our_envelope(text),
            retry_after=asked,
            redact=self.redact,
        )

    async def _read_error(self) -> bytes:
        """Read what can be read of an error's body."""
        text = bytearray()
        with suppress(AiohttpError, TimeoutError):
            async with asyncio.timeout(_ERROR_BODY_SECONDS):
                while len(text) < _ERROR_BODY_LIMIT:
                    chunk = await from_network(self._content.readany())
                    if not chunk:
                        break
                    text += chunk
        return bytes(text)

    def _out_of_time(self) -> CurrentsError:
        return RequestTimeoutError("the asset did not arrive within the timeout", **self._sent)

    def _body_error(self, fault: BodyError) -> CurrentsError:
        return error_for_body(self._sent, self._status or 0, {}, fault)

    def _redirect_error(self, reason: str) -> CurrentsError:
        return RedirectError(
            reason, **self._sent, status=self._status or 0, request_id=self._request_id
        )


_HEADERS = {
    "Accept": "*/*",
    # A range is one of the bytes that are sent: so they have to be those of the asset.
    "Accept-Encoding": "identity",
    "User-Agent": USER_AGENT,
}
