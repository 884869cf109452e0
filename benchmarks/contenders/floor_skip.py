"""The floor of decoding: the fastest inflater in one go, and a parser that builds nothing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import deflate
import msgspec

from benchmarks.contenders import Fetch, Take

LABEL = "floor: inflate + skip"
PACKAGES = ("aiohttp", "deflate", "msgspec")


@asynccontextmanager
async def connect(server: str) -> AsyncIterator[Fetch]:
    """Open a session."""
    decoder = msgspec.json.Decoder(msgspec.Raw)
    async with aiohttp.ClientSession(auto_decompress=False) as session:

        async def fetch(path: str, take: Take) -> None:  # noqa: ARG001 - there is nothing to take
            async with session.get(f"{server}/{path}") as response:
                decoder.decode(deflate.gzip_decompress(await response.read()))

        yield fetch
