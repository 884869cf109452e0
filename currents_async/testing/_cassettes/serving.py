"""The server that stands between a client and a cassette."""

from abc import ABC, abstractmethod
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from itertools import count
from types import TracebackType
from typing import ClassVar, Self

from aiohttp import web

from currents_async.testing._serving.api import BASE, PATHS
from currents_async.testing._serving.faults import Faults
from currents_async.testing._serving.recording import Recorder
from currents_async.testing._serving.requests import RecordedRequest, Requests
from currents_async.testing._serving.site import Host, Site
from currents_async.testing.clock import RunningClock


class CassetteServer(ABC):
    """A server on a loopback port, for one `async with`."""

    api_key: ClassVar[str] = "cassette-api-key"
    """The key for the client, which is a made-up one."""

    def __init__(self, host: Host) -> None:
        self._recorder = Recorder(RunningClock(), count(1), "cassette", BASE, self._is_authorized)
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

    def _is_authorized(self, request: web.Request) -> bool:
        return request.headers.get("Authorization") == f"Bearer {self.api_key}"


async def _without_delay(_: RecordedRequest) -> None:
    """Respond without delay."""
