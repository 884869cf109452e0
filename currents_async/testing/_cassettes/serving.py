"""The server that stands between a client and a cassette, and what it serves."""

import asyncio
from abc import ABC, abstractmethod
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from itertools import count
from types import TracebackType
from typing import ClassVar, Never, Self

from aiohttp import web

from currents_async.testing._cassettes.tape import TapedRequest, read_content
from currents_async.testing._faulty.message import GZIP, compress
from currents_async.testing._serving.api import BASE, PATHS
from currents_async.testing._serving.api_response import RefusedError, encode_failure
from currents_async.testing._serving.faults import Faults
from currents_async.testing._serving.recording import Recorder
from currents_async.testing._serving.requests import RecordedRequest, Requests
from currents_async.testing._serving.sending import WireResponse
from currents_async.testing._serving.site import Site
from currents_async.testing.clock import RunningClock


class CassetteHost(ABC):
    """Plays requests for the API that carry the server's key, and refuses others."""

    async def respond(
        self, request: web.Request, recorded: RecordedRequest, *, gzip: bool
    ) -> WireResponse:
        """Play a request, or refuse it in the service's envelope."""
        try:
            response = await self._respond(request, recorded)
        except RefusedError as refusal:
            return WireResponse(refusal.status, encode_failure(refusal.message), {})
        if not gzip or not response.body:
            return response
        compressed = await asyncio.to_thread(compress, response.body)
        return response._replace(body=compressed, headers={**response.headers, **GZIP})

    async def _respond(self, request: web.Request, recorded: RecordedRequest) -> WireResponse:
        if not recorded.authorized:
            raise RefusedError(401, "Invalid API key provided")
        if not request.path.startswith(f"{BASE}/"):
            raise RefusedError(404, "Not found")
        return await self._play(request, _read_request(request, recorded.body))

    @abstractmethod
    async def _play(self, request: web.Request, taped: TapedRequest) -> WireResponse:
        """Return the response to a request, which is not compressed yet."""

    def failure(self, status: int) -> Never:
        """Make no failure, since no test can ask for one."""
        raise NotImplementedError(status)


def _read_request(request: web.Request, body: bytes) -> TapedRequest:
    query: dict[str, list[str]] = {}
    for name, value in request.query.items():
        query.setdefault(name, []).append(value)
    return TapedRequest(
        method=request.method,
        path=request.rel_url.path_safe.removeprefix(BASE),
        query=query,
        **read_content(body),
    )


class CassetteServer(ABC):
    """A server on a loopback port, for one `async with`."""

    api_key: ClassVar[str] = "cassette-api-key"
    """The key for the client, which is a made-up one."""

    def __init__(self, host: CassetteHost) -> None:
        self._recorder = Recorder(RunningClock(), count(1), "cassette", BASE, self._key_of)
        self._site = Site(host, PATHS, self._recorder, Faults(), _without_delay)
        self._closing = AsyncExitStack()

    @abstractmethod
    def _cassette(self) -> AbstractAsyncContextManager[None]:
        """Keep the cassette open while the server runs."""

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._cassette())
            await stack.enter_async_context(self._site.listen("127.0.0.1", 0))
            self._closing = stack.pop_all()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._closing.__aexit__(exc_type, exc, traceback)

    @property
    def url(self) -> str:
        """The base URL for the client."""
        return f"{self._site.origin}{BASE}"

    @property
    def requests(self) -> Requests:
        """All requests, in the order in which they arrived."""
        return self._recorder.requests

    def _key_of(self, request: web.Request) -> tuple[str | None, bool]:
        is_ours = request.headers.get("Authorization") == f"Bearer {self.api_key}"
        return self.api_key if is_ours else None, is_ours


async def _without_delay(_: RecordedRequest) -> None:
    """Respond without delay."""
