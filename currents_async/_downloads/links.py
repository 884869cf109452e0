"""What is behind shares and trace links: read into memory, or saved as a file."""

from collections.abc import Awaitable, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TypeVar

from currents_async._checks import accepted, check_int, check_time_limit
from currents_async._downloads.save import (
    AssetDownload,
    Target,
    find_goal,
    save_call,
)
from currents_async._transport import RawResponse, Transport
from currents_async._wire.endpoint import Query
from currents_async._wire.link_url import LinkUrl, read_link_url
from currents_async.errors import APIError, InvalidArgumentError
from currents_async.models.shares import Share, TraceLink

T = TypeVar("T")

_GONE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
_WHY_GONE = {
    Share: "it may have expired: create another share",
    TraceLink: "the trace may not have been uploaded yet, may have no such part, or the link has "
    "expired: try again later, or create another link",
}


class Link:
    """A share or a trace link that somebody has passed; its URL is kept out of sight."""

    def __init__(
        self,
        transport: Transport,
        operation: str,
        link: object,
        kind: type[Share | TraceLink] = TraceLink,
    ) -> None:
        self._transport = transport
        self._operation = operation
        self._kind = kind
        self._url = _find_url(link, kind)
        self._expires_at = link.expires_at if isinstance(link, Share | TraceLink) else None

    async def read(self, view: str = "", query: Query = ()) -> RawResponse:
        """Read a view into memory, within `Limits.body` and `Timeouts.total`."""
        channel = self._transport.channel
        ends_at = channel.clock.now() + self._transport.timeouts.total
        call = self._transport.asset_call(
            self._checked(view, query),
            max_bytes=channel.limits.body,
            ends_at=ends_at,
            operation=self._operation,
        )
        buffer = _Buffer(self._transport)
        try:
            await self._explained(call.into(buffer))
        finally:
            buffer.let_go_of_memory()
        return RawResponse(status=HTTPStatus.OK, headers=call.headers, body=buffer.content)

    async def read_text(self, view: str = "", query: Query = ()) -> str:
        """Read a view that is text."""
        return (await self.read(view, query)).body.decode(errors="replace")

    async def save(
        self,
        view: str,
        *,
        to: Target,
        name: str,
        max_bytes: int,
        timeout: float | None,  # noqa: ASYNC109 - of the whole, retries included
    ) -> AssetDownload:
        """Save a view as a file, which gets a name if `to` is a directory."""
        url = self._checked(view)
        check_int("max_bytes", max_bytes)
        seconds = check_time_limit("timeout", timeout)
        goal = await find_goal(self._transport, to, name)
        call = self._transport.asset_call(
            url,
            max_bytes=max_bytes,
            ends_at=self._transport.channel.clock.now() + seconds,
            operation=self._operation,
        )
        return await self._explained(save_call(call, url, goal))

    def _checked(self, view: str, query: Query = ()) -> LinkUrl:
        """Return the URL of a view, or raise what is wrong with the link."""
        return accepted(self._url).view(view, query)

    async def _explained(self, reading: Awaitable[T]) -> T:
        """Add what to do to an error."""
        try:
            return await reading
        except APIError as error:
            error.hint = self._hint(error.status)
            raise

    def _hint(self, status: int) -> str:
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            return "the host of the link cannot serve it at the moment: try again later"
        if status not in _GONE:
            return ""
        ended = self._expires_at
        if ended is None or ended > datetime.fromtimestamp(
            self._transport.channel.clock.wall(), UTC
        ):
            return _WHY_GONE[self._kind]
        return f"it expired at {ended:%Y-%m-%d %H:%M:%S} UTC: create another"


def _find_url(link: object, kind: type[Share | TraceLink]) -> LinkUrl | InvalidArgumentError:
    url = link.url if isinstance(link, Share | TraceLink) and isinstance(link, kind) else link
    if isinstance(url, str):
        return read_link_url(url)
    passed = type(url).__name__
    return InvalidArgumentError(f"link must be a {kind.__name__} or its URL, not {passed}")


class _Buffer:
    """Bytes in memory, which count with those of all other responses while they arrive."""

    def __init__(self, transport: Transport) -> None:
        self._memory = transport.channel.memory
        self._content = bytearray()

    @property
    def content(self) -> bytes:
        return bytes(self._content)

    async def write(self, chunks: Sequence[bytes]) -> None:
        """Append."""
        await self._memory.hold(self, len(self._content) + sum(map(len, chunks)))
        for chunk in chunks:
            self._content += chunk

    async def start_anew(self) -> None:
        """Forget what has been written."""
        self._content.clear()

    def let_go_of_memory(self) -> None:
        """Note that nothing more arrives."""
        self._memory.let_go(self)
