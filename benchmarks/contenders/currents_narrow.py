"""Our own, streaming two fields of each spec."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from benchmarks.contenders import Fetch, Take
from currents_async import Currents

LABEL = "currents_async stream, two fields"
PACKAGES = ("currents-async", "aiohttp", "msgspec", "isal")


class TwoFields(msgspec.Struct, frozen=True, gc=False, kw_only=True, rename="camel"):
    """What a scheduler of instances needs of a spec."""

    spec: str = ""
    instance_id: str | None = None


@asynccontextmanager
async def connect(server: str) -> AsyncIterator[Fetch]:
    """Open a client."""
    async with Currents("key", base_url=server) as currents:

        async def fetch(path: str, take: Take) -> None:
            run_id = path.removeprefix("runs/")
            async with currents.runs.stream(run_id, spec_type=TwoFields) as specs:
                async for batch in specs.batches():
                    take(batch)

        yield fetch
