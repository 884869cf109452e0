"""The source for dlt, on a destination that can replace rows and on one that cannot."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

pytest.importorskip("dlt")

import duckdb
from dlt.pipeline.exceptions import PipelineStepFailed

from currents_async import Currents, InvalidArgumentError
from currents_async._clock import SystemClock
from currents_async.export.dlt_source import currents_source, load_windows
from currents_async.export.schemas import SCHEMAS
from currents_async.testing import FakeCurrents, World
from tests.export.dlt_child import SINCE, UNTIL, Destination, Order, pipeline_for
from tests.export.landed import Landed, expected
from tests.export.serving import serving

ROOT = Path(__file__).parents[2]
Tables = dict[str, list[str]]
"""Rows as JSON, in an order of their own."""


@pytest.fixture(autouse=True)
def a_home_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "dlt"))
    monkeypatch.setenv("RUNTIME__DLTHUB_TELEMETRY", "false")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def world() -> World:
    """Three days of two projects, with four runs a day."""
    world = World(seed=1)
    for framework in ("playwright", "cypress"):
        project = world.project()
        for number in range(12):
            at = SINCE + timedelta(hours=6 * number)
            project.run(specs=2, failures=1, flaky=1, framework=framework, created_at=at)
    return world


@pytest.fixture
def server(world: World) -> Iterator[FakeCurrents]:
    with serving(world) as server:
        yield server


@pytest.fixture(params=["duckdb", "filesystem"])
def order(request: pytest.FixtureRequest, server: FakeCurrents, tmp_path: Path) -> Order:
    return order_of(server, tmp_path, request.param)


@pytest.fixture
def to_duckdb(server: FakeCurrents, tmp_path: Path) -> Order:
    return order_of(server, tmp_path, "duckdb")


@pytest.fixture
def to_files(server: FakeCurrents, tmp_path: Path) -> Order:
    return order_of(server, tmp_path, "filesystem")


def order_of(server: FakeCurrents, directory: Path, destination: Destination) -> Order:
    return Order(
        url=server.url,
        key=server.api_key,
        directory=str(directory),
        destination=destination,
        projects=[project.project_id for project in server.world.projects],
    )


class ClockAt(SystemClock):
    def __init__(self, now: datetime) -> None:
        self.wall = now.timestamp


def load(order: Order, *, now: datetime | None = None, **options: Any) -> int:
    """Load all there is, and return in how many loads."""

    def connect() -> Currents:
        clock = None if now is None else ClockAt(now)
        return Currents(order.key, base_url=order.url, clock=clock)

    options = {"tables": order.tables, **options}
    source = currents_source(order.projects, SINCE, UNTIL, connect=connect, **options)
    return len(list(load_windows(pipeline_for(order), source)))


def lose_the_working_directory(order: Order) -> None:
    shutil.rmtree(Path(order.directory) / "work")


def fetched_runs(server: FakeCurrents, after: int = 0) -> list[str]:
    return [
        request.path_args["run_id"]
        for request in server.requests[after:]
        if request.operation == "getRun"
    ]


def wanted(world: World, order: Order) -> Tables:
    everything = flat(expected(world))
    return {table: everything[table] for table in order.tables}


def flat(landed: Landed) -> Tables:
    rows = {
        table: [
            {"project_id": window.project_id, "day": window.day.isoformat(), **row}
            for window, rows in windows.items()
            for row in rows
        ]
        for table, windows in landed.items()
    }
    return {table: sorted(map(as_json, of_table)) for table, of_table in rows.items()}


def as_json(row: dict[str, Any]) -> str:
    return json.dumps(msgspec.to_builtins(row), sort_keys=True)


def loaded(order: Order) -> Tables:
    """What readers of the destination see, of loads that dlt says are complete."""
    return in_duckdb(order) if order.destination == "duckdb" else in_files(order)


def in_duckdb(order: Order) -> Tables:
    tables: Tables = {}
    with duckdb.connect(Path(order.directory) / "loaded", read_only=True) as database:
        database.execute("SET TimeZone = 'UTC'")
        for table in order.tables:
            rows = database.sql(f"FROM tables.{table}").to_arrow_table().to_pylist()
            for row in rows:
                assert row.pop("is_tombstone") is None
                for field in SCHEMAS[table]:
                    if str(field.type).startswith("list"):
                        row[field.name] = json.loads(row[field.name])
            tables[table] = sorted(map(as_json, rows))
    return tables


def in_files(order: Order) -> Tables:
    directory = Path(order.directory) / "loaded" / "tables"
    complete = {path.stem.split("__")[1] for path in (directory / "_dlt_loads").glob("*__*")}
    tables: Tables = {}
    for table in order.tables:
        files = [
            path
            for path in (directory / table).glob("*.parquet")
            if path.name.rpartition(".parquet")[0].rpartition(".")[0] in complete
        ]
        with duckdb.connect() as database:
            database.execute("SET TimeZone = 'UTC'")
            rows = [
                row
                for path in files
                for row in database.read_parquet(str(path)).to_arrow_table().to_pylist()
            ]
        tables[table] = sorted(map(as_json, rows))
    return tables


class TestAllRows:
    def test_are_those_of_the_world(self, order: Order, world: World) -> None:
        every = msgspec.structs.replace(order, tables=tuple(SCHEMAS))
        load(every)
        assert loaded(every) == wanted(world, every)

    def test_of_several_days_can_be_one_load(self, order: Order, world: World) -> None:
        assert load(order, window=timedelta(days=2)) == 2
        assert loaded(order) == wanted(world, order)

    def test_are_fetched_once(self, order: Order, server: FakeCurrents) -> None:
        assert load(order) == 3
        requests = len(server.requests)
        assert load(order) == 0
        assert len(server.requests) == requests

    def test_are_there_after_each_load(self, order: Order) -> None:
        source = currents_source(
            order.projects,
            SINCE,
            UNTIL,
            tables=order.tables,
            connect=lambda: Currents(order.key, base_url=order.url),
        )
        next(load_windows(pipeline_for(order), source))
        days = {json.loads(row)["day"] for row in loaded(order)["runs"]}
        assert days == {"2026-01-05"}


class TestTables:
    def test_that_are_not_wanted_are_not_fetched(
        self, to_duckdb: Order, server: FakeCurrents
    ) -> None:
        load(to_duckdb, tables=["runs", "run_groups"])
        assert {request.operation for request in server.requests} == {"listProjectRuns"}

    def test_can_be_selected_as_resources_are(self, to_duckdb: Order, server: FakeCurrents) -> None:
        source = currents_source(
            to_duckdb.projects,
            SINCE,
            UNTIL,
            connect=lambda: Currents(to_duckdb.key, base_url=to_duckdb.url),
        )
        list(load_windows(pipeline_for(to_duckdb), source.with_resources("runs")))
        assert {request.operation for request in server.requests} == {"listProjectRuns"}

    def test_of_a_pipeline_stay_the_same(self, to_duckdb: Order) -> None:
        load(to_duckdb, tables=["runs"], window=timedelta(days=3))
        with pytest.raises(PipelineStepFailed, match="has loaded the tables runs"):
            load(to_duckdb, tables=["runs", "specs"])


class TestArguments:
    @pytest.mark.parametrize(
        "options",
        [
            {"window": timedelta(hours=36)},
            {"window": timedelta()},
            {"look_back": timedelta(-1)},
            {"tables": ["runs", "tables"]},
        ],
        ids=lambda options: next(iter(options)),
    )
    def test_are_checked(self, options: dict[str, Any]) -> None:
        with pytest.raises(InvalidArgumentError):
            currents_source(["p"], SINCE, connect=lambda: Currents("key"), **options)

    def test_may_come_without_a_key(self) -> None:
        with pytest.raises(InvalidArgumentError, match="CURRENTS_API_KEY"):
            currents_source(["p"], SINCE)


class TestResuming:
    def test_after_an_error_fetches_no_window_again(
        self, order: Order, server: FakeCurrents, world: World
    ) -> None:
        server.fail("getRun", status=401, after=12)  # 8 a day
        with pytest.raises(PipelineStepFailed):
            load(order)
        before = len(server.requests)
        lose_the_working_directory(order)
        assert load(order) == 2
        assert runs_of(world, "2026-01-06", "2026-01-07") == sorted(fetched_runs(server, before))
        assert loaded(order) == wanted(world, order)

    def test_after_sigkill_fetches_no_window_again(
        self, order: Order, server: FakeCurrents, world: World
    ) -> None:
        child = start(order)
        kill_at(server, child, request=12)
        assert child.wait() == -signal.SIGKILL
        before = len(server.requests)
        lose_the_working_directory(order)
        assert load(order) == 2
        assert runs_of(world, "2026-01-06", "2026-01-07") == sorted(fetched_runs(server, before))
        assert loaded(order) == wanted(world, order)

    @pytest.mark.parametrize("jobs", [1, 3, 5])
    @pytest.mark.parametrize("lost", [False, True], ids=["kept", "lost"])
    def test_after_sigkill_while_a_window_is_loaded(
        self, order: Order, world: World, jobs: int, *, lost: bool
    ) -> None:
        child = start(msgspec.structs.replace(order, jobs=jobs))
        assert child.wait() == -signal.SIGKILL
        if lost:
            lose_the_working_directory(order)
        load(order)
        assert loaded(order) == wanted(world, order)


def runs_of(world: World, *days: str) -> list[str]:
    return sorted(run.run_id for run in world.runs.values() if run.created_at[:10] in days)


def start(order: Order) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.export.dlt_child", msgspec.json.encode(order).decode()]
    return subprocess.Popen(command, cwd=ROOT)  # noqa: S603 - of our own making


def kill_at(server: FakeCurrents, child: subprocess.Popen[bytes], *, request: int) -> None:
    """Kill a child instead of answering it, at its so manieth request for a run."""
    left = request

    async def count_down(arrived: Any) -> None:
        nonlocal left
        left -= arrived.operation == "getRun"
        if not left:
            server.before_answer = None
            os.kill(child.pid, signal.SIGKILL)

    server.before_answer = count_down


class TestDaysThatChange:
    def test_are_replaced(self, to_duckdb: Order, server: FakeCurrents, world: World) -> None:
        run = world.projects[0].run(
            specs=3, completed=1, running=True, created_at=UNTIL - timedelta(hours=1)
        )
        assert load(to_duckdb, now=UNTIL) == 3
        assert loaded(to_duckdb) == wanted(world, to_duckdb)
        run.complete()
        assert load(to_duckdb, now=UNTIL + timedelta(hours=1)) == 1
        assert loaded(to_duckdb) == wanted(world, to_duckdb)

    def test_lose_what_is_gone(self, to_duckdb: Order, server: FakeCurrents, world: World) -> None:
        server.fail("getInstance", status=404)
        load(to_duckdb, now=UNTIL + timedelta(hours=1))
        assert len(loaded(to_duckdb)["errors"]) == 1
        assert load(to_duckdb, now=UNTIL + timedelta(hours=2)) == 1
        assert loaded(to_duckdb) == wanted(world, to_duckdb)

    def test_are_loaded_once_to_files(
        self, to_files: Order, server: FakeCurrents, world: World
    ) -> None:
        run = world.projects[0].run(
            specs=3, completed=1, running=True, created_at=UNTIL - timedelta(hours=1)
        )
        assert load(to_files, now=UNTIL) == 1
        assert {json.loads(row)["day"] for row in loaded(to_files)["runs"]} == {"2026-01-05"}
        run.complete()
        assert load(to_files, now=UNTIL + timedelta(days=2)) == 2
        assert load(to_files, now=UNTIL + timedelta(days=2)) == 0
        assert loaded(to_files) == wanted(world, to_files)


def test_the_key_is_kept_nowhere(order: Order) -> None:
    load(order)
    files = [path for path in Path(order.directory).rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if order.key.encode() in path.read_bytes()]
