"""`run` and `demo`: fetch a run with all its instances, and report on them."""

import time
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

import currents_async
from currents_async.cli._options import CONNECTION, Connection, Count, Flag, RunID
from currents_async.cli._progress import Throttles, progress_bar

if TYPE_CHECKING:
    from currents_async.cli._run_report import Report

AsJson = Annotated[Flag, Parameter(name="--json", help="Print one JSON object instead of tables.")]


async def run(
    run_id: RunID,
    /,
    *,
    concurrency: Count = 16,
    as_json: AsJson = False,
    connection: Connection = CONNECTION,
) -> int:
    """Fetch a run and all its instances, and report on them.

    Parameters
    ----------
    concurrency
        Instances fetched at once.

    """
    throttles = Throttles()
    limits = currents_async.Limits(concurrency=concurrency)
    async with connection.open(limits=limits, observer=throttles) as currents:
        report = await _report_on(currents, run_id, throttles)
    return report.show(as_json=as_json)


async def demo(
    *,
    specs: Count = 400,
    seed: int = 1,
    concurrency: Count = 16,
    as_json: AsJson = False,
) -> int:
    """Fetch a run and all its instances from a server in this process.

    Parameters
    ----------
    specs
        Spec files of the made-up run.
    seed
        Another number makes another run.
    concurrency
        Instances fetched at once.

    """
    # Here, since --help does without a server.
    from currents_async.testing import FakeCurrents, World  # noqa: PLC0415

    world = World(seed=seed)
    made = world.project(name="Demo").run(specs=specs)
    throttles = Throttles()
    limits = currents_async.Limits(concurrency=concurrency)
    async with (
        FakeCurrents(world) as server,
        currents_async.Currents(
            server.api_key, base_url=server.url, limits=limits, observer=throttles
        ) as currents,
    ):
        report = await _report_on(currents, made.run_id, throttles)
    return report.show(as_json=as_json)


async def _report_on(
    currents: "currents_async.Currents", run_id: RunID, throttles: Throttles
) -> "Report":
    # Here, since --help does without aiohttp.
    from currents_async.cli._run_report import Report  # noqa: PLC0415

    report = Report(run_id=run_id)
    started = time.perf_counter()
    async with currents.runs.instances(run_id, on_error="collect") as results:
        with progress_bar("instances", currents.traffic, throttles) as advance:
            async for result in results:
                report.add(result)
                advance(report.specs, results.total, "")
    report.wall_seconds = time.perf_counter() - started
    report.traffic = currents.traffic
    return report
