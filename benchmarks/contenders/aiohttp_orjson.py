"""aiohttp with isal to inflate and orjson to parse: dicts, untyped."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import orjson
from isal import isal_zlib

from benchmarks.contenders import Fetch, Take

LABEL = "aiohttp + orjson"
PACKAGES = ("aiohttp", "isal", "orjson")


@asynccontextmanager
async def connect(server: str) -> AsyncIterator[Fetch]:
    """Open a session."""
    aiohttp.set_zlib_backend(isal_zlib)
    async with aiohttp.ClientSession() as session:

        async def fetch(path: str, take: Take) -> None:
            async with session.get(f"{server}/{path}") as response:
                take(orjson.loads(await response.read())["data"]["specs"])

        yield fetch
