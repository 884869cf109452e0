"""`run` and `demo`: fetch a run with all its instances, and show what it came to."""

import time
from functools import partial
from typing import Annotated

from cyclopts import Parameter

import currents_async
from currents_async.analysis import RunDetails
from currents_async.cli import _exit
from currents_async.cli._options import COMMON, CommonOptions, Count, Flag, RunID
from currents_async.cli._output import OUTPUT, Output, Printer
from currents_async.cli._progress import progress_bar
from currents_async.cli._run_report import Fetched, RunReport, report_on
from currents_async.cli._run_screen import show_run

Concurrency = Annotated[Count, Parameter(help="Instances fetched at once.")]
All = Annotated[Flag, Parameter(name="--all", help="Show all failures, flaky tests and machines.")]


async def run(
    run_id: RunID,
    /,
    *,
    concurrency: Concurrency = 16,
    all_: All = False,
    common: CommonOptions = COMMON,
) -> int:
    """Fetch a run and all its instances, and show what it came to."""
    limits = currents_async.Limits(concurrency=concurrency)
    async with common.open(RunReport, "runId", limits=limits) as (currents, printer):
        return await _show(currents, run_id, printer, show_all=all_)


async def demo(
    *,
    specs: Count = 400,
    seed: int = 1,
    concurrency: Concurrency = 16,
    all_: All = False,
    output: Output = OUTPUT,
) -> int:
    """Fetch a run and all its instances from a server in this process.

    Parameters
    ----------
    specs
        Spec files of the made-up run.
    seed
        Another number makes another run.

    """
    # Here, since --help does without a server.
    from currents_async.testing import FakeCurrents, World  # noqa: PLC0415

    printer = Printer(RunReport, "runId", output)
    world = World(seed=seed)
    made = world.project(name="Demo").run(specs=specs, failures=0.01, flaky=0.02, pull_request=7)
    limits = currents_async.Limits(concurrency=concurrency)
    async with (
        FakeCurrents(world) as server,
        currents_async.Currents(server.api_key, base_url=server.url, limits=limits) as currents,
    ):
        return await _show(currents, made.run_id, printer, show_all=all_)


async def _show(
    currents: "currents_async.Currents", run_id: str, printer: Printer, *, show_all: bool
) -> int:
    started = time.perf_counter()
    details = await fetch_details(currents, run_id)
    fetched = Fetched(
        seconds=round(time.perf_counter() - started, 3),
        requests=currents.traffic.requests,
        wire_bytes=currents.traffic.wire_bytes,
    )
    report = report_on(details, fetched)
    printer.one(report, show=partial(show_run, details, report, show_all=show_all))
    return _exit.PARTIAL if report.errors else _exit.OK


async def fetch_details(currents: "currents_async.Currents", run_id: str) -> RunDetails:
    """Fetch a run with all its instances, and show how far that is."""
    with progress_bar("instances", currents) as work:
        return await currents.reports.details(run_id, on_error="collect", on_progress=work.report)
