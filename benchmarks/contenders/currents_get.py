"""Our own, a run or an instance as one value."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from benchmarks.contenders import Fetch, Take
from currents_async import Currents

LABEL = "currents_async get"
PACKAGES = ("currents-async", "aiohttp", "msgspec", "isal")


@asynccontextmanager
async def connect(server: str) -> AsyncIterator[Fetch]:
    """Open a client."""
    async with Currents("key", base_url=server) as currents:

        async def fetch(path: str, take: Take) -> None:
            group, _, name = path.partition("/")
            if group == "runs":
                take((await currents.runs.get(name)).specs)
            else:
                take((await currents.instances.get(name)).tests)

        yield fetch
