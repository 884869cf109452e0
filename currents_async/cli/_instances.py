"""`instances`: executions of single spec files."""

from typing import Annotated

from cyclopts import App, Parameter

from currents_async.cli._options import CONNECTION, OUTPUT, Connection, Output
from currents_async.cli._output.printer import Printer
from currents_async.cli._session import open_client
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
    connection: Connection = CONNECTION,
    output: Output = OUTPUT,
) -> None:
    """Fetch an instance with its tests, their attempts, errors and artifacts.

    Anyone who has the URL of an artifact can fetch it, until the time that the URL states.

    """
    printer = Printer(Instance, _CARD, output)
    async with open_client(connection) as currents:
        printer.one(await currents.instances.get(instance_id))
