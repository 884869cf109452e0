"""`export --demo`: an export of a made-up organisation, without an account."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from currents_async import Currents
from currents_async.cli._export_job import Exported, Order, code_of, export_to_target
from currents_async.cli._options import Output
from currents_async.cli._output.printer import Printer
from currents_async.cli._progress import Throttles
from currents_async.testing import FakeCurrents, World

PROJECTS = ("Web shop", "Back office", "Mobile app")
DAYS = 30
FIRST_DAY = datetime(2026, 1, 5, tzinfo=UTC)
_SPECS = 6
_RUNS_A_DAY = 2
_SHOWN = ("target", "windows", "runs", "instances", "requests", "rows.tests", "rows.attempts")


def make_history(*, days: int = DAYS) -> World:
    """Make three projects with two runs a day, the same every time."""
    world = World(seed=1)
    for number, name in enumerate(PROJECTS):
        project = world.project(name)
        for index in range(days * _RUNS_A_DAY):
            day, turn = divmod(index, _RUNS_A_DAY)
            project.run(
                specs=_SPECS,
                framework="cypress" if number == 1 else "playwright",
                branch="feature/checkout" if turn else "main",
                tags=["smoke"] if turn else ["nightly"],
                created_at=FIRST_DAY + timedelta(days=day, hours=2 + 9 * turn + number),
            )
    return world


async def export_demo(order: Order, *, output: Output, world: World | None = None) -> int:
    """Export it into Parquet files, and into a DuckDB database."""
    printer = Printer(Exported, _SHOWN, output)
    world = make_history(days=DAYS) if world is None else world
    directory = Path(order.target)
    throttles = Throttles()
    exported: list[Exported] = []
    projects = [project.project_id for project in world.projects]
    async with FakeCurrents(world) as server:
        for form, name in (("parquet", "parquet"), ("duckdb", "currents.duckdb")):
            part = msgspec.structs.replace(
                order,
                form=form,
                target=str(directory / name),
                since=FIRST_DAY.isoformat(),
                until=(FIRST_DAY + timedelta(days=DAYS)).isoformat(),
            )
            async with Currents(
                server.api_key, base_url=server.url, limits=order.limits, observer=throttles
            ) as currents:
                exported.append(await export_to_target(currents, part, projects, throttles))
    printer.all(exported)
    return code_of(sum(one.failures for one in exported))
