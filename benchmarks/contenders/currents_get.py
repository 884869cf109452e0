"""Our own, a run or an instance as one value."""

from benchmarks.contenders import Take
from benchmarks.contenders._clients import OURS, with_currents
from currents_async import Currents

LABEL = "currents_async get"
PACKAGES = OURS


async def _fetch(currents: Currents, path: str, take: Take) -> None:
    group, _, name = path.partition("/")
    if group == "runs":
        take((await currents.runs.get(name)).specs)
    else:
        take((await currents.instances.get(name)).tests)


connect = with_currents(_fetch)
