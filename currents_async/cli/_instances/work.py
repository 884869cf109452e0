"""What `instances` does."""

from currents_async import Currents
from currents_async.cli import _exit
from currents_async.cli._options import Output
from currents_async.cli._output.printer import Printer
from currents_async.models import Instance

_CARD = (
    "instanceId",
    "runId",
    "projectId",
    "spec",
    "groupId",
    "machineId",
    "results.stats.tests",
    "results.stats.passes",
    "results.stats.failures",
    "results.stats.pending",
    "results.stats.skipped",
    "results.exception",
)


async def get(currents: Currents, *, instance_id: str, output: Output) -> int:
    """Print an instance."""
    printer = Printer(Instance, _CARD, output)
    printer.one(await currents.instances.get(instance_id))
    return _exit.OK
