import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any, NamedTuple

import aiohttp
import pytest
from yarl import URL

from currents_async.testing import FakeCurrents, World


class Served(NamedTuple):
    server: FakeCurrents
    session: aiohttp.ClientSession
    """Relative to the server's URL, with its key; it does not decompress."""

    @property
    def only_run(self) -> str:
        """The path of the one run of the world."""
        (run_id,) = self.server.world.runs
        return f"runs/{run_id}"

    async def call(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        """Send a request and return the status and the decoded JSON."""
        options.setdefault("headers", {"Accept-Encoding": "identity"})
        async with self.session.request(method, path, **options) as response:
            return response.status, await response.json()

    async def get(self, path: str, *pairs: tuple[str, str], **query: Any) -> Any:
        """Send a GET that must succeed, and return the decoded response."""
        params = [*pairs, *((name, str(value)) for name, value in query.items())]
        status, response = await self.call("GET", path, params=params)
        assert status == 200, response
        assert response["status"] == "OK"
        return response

    async def refused(self, path: str, *pairs: tuple[str, str], method: str = "GET") -> Any:
        """Send a request that must be refused with 400, and return the message."""
        status, response = await self.call(method, path, params=pairs)
        assert (status, response["status"]) == (400, "FAILED"), response
        return response["error"]

    async def walk(self, path: str, *pairs: tuple[str, str], limit: int = 7) -> list[Any]:
        """Read a list with cursors to its end."""
        items: list[Any] = []
        cursor: list[tuple[str, str]] = []
        while True:
            page = await self.get(path, *pairs, *cursor, limit=limit)
            assert len(page["data"]) <= limit
            items += page["data"]
            if not page["has_more"]:
                return items
            cursor = [("starting_after", items[-1]["cursor"])]

    async def turn(self, path: str, *pairs: tuple[str, str], limit: int = 7) -> list[Any]:
        """Read a list with numbered pages to its end."""
        items: list[Any] = []
        page: Any = 0
        while True:
            data = (await self.get(path, *pairs, page=page, limit=limit))["data"]
            assert data["count"] == len(data["list"]) <= limit
            items += data["list"]
            page = data["nextPage"]
            if page is False:
                assert data["total"] == len(items)
                return items


Serve = Callable[..., AbstractAsyncContextManager[Served]]


@asynccontextmanager
async def _serve(world: World | None = None, **options: Any) -> AsyncGenerator[Served]:
    async with FakeCurrents(world, **options) as server:
        headers = {"Authorization": f"Bearer {server.api_key}"}
        async with aiohttp.ClientSession(
            server.url + "/", headers=headers, auto_decompress=False
        ) as session:
            yield Served(server, session)


@pytest.fixture
def serve() -> Serve:
    return _serve


@pytest.fixture
async def served(world: World) -> AsyncIterator[Served]:
    """The world of the test, served."""
    async with _serve(world) as served:
        yield served


class Wire(NamedTuple):
    """A client's side of a connection, laid open."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self, sent: bytes = b"GET /v1 HTTP/1.1\r\nConnection: close\r\n\r\n") -> bytes:
        """Send bytes and return all that comes back, until the end."""
        self.writer.write(sent)
        async with asyncio.timeout(20):
            return await self.reader.read()


Connect = Callable[[str], AbstractAsyncContextManager[Wire]]


@asynccontextmanager
async def _connect(url: str) -> AsyncGenerator[Wire]:
    reader, writer = await asyncio.open_connection("127.0.0.1", URL(url).port)
    try:
        yield Wire(reader, writer)
    finally:
        writer.transport.abort()
        with suppress(ConnectionError):
            await writer.wait_closed()


@pytest.fixture
def connect() -> Connect:
    """Open a TCP connection to the server at a URL."""
    return _connect
