"""Our own, streaming two fields of each spec."""

import msgspec

from benchmarks.contenders import Take
from benchmarks.contenders._clients import OURS, with_currents
from currents_async import Currents

LABEL = "currents_async stream, two fields"
PACKAGES = OURS


class TwoFields(msgspec.Struct, frozen=True, gc=False, kw_only=True, rename="camel"):
    """What a scheduler of instances needs of a spec."""

    spec: str = ""
    instance_id: str | None = None


async def _fetch(currents: Currents, path: str, take: Take) -> None:
    run_id = path.removeprefix("runs/")
    async with currents.runs.stream(run_id, spec_type=TwoFields) as specs:
        async for batch in specs.batches():
            take(batch)


connect = with_currents(_fetch)
