"""A run, spec by spec as they complete."""

from currents_async import Currents
from currents_async.cli import _exit
from currents_async.cli._execute import note
from currents_async.cli._options import Output
from currents_async.cli._output.sheet import Sheet
from currents_async.models import Run, RunSpec, RunStatus

_SHOWN = (
    "completedAt",
    "spec",
    "results.stats.tests",
    "results.stats.passes",
    "results.stats.failures",
    "results.flaky",
)


async def watch_run(
    currents: Currents,
    *,
    run_id: str,
    timeout: float | None,  # noqa: ASYNC109 - of the client's clock
    interval: float,
    fail_on_failure: bool,
    output: Output,
) -> int:
    """Print specs until the run has ended, then say on stderr how it has."""
    sheet = Sheet(RunSpec, _SHOWN, output)
    async with currents.runs.watch(run_id, timeout=timeout, interval=interval) as specs:
        with sheet.live() as add:
            async for spec in specs:
                add(spec)
        run = specs.run
    note(f"run {run.run_id}: {run.completion_state}, {run.status}")
    return _exit.FINDINGS if fail_on_failure and not _has_passed(run) else _exit.OK


def _has_passed(run: Run) -> bool:
    return run.is_complete and run.status == RunStatus.PASSED
