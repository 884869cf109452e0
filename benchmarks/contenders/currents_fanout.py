"""Our own, every instance of a run, 32 at once, each as it comes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from benchmarks.contenders import Fetch, Take
from currents_async import Currents, Limits

LABEL = "currents_async instances"
PACKAGES = ("currents-async", "aiohttp", "msgspec", "isal")


@asynccontextmanager
async def connect(server: str) -> AsyncIterator[Fetch]:
    """Open a client."""
    async with Currents("key", base_url=server, limits=Limits(concurrency=32)) as currents:

        async def fetch(path: str, take: Take) -> None:
            async with currents.runs.instances(path.removeprefix("runs/")) as results:
                async for result in results:
                    take((result.instance,))

        yield fetch
