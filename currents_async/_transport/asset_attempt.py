"""One attempt at a download: a request without the key, its redirects, and the bytes."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from http import HTTPStatus
from typing import Any, TypeVar

import aiohttp

from currents_async._transport.aiohttp_errors import AiohttpError, from_network
from currents_async._transport.attempt import HTTPAttempt, client_timeout
from currents_async._transport.channel import Channel
from currents_async._transport.options import CallOptions
from currents_async._transport.reach import OutOfReachError
from currents_async._transport.session import MAX_HEADER, USER_AGENT
from currents_async._wire.asset_url import AssetUrl
from currents_async._wire.body_errors import OversizedBodyError
from currents_async._wire.failure import (
    error_for_status,
    in_our_envelope,
    is_expired,
)
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
"""Bytes that are handed on at once: each time costs a switch to a thread."""
_MAX_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class AssetAttempt(HTTPAttempt):
    """An attempt, from its first request until its connection is given back.

    It passes no gate: the rate is the API's, and this is another host. No frame of it has a
    variable that shows a signature: aiohttp's responses do, so they are attributes, and let go of
    at the end.
    """

    _part_of = "download"

    def __init__(
        self,
        channel: Channel,
        url: AssetUrl,
        info: RequestInfo,
        options: CallOptions,
        *,
        max_bytes: int,
    ) -> None:
        super().__init__(channel, info, options)
        self._max_bytes = max_bytes
        self._hops = [url]
        self._chunks: list[bytes] = []
        self._size = 0
        self._wire_bytes = 0
        self.ended = False
        """Whether the body has ended as it should."""
        self.expired = False
        """Whether it may have been refused because the signature has expired."""

    def run(self, step: Callable[[], Awaitable[T]]) -> Coroutine[Any, Any, T]:
        """Run a part of the attempt within its time, unless the client is closed."""
        self._channel.check_open()
        return super().run(step)

    async def open(self, progress: Progress) -> bool:
        """Request what is missing; return whether it comes, and not the whole again."""
        conditions = progress.conditions()
        goes_on = await self._ask(conditions, progress)
        if goes_on is None and conditions:
            # Neither the part that was requested nor the whole: then request the whole.
            goes_on = await self._ask({}, progress)
        if goes_on is None:
            raise await self._failure()
        check_encoding(self._headers)
        if progress.total is not None and progress.total > self._max_bytes:
            raise OversizedBodyError(self._max_bytes)
        return goes_on

    async def fill(self, progress: Progress) -> None:
        """Take the next block off the network; raise a `BodyError` when it must not end so."""
        content = self.response.content
        while self._size < _BLOCK:
            chunk = await from_network(content.readany())
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
            self._chunks.append(chunk)
            self._size += len(chunk)

    def take(self) -> list[bytes]:
        """Return the chunks that have come since the last time, a whole block or not."""
        chunks, self._chunks = self._chunks, []
        self._size = 0
        return chunks

    @property
    def headers(self) -> Mapping[str, str]:
        """Those of the last response, until the attempt is closed."""
        return self._headers

    def redact(self, text: str) -> str:
        """Return a text without the signatures of all hops, and without the key."""
        for url in self._hops:
            text = url.redact(text)
        return self._channel.redact(text)

    async def _ask(self, conditions: Mapping[str, str], progress: Progress) -> bool | None:
        """Send a request; return True for the rest, False for the whole, None for neither.

        Raises the error for every other response.
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
        """Send a request, and follow where it is redirected."""
        del self._hops[1:]
        for _ in range(1 + _MAX_REDIRECTS):
            self._release()
            self._received(await self._reach(conditions))
            if self._status not in _REDIRECTS:
                return
            self._hops.append(self._next_hop())
        raise self._redirect_error(f"more than {_MAX_REDIRECTS} redirects")

    async def _reach(self, conditions: Mapping[str, str]) -> aiohttp.ClientResponse:
        """Send a request to the last hop, if it may be reached."""
        self._channel.traffic.requests += 1
        try:
            return await from_network(self._send(conditions))
        except AiohttpError as broken:
            if not isinstance(broken.foreign, OutOfReachError):
                raise
            reason = str(broken.foreign)
        self._channel.traffic.requests -= 1  # nothing was sent
        if len(self._hops) > 1:
            raise self._redirect_error(f"it leads to {reason}")
        raise InvalidArgumentError(f"{self._hops[0].noun} leads to {reason}")

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
            timeout=client_timeout(self._options.timeouts),
            max_line_size=MAX_HEADER,
            max_field_size=MAX_HEADER,
            proxy=self._channel.reveal_proxy(),
        )

    async def _failure(self) -> CurrentsError:
        """Build the error for a response that is not the asset."""
        status = self._status or 0
        asked = requested_wait(self._headers, self._channel.clock.wall())
        text = await self._read_error()
        self.expired = is_expired(status, text)
        return error_for_status(
            self._info,
            status,
            self._headers,
            in_our_envelope(text),
            retry_after=asked,
            redact=self.redact,
        )

    def _error_reader(self) -> Callable[[], Awaitable[bytes]]:
        return lambda: from_network(self.response.content.readany())

    def _byte_counts(self) -> tuple[int, int]:
        return self._wire_bytes, self._wire_bytes

    def _out_of_time(self) -> CurrentsError:
        return RequestTimeoutError("the asset did not arrive within the timeout", **self._info)

    def _redirect_error(self, reason: str) -> CurrentsError:
        return RedirectError(
            reason, **self._info, status=self._status or 0, request_id=self._request_id()
        )


_HEADERS = {
    "Accept": "*/*",
    # A range is one of the bytes that are sent: so they have to be those of the asset.
    "Accept-Encoding": "identity",
    "User-Agent": USER_AGENT,
}
