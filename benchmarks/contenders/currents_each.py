"""Our own, specs while the body is still coming, one at a time."""

from benchmarks.contenders import Take
from benchmarks.contenders._clients import OURS, with_currents
from currents_async import Currents

LABEL = "currents_async stream, one by one"
PACKAGES = OURS


async def _fetch(currents: Currents, path: str, take: Take) -> None:
    async with currents.runs.stream(path.removeprefix("runs/")) as specs:
        async for spec in specs:
            take((spec,))


connect = with_currents(_fetch)
