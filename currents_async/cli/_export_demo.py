"""`export --demo`: an export of a made-up organisation, without an account."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from currents_async import Currents, Limits
from currents_async.cli._export_job import Exported, code_of, export_to_target
from currents_async.cli._export_options import ExportOptions
from currents_async.cli._output import Output, Printer
from currents_async.export import ExportFormat
from currents_async.testing import FakeCurrents, World

PROJECTS = ("Web shop", "Back office", "Mobile app")
DAYS = 30
FIRST_DAY = datetime(2026, 1, 5, tzinfo=UTC)
_TARGETS: dict[ExportFormat, str] = {"parquet": "parquet", "duckdb": "currents.duckdb"}
_SPECS = 6
_RUNS_A_DAY = 2
_SHOWN = "target, windows, runs, instances, requests, rows.tests, rows.attempts"


def make_history(*, days: int = DAYS) -> World:
    """Make three projects with two runs a day, the same every time."""
    world = World(seed=1)
    for number, name in enumerate(PROJECTS):
        project = world.project(name)
        for index in range(days * _RUNS_A_DAY):
            day, second = divmod(index, _RUNS_A_DAY)
            project.run(
                specs=_SPECS,
                framework="cypress" if number == 1 else "playwright",
                branch="feature/checkout" if second else "main",
                tags=["smoke"] if second else ["nightly"],
                created_at=FIRST_DAY + timedelta(days=day, hours=2 + 9 * second + number),
            )
    return world


async def export_demo(
    directory: str, options: ExportOptions, *, output: Output, world: World | None = None
) -> int:
    """Export it into Parquet files, and into a DuckDB database."""
    printer = Printer(Exported, _SHOWN, output)
    world = make_history(days=DAYS) if world is None else world
    end = FIRST_DAY + timedelta(days=DAYS)
    options = replace(options, since=FIRST_DAY.isoformat(), until=end.isoformat())
    limits = Limits(concurrency=options.concurrency, rate=options.rate)
    exported: list[Exported] = []
    async with FakeCurrents(world) as server:
        for form, name in _TARGETS.items():
            async with Currents(server.api_key, base_url=server.url, limits=limits) as currents:
                one = await export_to_target(
                    currents,
                    str(Path(directory) / name),
                    form,
                    options,
                    projects=[project.project_id for project in world.projects],
                )
            exported.append(one)
    printer.all(exported)
    return code_of(sum(one.failures for one in exported))
