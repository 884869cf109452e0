"""Our own, specs while the body is still coming, as many at a time as are there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from benchmarks.contenders import Fetch, Take
from currents_async import Currents

LABEL = "currents_async stream"
PACKAGES = ("currents-async", "aiohttp", "msgspec", "isal")


@asynccontextmanager
async def connect(server: str) -> AsyncIterator[Fetch]:
    """Open a client."""
    async with Currents("key", base_url=server) as currents:

        async def fetch(path: str, take: Take) -> None:
            async with currents.runs.stream(path.removeprefix("runs/")) as specs:
                async for batch in specs.batches():
                    take(batch)

        yield fetch
