"""Windows for code that blocks: nothing of it runs on, however it ends."""

import threading
from collections.abc import Generator, Iterator
from datetime import UTC, datetime

import pytest

from currents_async import Currents, UnauthorizedError
from currents_async.export._engines.blocking import TableBatch, WindowSummary, read_windows
from currents_async.export._plan import Plan, make_plan
from currents_async.testing import FakeCurrents, World
from tests.export.serving import serving

SINCE = datetime(2026, 1, 5, tzinfo=UTC)
UNTIL = datetime(2026, 1, 7, tzinfo=UTC)


@pytest.fixture
def server(world: World) -> Iterator[FakeCurrents]:
    project = world.project()
    for _ in range(12):
        project.run(specs=2, created_at=SINCE)
    with serving(world) as server:
        yield server


def connect_to(server: FakeCurrents) -> Currents:
    return Currents(server.api_key, base_url=server.url)


def plan_for(server: FakeCurrents, *tables: str) -> Plan:
    return make_plan(
        connect_to(server),
        projects=[project.project_id for project in server.world.projects],
        since=SINCE,
        until=UNTIL,
        tables=tables,
    )


def read(server: FakeCurrents, *tables: str) -> Generator[TableBatch | WindowSummary]:
    plan = plan_for(server, *tables)
    return read_windows(lambda: connect_to(server), plan, plan.windows)


def test_a_window_ends_behind_its_rows(server: FakeCurrents) -> None:
    came = list(read(server, "runs", "errors"))
    rows = [one for one in came if isinstance(one, TableBatch)]
    ends = {one.entry.day.day: one for one in came if isinstance(one, WindowSummary)}
    assert [(one.window.day.day, one.table, one.batch.num_rows) for one in rows] == [
        (5, "runs", 12)
    ]
    assert came.index(rows[0]) < came.index(ends[5])
    assert {day: end.empty for day, end in ends.items()} == {
        5: ("errors",),
        6: ("runs", "errors"),
    }


def test_leaving_midway_leaves_nothing_behind(server: FakeCurrents) -> None:
    threads = set(threading.enumerate())
    batches = read(server, "tests", "runs")
    next(batches)
    assert set(threading.enumerate()) > threads
    batches.close()
    assert set(threading.enumerate()) == threads


def test_an_error_is_raised_as_itself_and_leaves_nothing_behind(server: FakeCurrents) -> None:
    threads = set(threading.enumerate())
    server.fail("getRun", status=401, after=3)
    with pytest.raises(UnauthorizedError):
        list(read(server, "tests"))
    assert set(threading.enumerate()) == threads


def test_an_error_of_the_caller_leaves_nothing_behind(server: FakeCurrents) -> None:
    threads = set(threading.enumerate())
    batches = read(server, "runs")
    next(batches)
    with pytest.raises(ZeroDivisionError):
        batches.throw(ZeroDivisionError())
    assert set(threading.enumerate()) == threads
