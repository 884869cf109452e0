"""Our own, every instance of a run, 32 at once, each as it comes."""

from benchmarks.contenders import Take
from benchmarks.contenders._clients import OURS, with_currents
from currents_async import Currents, Limits

LABEL = "currents_async instances"
PACKAGES = OURS


async def _fetch(currents: Currents, path: str, take: Take) -> None:
    async with currents.runs.instances(path.removeprefix("runs/")) as results:
        async for result in results:
            take((result.instance,))


connect = with_currents(_fetch, Limits(concurrency=32))
