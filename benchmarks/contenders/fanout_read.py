"""The floor of a fan-out: 32 workers that read the same bodies, not even inflated."""

import re
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import aiohttp
import anyio

from benchmarks.contenders import Fetch, Take

LABEL = "floor: raw read() of each"
PACKAGES = ("aiohttp", "anyio")

_WORKERS = 32
_ID = re.compile(rb'"instanceId":"([^"]+)"')


@asynccontextmanager
async def connect(server: str) -> AsyncIterator[Fetch]:
    """Open a session."""
    connector = aiohttp.TCPConnector(limit=_WORKERS)
    async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as session:

        async def read(path: str) -> bytes:
            async with session.get(f"{server}/{path}") as response:
                return await response.read()

        async def work(paths: Iterator[str], take: Take) -> None:
            for path in paths:
                take((await read(path),))

        async def fetch(path: str, take: Take) -> None:
            ids = _ID.findall(zlib.decompress(await read(path), 31))
            paths = iter([f"instances/{one.decode()}" for one in ids])
            async with anyio.create_task_group() as group:
                for _ in range(_WORKERS):
                    group.start_soon(work, paths, take)

        yield fetch
