"""`runs cancel`, `runs reset` and `runs delete`: each asks first."""

from typing import Annotated

from cyclopts import Parameter

from currents_async.cli import _exit
from currents_async.cli._confirm import confirm
from currents_async.cli._options import COMMON, CommonOptions, Flag, RunID, Yes
from currents_async.cli._output.columns import Column
from currents_async.models import DeletedRun, RunCancellation
from currents_async.models._model import OpenModel

_CANCELLED: tuple[Column[RunCancellation], ...] = (
    Column("run", lambda one: one.run_id),
    Column("cancelled", lambda one: one.at, "age"),
    Column("by", lambda one: one.by),
    Column("reason", lambda one: one.reason),
)


class ResetRun(OpenModel, frozen=True, gc=False, kw_only=True):
    """A run that was reset, and what the service says about it, which is not documented."""

    run_id: str


async def cancel(run_id: RunID, /, *, yes: Yes = False, common: CommonOptions = COMMON) -> int:
    """Cancel a run in progress. Asks first; where there is no terminal it needs --yes.

    currents-async runs cancel RUN_ID

    currents-async runs cancel RUN_ID --yes

    """
    async with common.open(RunCancellation, _CANCELLED) as (
        currents,
        printer,
    ):
        if not confirm(f"Cancel run {run_id}?", yes=yes):
            return _exit.FAILED
        printer.one(await currents.runs.cancel(run_id))
    return _exit.OK


async def reset(
    run_id: RunID,
    /,
    *,
    machine: Annotated[tuple[str, ...], Parameter(negative="")],
    batched: Flag = False,
    yes: Yes = False,
    common: CommonOptions = COMMON,
) -> int:
    """Reset the failed specs of machines, so that they can be executed again.

    Asks first; where there is no terminal it needs --yes.

    currents-async runs reset RUN_ID --machine MACHINE_ID

    currents-async runs reset RUN_ID --machine MACHINE_ID --yes

    Parameters
    ----------
    machine
        The ID of a machine, as in the specs of `runs get`; up to 63 can be given.
    batched
        The run is orchestrated in batches.

    """
    async with common.open(ResetRun, "runId as run, extra as response") as (currents, printer):
        if not confirm(f"Reset what failed in run {run_id} on {', '.join(machine)}?", yes=yes):
            return _exit.FAILED
        response = await currents.runs.reset(run_id, machine, batched=batched or None)
        printer.one(ResetRun(run_id=run_id, extra={**response, "runId": run_id}))
    return _exit.OK


async def delete(run_id: RunID, /, *, yes: Yes = False, common: CommonOptions = COMMON) -> int:
    """Delete a run and everything that belongs to it, for good.

    Asks first; where there is no terminal it needs --yes.

    currents-async runs delete RUN_ID

    currents-async runs delete RUN_ID --yes

    """
    async with common.open(DeletedRun, "runId as run, actor as by") as (currents, printer):
        if not confirm(f"Delete run {run_id} and everything that belongs to it?", yes=yes):
            return _exit.FAILED
        printer.one(await currents.runs.delete(run_id))
    return _exit.OK
