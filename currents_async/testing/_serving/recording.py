"""What a fake server remembers of the requests it got."""

import asyncio
from itertools import count

import msgspec
from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy


class RecordedRequest(msgspec.Struct, kw_only=True, eq=False):
    """A request, and how far its answer has come.

    The marks are numbers from one sequence that all requests of a server share: of two events, the
    one with the smaller number came first.
    """

    operation: str | None
    """The operationId, for example `getRun`; None when there is no such operation."""
    method: str
    path: str
    """The decoded path, without the base URL's `/v1`."""
    path_args: dict[str, str]
    query: list[tuple[str, str]]
    headers: CIMultiDictProxy[str]
    """All headers but Authorization."""
    authorized: bool
    """Whether the request carried the server's key."""
    request_id: str
    """The answer's `X-Request-Id`."""
    body: bytes = b""
    started: int
    """The mark of the request's arrival."""
    first_byte: int | None = None
    """The mark just before the first byte of the answer's body is sent."""
    last_byte: int | None = None
    """The mark just before the last piece of the answer's body is sent."""
    finished: int | None = None
    """The mark of the end, whichever way: no longer in flight."""
    status: int | None = None
    """The status of the answer; None until it is known."""
    bytes_sent: int = 0
    """Bytes of the answer's body handed to the socket, compressed where it is."""
    fault: str | None = None
    """The `fault` of `FakeCurrents.fail` that was served, or `status` where that was one; None is
    the answer that the world gives."""
    aborted: bool = False
    """Whether the client hung up, or the server was closed, before the answer was sent."""


class Recorder:
    """Counts and orders a server's requests."""

    def __init__(self) -> None:
        self.requests: list[RecordedRequest] = []
        self.in_flight = 0
        self.peak_in_flight = 0
        self.bytes_sent = 0
        self._marks = count(1)
        self._idle = asyncio.Event()
        self._idle.set()

    def start(self, request: web.Request, *, base: str, authorized: bool) -> RecordedRequest:
        """Record a request that has just arrived."""
        self.in_flight += 1
        self.peak_in_flight = max(self.peak_in_flight, self.in_flight)
        self._idle.clear()
        headers = CIMultiDict(request.headers)
        headers.popall("Authorization", None)
        resource = request.match_info.route.resource
        recorded = RecordedRequest(
            operation=None if resource is None else resource.name,
            method=request.method,
            path=request.path.removeprefix(base),
            path_args=dict(request.match_info),
            query=list(request.query.items()),
            headers=CIMultiDictProxy(headers),
            authorized=authorized,
            request_id=f"fake-{len(self.requests) + 1:08}",
            started=next(self._marks),
        )
        self.requests.append(recorded)
        return recorded

    def send(self, recorded: RecordedRequest, size: int, *, last: bool) -> None:
        """Record that a piece of the body is about to be sent.

        The client cannot have the whole answer before its last piece is sent, so a request that
        started before that mark was truly sent without having seen the whole answer.
        """
        if recorded.first_byte is None:
            recorded.first_byte = next(self._marks)
        self.bytes_sent += size
        recorded.bytes_sent += size
        if last:
            recorded.last_byte = next(self._marks)
            # Finished already here: a client that answers the last byte with its next request
            # would otherwise be seen to have two requests in flight.
            self.finish(recorded)

    def finish(self, recorded: RecordedRequest) -> None:
        """Record that a request is no longer in flight; repeating that does no harm."""
        if recorded.finished is not None:
            return
        recorded.finished = next(self._marks)
        self.in_flight -= 1
        if not self.in_flight:
            self._idle.set()

    async def idle(self) -> None:
        """Wait until no request is in flight."""
        await self._idle.wait()
