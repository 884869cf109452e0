"""Our own with default options: every instance of a run, or of a list of IDs, with its errors."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from benchmarks.contenders import Fetch, Take
from currents_async import Currents, InstanceResult, Retries

LABEL = "currents_async instances, errors collected"
PACKAGES = ("currents-async", "aiohttp", "msgspec", "anyio", "isal")


def _hand_over(result: InstanceResult, take: Take) -> None:
    if result.instance is not None:
        take((result.instance,))
    elif result.error is not None:
        take.failed(result.error)


@asynccontextmanager
async def connect(server: str, attempts: int = Retries().attempts) -> AsyncIterator[Fetch]:
    """Open a client."""
    async with Currents("key", base_url=server, retries=Retries(attempts=attempts)) as currents:

        async def fetch(path: str, take: Take) -> None:
            group, _, names = path.partition("/")
            if group == "instances":
                ids = names.split(",")
                for result in await currents.instances.get_many(ids, on_error="collect"):
                    _hand_over(result, take)
            else:
                async with currents.runs.instances(names, on_error="collect") as results:
                    async for result in results:
                        _hand_over(result, take)

        yield fetch
