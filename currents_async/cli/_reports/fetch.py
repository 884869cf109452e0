"""What `demo` and `run` do: fetch, and count what comes."""

import time
from contextlib import AsyncExitStack

from currents_async import Currents, Limits
from currents_async.cli._answer import open_session
from currents_async.cli._options import Connection
from currents_async.cli._reports.progress import progress_of
from currents_async.cli._reports.report import Report
from currents_async.testing import FakeCurrents, World


async def fetch_run(run_id: str, *, connection: Connection, concurrency: int) -> Report:
    """Fetch a run from the service."""
    limits = Limits(concurrency=concurrency)
    async with open_session(connection, limits=limits) as session:
        return await _report_on(run_id, session.currents)


async def fetch_demo_run(*, specs: int, seed: int, concurrency: int) -> Report:
    """Fetch a made-up run from a server in this process."""
    world = World(seed=seed)
    run = world.project(name="Demo").run(specs=specs)
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(FakeCurrents(world))
        client = Currents(
            server.api_key, base_url=server.url, limits=Limits(concurrency=concurrency)
        )
        return await _report_on(run.run_id, await stack.enter_async_context(client))


async def _report_on(run_id: str, currents: Currents) -> Report:
    report = Report(run_id=run_id)
    started = time.perf_counter()
    async with currents.runs.instances(run_id, on_error="collect") as results:
        with progress_of(results) as advance:
            async for result in results:
                report.add(result)
                advance()
    report.wall_seconds = time.perf_counter() - started
    report.traffic = currents.traffic
    return report
