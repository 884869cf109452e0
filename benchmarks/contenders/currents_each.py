"""Our own, specs while the body is still coming, one at a time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from benchmarks.contenders import Fetch, Take
from currents_async import Currents

LABEL = "currents_async stream, one by one"
PACKAGES = ("currents-async", "aiohttp", "msgspec", "isal")


@asynccontextmanager
async def connect(server: str) -> AsyncIterator[Fetch]:
    """Open a client."""
    async with Currents("key", base_url=server) as currents:

        async def fetch(path: str, take: Take) -> None:
            async with currents.runs.stream(path.removeprefix("runs/")) as specs:
                async for spec in specs:
                    take((spec,))

        yield fetch
