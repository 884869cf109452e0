"""How contenders open their clients, each in its best configuration."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Any

import aiohttp
from isal import isal_zlib

from benchmarks.contenders import Fetch, Take
from currents_async import Currents, Limits

Connect = Callable[[str], AbstractAsyncContextManager[Fetch]]
OURS = ("currents-async", "aiohttp", "msgspec", "isal")
"""What our own client depends on."""


def with_currents(
    fetch: Callable[[Currents, str, Take], Awaitable[None]], limits: Limits | None = None
) -> Connect:
    """Fetch with our own client."""

    @asynccontextmanager
    async def connect(server: str) -> AsyncIterator[Fetch]:
        async with Currents("key", base_url=server, limits=limits or Limits()) as currents:
            yield partial(fetch, currents)

    return connect


def with_aiohttp(
    read: Callable[[aiohttp.ClientResponse, Take], Awaitable[None]], **options: Any
) -> Connect:
    """Read responses of aiohttp's session, which inflates with isal."""

    @asynccontextmanager
    async def connect(server: str) -> AsyncIterator[Fetch]:
        aiohttp.set_zlib_backend(isal_zlib)
        async with aiohttp.ClientSession(**options) as session:

            async def fetch(path: str, take: Take) -> None:
                async with session.get(f"{server}/{path}") as response:
                    await read(response, take)

            yield fetch

    return connect
