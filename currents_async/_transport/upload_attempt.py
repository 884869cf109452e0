"""One attempt at an upload: a PUT without the key to the host of the storage."""

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple

import aiohttp

from currents_async._transport.aiohttp_errors import AiohttpError, from_network
from currents_async._transport.attempt import HTTPAttempt, client_timeout
from currents_async._transport.channel import Channel
from currents_async._transport.file_body import FileBody
from currents_async._transport.options import CallOptions
from currents_async._transport.reach import OutOfReachError
from currents_async._transport.session import MAX_HEADER, USER_AGENT
from currents_async._wire.asset_url import AssetUrl
from currents_async._wire.failure import error_for_status, in_our_envelope
from currents_async._wire.throttle import requested_wait
from currents_async.errors import (
    CurrentsError,
    InvalidArgumentError,
    RequestInfo,
    RequestTimeoutError,
    TransportError,
)

_SUCCESS = range(200, 300)
_REFUSED = set(range(400, 500)) - {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
"""Statuses that are final for an upload URL."""
_OURS = frozenset({"content-length", "transfer-encoding", "host", "connection"})
"""Headers that are about the connection, and never taken from a response."""


class UploadTarget(NamedTuple):
    """Where a file is to be uploaded, with the signature hidden."""

    url: AssetUrl
    headers: Callable[[], Mapping[str, str]]
    """Return the headers that the signature covers."""
    ends_at: float
    """When the URL expires, by the client's clock."""


class UploadAttempt(HTTPAttempt):
    """An attempt, from its request until its connection is given back.

    It passes no gate: the rate is the API's, and this is another host.
    """

    _part_of = "upload"

    def __init__(
        self, channel: Channel, target: UploadTarget, info: RequestInfo, options: CallOptions
    ) -> None:
        super().__init__(channel, info, options)
        self._target = target
        self.refused: bool = False
        """Whether the URL takes no other attempt either."""

    async def send(self, path: Path, size: int, on_sent: Callable[[int], None]) -> None:
        """Send the file; raise the error for every response but a success.

        Also raises what `on_sent` raises.
        """
        self._channel.session.live()
        max_pause = self._options.timeouts.read
        body = FileBody(path, size, self._info, max_pause=max_pause, on_sent=on_sent)
        try:
            await self.run(lambda: self._put(body))
        except CurrentsError:
            if body.raised is None:
                raise
        finally:
            self._release()  # which stops what still writes
            await body.settle()
        raised, body.raised = body.raised, None
        if raised is not None:
            try:
                raise raised
            finally:
                del raised  # with its traceback it would keep itself alive

    async def _put(self, body: FileBody) -> None:
        self._channel.traffic.requests += 1
        try:
            self._received(await from_network(self._request(body)))
        except AiohttpError as broken:
            if body.failure is not None:
                raise body.failure from None
            if isinstance(broken.foreign, OutOfReachError):
                reason = f"the upload URL leads to {broken.foreign}"
                raise InvalidArgumentError(reason) from None
            raise
        if self._status not in _SUCCESS:
            raise await self._failure()
        if body.sent < (body.size or 0):
            reason = "the storage responded before it had the whole file"
            raise TransportError(reason, **self._info)

    def _request(self, body: FileBody) -> Awaitable[aiohttp.ClientResponse]:
        return self._channel.session.elsewhere().put(
            self._target.url.reveal(),
            data=body,
            headers={
                "User-Agent": USER_AGENT,
                **{
                    name: value
                    for name, value in self._target.headers().items()
                    if name.lower() not in _OURS
                },
                "Content-Length": str(body.size),
            },
            # The signature covers the headers that are given, and no content type of aiohttp's.
            skip_auto_headers=("Content-Type",),
            allow_redirects=False,
            timeout=client_timeout(self._options.timeouts),
            max_line_size=MAX_HEADER,
            max_field_size=MAX_HEADER,
            proxy=self._channel.reveal_proxy(),
        )

    async def _failure(self) -> CurrentsError:
        status = self._status or 0
        self.refused = status in _REFUSED
        return error_for_status(
            self._info,
            status,
            self._headers,
            in_our_envelope(await self._read_error()),
            retry_after=requested_wait(self._headers, self._channel.clock.wall()),
            redact=self.redact,
        )

    def redact(self, text: str) -> str:
        """Return a text without the signature, and without the key."""
        return self._channel.redact(self._target.url.redact(text))

    def _error_reader(self) -> Callable[[], Awaitable[bytes]]:
        return lambda: from_network(self.response.content.readany())

    def _byte_counts(self) -> tuple[int, int]:
        return 0, 0

    def _out_of_time(self) -> CurrentsError:
        return RequestTimeoutError("the file was not uploaded within the timeout", **self._info)
