"""Our own, specs while the body is still coming, as many at a time as are there."""

from benchmarks.contenders import Take
from benchmarks.contenders._clients import OURS, with_currents
from currents_async import Currents

LABEL = "currents_async stream"
PACKAGES = OURS


async def _fetch(currents: Currents, path: str, take: Take) -> None:
    async with currents.runs.stream(path.removeprefix("runs/")) as specs:
        async for batch in specs.batches():
            take(batch)


connect = with_currents(_fetch)
