from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, NamedTuple

import aiohttp
import pytest

from currents_async.testing import FakeCurrents, World


class Served(NamedTuple):
    server: FakeCurrents
    session: aiohttp.ClientSession
    """Relative to the server's URL, with its key; it does not decompress."""

    async def call(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        """Send a request and return the status and the decoded JSON."""
        options.setdefault("headers", {"Accept-Encoding": "identity"})
        async with self.session.request(method, path, **options) as response:
            return response.status, await response.json()


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
async def served() -> AsyncIterator[Served]:
    async with _serve() as served:
        yield served
