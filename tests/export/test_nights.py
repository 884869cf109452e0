"""Sixty nights of a service that fails, deletes, forgets and reports late, and of clocks that jump.

What there should be is modelled beside it: rows of every run that was ever exported, each as it was
when it could last be fetched.
"""

import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from currents_async.export import ExportFormat
from currents_async.export.windows import Window
from currents_async.testing import FakeCurrents, World, WorldRun
from tests.export.exporting import LATER, NIGHT, SINCE, Exporter
from tests.export.landed import READERS, Landed, expected

pytestmark = pytest.mark.usefixtures("no_task_is_left")

NIGHTS = 60
SPAN = 6 * NIGHT
"""Each night exports so many days."""
RETENTION = 4 * NIGHT
"""After which this service deletes runs: so some days change when they are final."""
TABLES = ("runs", "tests", "errors")


class Service:
    """A service of one project, and what goes wrong with it."""

    def __init__(self, server: FakeCurrents, seed: ExportFormat) -> None:
        self.server = server
        self.world = server.world
        self.project = self.world.project()
        self.dice = random.Random(seed)  # noqa: S311 - the same nights each time
        self.running: list[WorldRun] = []
        self.permanent: set[str] = set()

    def pass_a_day(self, morning: datetime) -> None:
        """Let runs begin and end, lose some for good, and forget old ones."""
        for run in self.running:
            run.complete()
        self.running.clear()
        for hour in (9, 15, 22):
            is_late = hour == 22
            at = morning + timedelta(hours=hour)
            run = self.project.run(
                specs=2, tests=1, created_at=at, running=is_late, completed=int(is_late)
            )
            if is_late:
                self.running.append(run)
            elif self.dice.random() < 0.15:
                instance_id = str(run.specs[0].instance_id)
                self.permanent.add(instance_id)
                self.server.fail("getInstance", 404, None, path_args={"instance_id": instance_id})
        for run in list(self.world.runs.values()):
            created = datetime.fromisoformat(run.created_at)
            is_forgotten = morning - created > RETENTION
            if is_forgotten or (run not in self.running and self.dice.random() < 0.03):
                self.world.delete(run.run_id)

    def have_a_bad_night(self) -> None:
        """Fail some requests of the night that begins."""
        for operation in ("getRun", "getInstance"):
            if self.dice.random() < 0.3:
                self.server.fail(operation, 413, after=self.dice.randrange(4))
        if self.dice.random() < 0.15:
            body = b'{"status":"OK","data":[],"has_more":false}'
            self.server.fail("listProjectRuns", 200, body=body, after=self.dice.randrange(3))


class Model:
    """Which rows there should be, by run and instance."""

    def __init__(self) -> None:
        self.runs: dict[str, dict[str, Any]] = {}
        self.instances: dict[str, int] = {}

    def check(self, landed: Landed) -> None:
        """Check that no row that was there is gone, and note those that are there."""
        runs = {row["run_id"]: row for rows in landed["runs"].values() for row in rows}
        tests: dict[str, int] = {}
        for rows in landed["tests"].values():
            for row in rows:
                tests[row["instance_id"]] = tests.get(row["instance_id"], 0) + 1
        assert self.runs.keys() <= runs.keys()
        assert all(tests[instance] >= rows for instance, rows in self.instances.items())
        assert sum(len(rows) for rows in landed["runs"].values()) == len(runs)
        self.runs, self.instances = runs, tests


@pytest.mark.parametrize("form", READERS)
async def test_rows_never_fall_and_requests_are_for_what_can_change(
    server: FakeCurrents, tmp_path: Path, form: ExportFormat
) -> None:
    service, model = Service(server, form), Model()
    exporter = Exporter(server, tmp_path / "target")
    requests: list[int] = []
    for night in range(NIGHTS):
        midnight = SINCE + night * NIGHT
        service.pass_a_day(midnight)
        service.have_a_bad_night()
        step = service.dice.choice([0, 0, 0, 0, -3, 30]) * timedelta(hours=1)
        exporter.now = midnight + timedelta(hours=26) + step
        await exporter(
            format=form,
            tables=TABLES,
            since=max(SINCE, midnight - SPAN),
            until=midnight + NIGHT,
            resume=True,
        )
        requests.append(sum(exporter.asked().values()))
        if night % 6 == 5:
            model.check(READERS[form](exporter.target))

    # A day has 3 runs and 6 instances. That of a night is new, of the one before a run may have
    # ended, and what failed is asked for again; seven days would be 70 requests.
    assert max(requests) <= 30
    assert sum(requests) / NIGHTS <= 20

    # In the end all that could ever be fetched is there, as the service has it.
    landed = READERS[form](exporter.target)
    for window, rows in expected(service.world)["runs"].items():
        if window.end <= exporter.now - 3 * NIGHT:
            there = {row["run_id"]: row for row in landed["runs"][window]}
            assert all(there[row["run_id"]]["status"] == row["status"] for row in rows)


@pytest.mark.parametrize("form", ["parquet"])
async def test_nights_after_which_nothing_changes_ask_for_nothing(
    server: FakeCurrents, world: World, tmp_path: Path, form: ExportFormat
) -> None:
    project = world.project()
    for day in range(5):
        project.run(specs=3, created_at=SINCE + day * NIGHT)
    exporter = Exporter(server, tmp_path / "target")
    exporter.now = LATER
    for night in range(5):
        await exporter(format=form, until=SINCE + 5 * NIGHT, resume=True)
        assert sum(exporter.asked().values()) == (0 if night else 5 * (1 + 1 + 3))
    assert all(isinstance(window, Window) for window in exporter.landed["runs"])
