"""Nights of a service that fails, deletes, forgets and reports late, and of clocks that jump.

What there should be is modelled beside it: rows of every run that was ever exported, each as it was
when it could last be fetched. `CHAOS_NIGHTS` says how many there are: see `nox -s chaos`.
"""

import os
import random
from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from currents_async.export import ExportFormat
from currents_async.export._tables import KEYS
from currents_async.testing import FakeCurrents, World, WorldRun
from tests.export.exporting import NIGHT, SINCE, Exporter
from tests.export.landed import FORMATS, READERS, Landed, expected

pytestmark = pytest.mark.usefixtures("no_task_is_left")

NIGHTS = int(os.environ.get("CHAOS_NIGHTS", "24"))
SPAN = 6 * NIGHT
"""Each night exports so many days."""
RETENTION = 4 * NIGHT
"""After which this service deletes runs: so some days change when they are final."""
KEPT = ("runs", "tests")
TABLES = (*KEPT, "errors")

Row = dict[str, Any]
Key = tuple[Any, ...]


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
    """What the service had, night by night, and which of it was there already."""

    def __init__(self) -> None:
        self.versions: dict[Key, list[Row]] = defaultdict(list)
        self.there: set[Key] = set()

    def note(self, world: World) -> None:
        """Note what can be fetched tonight."""
        for key, row in keyed(expected(world)).items():
            if row not in self.versions[key]:
                self.versions[key].append(row)

    def check(self, landed: Landed) -> None:
        """Check that no row that was there is gone, and that each is as the service had it once."""
        rows = keyed(landed)
        assert self.there <= rows.keys()
        assert not [key for key, row in rows.items() if row not in self.versions[key]]
        assert len(rows) == sum(len(rows) for name in KEPT for rows in landed[name].values())
        self.there = set(rows)


def keyed(landed: Landed) -> dict[Key, Row]:
    """Rows by what identifies them, without what depends on other runs that are still there."""
    return {
        (table, window, *(str(row[column]) for column in KEYS[table] if column in row)): {
            column: value for column, value in row.items() if column != "previous_run_id"
        }
        for table in KEPT
        for window, rows in landed[table].items()
        for row in rows
    }


@pytest.mark.parametrize("export_format", FORMATS)
async def test_rows_never_decrease_and_only_what_can_change_is_requested(
    server: FakeCurrents, tmp_path: Path, export_format: ExportFormat
) -> None:
    service, model = Service(server, export_format), Model()
    exporter = Exporter(server, tmp_path / "target")
    requests: list[int] = []
    for night in range(NIGHTS):
        midnight = SINCE + night * NIGHT
        service.pass_a_day(midnight)
        service.have_a_bad_night()
        model.note(service.world)
        step = service.dice.choice([0, 0, 0, 0, -3, 30]) * timedelta(hours=1)
        exporter.now = midnight + timedelta(hours=26) + step
        await exporter(
            format=export_format,
            tables=TABLES,
            since=max(SINCE, midnight - SPAN),
            until=midnight + NIGHT,
            resume=True,
        )
        requests.append(sum(exporter.asked().values()))
        if export_format == "ndjson.gz" or night % 6 == 5:  # The others take longer to read.
            model.check(READERS[export_format](exporter.target))

    # A day has 3 runs and 6 instances. That of a night is new, of the one before a run may have
    # ended, and what failed is asked for again; seven days would be 70 requests.
    assert max(requests) <= 30
    assert sum(requests) / NIGHTS <= 20

    # In the end all that could ever be fetched is there, as the service has it.
    rows = keyed(READERS[export_format](exporter.target))
    for key, row in keyed(expected(service.world)).items():
        _, window, *ids = key
        if window.end <= exporter.now - 3 * NIGHT and service.permanent.isdisjoint(ids):
            assert rows[key] == row
