"""`instances`: executions of single spec files."""

from typing import Annotated

from cyclopts import App, Parameter

from currents_async.cli._options import COMMON, CommonOptions
from currents_async.models import Instance

app = App(name="instances")

_CARD = (
    "instanceId, runId, projectId, spec, groupId, machineId, results.stats.tests, "
    "results.stats.passes, results.stats.failures, results.stats.pending, results.stats.skipped, "
    "results.exception"
)


@app.command
async def get(
    instance_id: Annotated[str, Parameter(help="The ID of the instance.")],
    /,
    *,
    common: CommonOptions = COMMON,
) -> None:
    """Fetch an instance with its tests, their attempts, errors and artifacts.

    Anyone who has the URL of an artifact can fetch it, until the time that the URL states.

    """
    async with common.open(Instance, _CARD) as (currents, printer):
        printer.one(await currents.instances.get(instance_id))
