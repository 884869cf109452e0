"""ijson on its fastest backend: dicts while the body is still coming."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import ijson  # type: ignore[import-untyped]
from isal import isal_zlib

from benchmarks.contenders import Fetch, Take

LABEL = "aiohttp + ijson (yajl2_c)"
PACKAGES = ("aiohttp", "ijson", "isal")


@asynccontextmanager
async def connect(server: str) -> AsyncIterator[Fetch]:
    """Open a session."""
    aiohttp.set_zlib_backend(isal_zlib)
    parser = ijson.get_backend("yajl2_c")
    async with aiohttp.ClientSession() as session:

        async def fetch(path: str, take: Take) -> None:
            async with session.get(f"{server}/{path}") as response:
                specs = parser.items_async(
                    response.content, "data.specs.item", buf_size=64 * 1024, use_float=True
                )
                async for spec in specs:
                    take((spec,))

        yield fetch
