"""Exports of a fake server's world, at times that can be chosen."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from currents_async import Currents, ExportError
from currents_async.export import ExportResult, export
from currents_async.export._windows import Window
from currents_async.testing import FakeCurrents, ManualClock, RecordedRequest, World, WorldRun
from tests.export.landed import Landed, in_parquet

SINCE, UNTIL = datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 8, tzinfo=UTC)
LATER = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
NIGHT = timedelta(days=1)
ANNOTATIONS = (
    ("owner", "Ada"),
    ("currents:metric", '{"name": "load", "value": 12, "unit": "ms"}'),
    ("currents:metric", "12 ms"),
)


def both_frameworks(dates: Iterable[datetime | None], **options: Any) -> World:
    """Make a world of two projects, of Playwright and of Cypress, with a run at each date."""
    world = World(seed=1)
    dates = list(dates)
    for framework in ("playwright", "cypress"):
        project = world.project()
        annotations = ANNOTATIONS if framework == "playwright" else ()
        for date_of_run in dates:
            project.run(
                framework=framework,
                created_at=date_of_run,
                environments=["staging"],
                annotations=annotations,
                **options,
            )
    return world


@asynccontextmanager
async def overtaken(
    exporter: "Exporter",
    world: World,
    target: str | Path | None = None,
    **options: Any,
) -> AsyncGenerator[None]:
    """Export a day, while another export that fetched its run before it ended has not gone on.

    That one goes on when `with` is left, and is refused.
    """
    # Alone: days before it could be committed while the other one exports.
    options["since"] = UNTIL - NIGHT
    project = world.projects[0] if world.projects else world.project()
    run = project.run(specs=2, running=True, completed=1, created_at=options["since"])
    server, arrived, may_go = exporter.server, asyncio.Event(), asyncio.Event()

    async def wait(request: RecordedRequest) -> None:
        if request.operation == "getInstance":
            arrived.set()
            await may_go.wait()

    server.before_response = wait
    slow = asyncio.create_task(exporter(target, concurrency=1, **options))
    await arrived.wait()
    server.before_response = None
    run.complete()
    await exporter(target, **options)
    yield
    may_go.set()
    with pytest.raises(ExportError, match="another export writes to this target"):
        await slow


class Exporter:
    """Exports the world, at a time that can be chosen."""

    def __init__(self, server: FakeCurrents, target: Path) -> None:
        self.server = server
        self.target = target
        self.now = LATER

    def client(self) -> Currents:
        clock = ManualClock(wall=self.now.timestamp())
        return Currents(self.server.api_key, base_url=self.server.url, clock=clock)

    async def __call__(self, target: str | Path | None = None, **options: Any) -> ExportResult:
        async with self.client() as currents:
            return await self.by(currents, target, **options)

    async def by(
        self, currents: Currents, target: str | Path | None = None, **options: Any
    ) -> ExportResult:
        options = {"projects": self.projects, "since": SINCE, "until": UNTIL, **options}
        return await export(currents, self.target if target is None else target, **options)

    @property
    def projects(self) -> list[str]:
        return [project.project_id for project in self.server.world.projects]

    @property
    def landed(self) -> Landed:
        return in_parquet(self.target)

    def asked(self) -> dict[str, int]:
        """How many requests there were since it was asked last, by operation."""
        operations = [str(request.operation) for request in self.server.requests]
        self.server.requests.clear()
        return {operation: operations.count(operation) for operation in sorted(set(operations))}


def window_of(run: WorldRun) -> Window:
    return Window(date.fromisoformat(run.created_at[:10]), run.project_id)


def instance_of(run: WorldRun, number: int) -> str:
    instance_id = run.specs[number].instance_id
    assert instance_id is not None
    return instance_id


def count(landed: Landed) -> dict[str, int]:
    return {table: sum(map(len, windows.values())) for table, windows in landed.items()}
