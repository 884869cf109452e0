"""What most people write: aiohttp and the standard library's JSON; with isal to inflate."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from isal import isal_zlib

from benchmarks.contenders import Fetch, Take

LABEL = "aiohttp resp.json()"
PACKAGES = ("aiohttp", "isal")


@asynccontextmanager
async def connect(server: str) -> AsyncIterator[Fetch]:
    """Open a session."""
    aiohttp.set_zlib_backend(isal_zlib)
    async with aiohttp.ClientSession() as session:

        async def fetch(path: str, take: Take) -> None:
            async with session.get(f"{server}/{path}") as response:
                take((await response.json())["data"]["specs"])

        yield fetch
