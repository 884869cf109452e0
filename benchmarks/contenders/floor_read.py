"""The floor of the network: the body as it comes over the wire, not even inflated."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from benchmarks.contenders import Fetch, Take

LABEL = "floor: raw read()"
PACKAGES = ("aiohttp",)


@asynccontextmanager
async def connect(server: str) -> AsyncIterator[Fetch]:
    """Open a session."""
    async with aiohttp.ClientSession(auto_decompress=False) as session:

        async def fetch(path: str, take: Take) -> None:  # noqa: ARG001 - there is nothing to take
            async with session.get(f"{server}/{path}") as response:
                await response.read()

        yield fetch
