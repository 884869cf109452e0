"""aiohttp's client, as several contenders use it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from aiohttp import ClientResponse, ClientSession, set_zlib_backend
from isal import isal_zlib

from benchmarks.contenders import Fetch, Take


def reader(
    read: Callable[[ClientResponse, Take], Awaitable[None]], **options: Any
) -> Callable[[str], AbstractAsyncContextManager[Fetch]]:
    """Return the `connect` of a contender that reads a response; isal inflates."""

    @asynccontextmanager
    async def connect(server: str) -> AsyncIterator[Fetch]:
        set_zlib_backend(isal_zlib)
        async with ClientSession(**options) as session:

            async def fetch(path: str, take: Take) -> None:
                async with session.get(f"{server}/{path}") as response:
                    await read(response, take)

            yield fetch

    return connect
