"""The source for dlt, on a destination that can replace rows and on one that cannot."""

import gzip
import json
import logging
import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

pytest.importorskip("dlt")

import dlt
from dlt.extract import DltSource
from dlt.pipeline.exceptions import PipelineStepFailed

from currents_async import Currents, InvalidArgumentError
from currents_async._clock import SystemClock
from currents_async.export._tables import KEYS, SCHEMAS
from currents_async.export.dlt_source import currents_source, load_windows
from currents_async.testing import FakeCurrents, World, WorldRun
from tests.documentation import block_with
from tests.export.dlt_child import SINCE, UNTIL, Destination, Order, hinted, pipeline_for
from tests.export.dlt_tables import as_json, loaded, query, wanted
from tests.export.postgres import IS_INSTALLED, create_database, postgres
from tests.export.serving import serving, three_days

pytestmark = pytest.mark.engines

ROOT = Path(__file__).parents[2]
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def a_home_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "dlt"))
    monkeypatch.setenv("RUNTIME__DLTHUB_TELEMETRY", "false")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def world() -> World:
    return three_days(SINCE, runs_a_day=4)


@pytest.fixture
def server(world: World) -> Iterator[FakeCurrents]:
    with serving(world) as server:
        yield server


@pytest.fixture(scope="module")
def databases() -> Iterator[str]:
    """The URL of a server of PostgreSQL."""
    if not IS_INSTALLED:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    with postgres() as url:
        yield url


@pytest.fixture(params=["duckdb", "filesystem"])
def order(request: pytest.FixtureRequest, server: FakeCurrents, tmp_path: Path) -> Order:
    return order_of(server, tmp_path, request.param)


@pytest.fixture(params=["delta", "duckdb", "files", "postgres"])
def to_any(request: pytest.FixtureRequest) -> Order:
    order: Order = request.getfixturevalue(f"to_{request.param}")
    return order


@pytest.fixture
def to_postgres(server: FakeCurrents, tmp_path: Path, databases: str) -> Order:
    order = order_of(server, tmp_path, "postgres")
    database = create_database(databases, f"tables_{secrets.token_hex(4)}")
    return msgspec.structs.replace(order, database=database)


@pytest.fixture(params=["duckdb", "postgres"])
def to_database(request: pytest.FixtureRequest) -> Order:
    order: Order = request.getfixturevalue(f"to_{request.param}")
    return order


@pytest.fixture
def to_sqlite(server: FakeCurrents, tmp_path: Path) -> Order:
    return order_of(server, tmp_path, "sqlite")


@pytest.fixture
def to_duckdb(server: FakeCurrents, tmp_path: Path) -> Order:
    return order_of(server, tmp_path, "duckdb")


@pytest.fixture
def to_files(server: FakeCurrents, tmp_path: Path) -> Order:
    return order_of(server, tmp_path, "filesystem")


@pytest.fixture
def to_delta(server: FakeCurrents, tmp_path: Path) -> Order:
    return order_of(server, tmp_path, "delta")


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


def source_of(order: Order, *, now: datetime | None = None, **options: Any) -> DltSource:
    def connect() -> Currents:
        clock = None if now is None else ClockAt(now)
        return Currents(order.key, base_url=order.url, clock=clock)

    options = {"tables": order.tables, **options}
    return hinted(order, currents_source(order.projects, SINCE, UNTIL, connect=connect, **options))


def load(order: Order, *, window: timedelta = timedelta(days=1), **options: Any) -> int:
    """Load all there is, and return in how many loads."""
    source = source_of(order, **options)
    return len(list(load_windows(pipeline_for(order), source, window=window)))


def lose_the_working_directory(order: Order) -> None:
    shutil.rmtree(Path(order.directory) / "work")


def fetched_runs(server: FakeCurrents, after: int = 0) -> list[str]:
    return [
        request.path_args["run_id"]
        for request in server.requests[after:]
        if request.operation == "getRun"
    ]


class TestAllRows:
    def test_are_those_of_the_world(self, to_any: Order, world: World) -> None:
        every = msgspec.structs.replace(to_any, tables=tuple(SCHEMAS))
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
        next(load_windows(pipeline_for(order), source_of(order)))
        days = {json.loads(row)["day"] for row in loaded(order)["runs"]}
        assert days == {"2026-01-05"}


class TestOneRun:
    def test_loads_all_that_there_is(
        self, to_any: Order, server: FakeCurrents, world: World
    ) -> None:
        assert not pipeline_for(to_any).run(source_of(to_any)).is_empty
        assert loaded(to_any) == wanted(world, to_any)
        requests = len(server.requests)
        assert pipeline_for(to_any).run(source_of(to_any)).is_empty
        assert len(server.requests) == requests

    def test_that_failed_leaves_everything_to_the_next(
        self, order: Order, server: FakeCurrents, world: World
    ) -> None:
        server.fail("getRun", status=401, after=12)  # on the second day
        with pytest.raises(PipelineStepFailed):
            pipeline_for(order).run(source_of(order))
        pipeline_for(order).run(source_of(order))
        assert loaded(order) == wanted(world, order)

    def test_continues_after_loads_of_windows(
        self, order: Order, server: FakeCurrents, world: World
    ) -> None:
        next(load_windows(pipeline_for(order), source_of(order)))
        before = len(server.requests)
        lose_the_working_directory(order)
        pipeline_for(order).run(source_of(order))
        assert runs_of(world, "2026-01-06", "2026-01-07") == sorted(fetched_runs(server, before))
        assert loaded(order) == wanted(world, order)

    def test_says_how_much_it_loads(
        self, to_duckdb: Order, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO, "currents_async.export")
        next(load_windows(pipeline_for(to_duckdb), source_of(to_duckdb)))
        pipeline_for(to_duckdb).run(source_of(to_duckdb))
        assert [record.getMessage() for record in caplog.records] == [
            "loading 2 days of projects, 4 remain",
            "loading 4 days of projects, 0 remain",
        ]


class TestTables:
    def test_that_are_not_requested_are_not_fetched(
        self, to_duckdb: Order, server: FakeCurrents
    ) -> None:
        load(to_duckdb, tables=["runs", "run_groups"])
        assert {request.operation for request in server.requests} == {"listProjectRuns"}

    def test_can_be_selected_as_resources_are(self, to_duckdb: Order, server: FakeCurrents) -> None:
        source = source_of(to_duckdb, tables=SCHEMAS).with_resources("runs")
        list(load_windows(pipeline_for(to_duckdb), source))
        assert {request.operation for request in server.requests} == {"listProjectRuns"}

    def test_of_a_pipeline_stay_the_same(self, to_duckdb: Order) -> None:
        load(to_duckdb, tables=["runs"], window=timedelta(days=3))
        with pytest.raises(PipelineStepFailed, match="has loaded the tables runs"):
            load(to_duckdb, tables=["runs", "specs"])


class TestArguments:
    @pytest.mark.parametrize(
        "options",
        [
            {"look_back": timedelta(-1)},
            {"tables": ["runs", "tables"]},
        ],
        ids=lambda options: next(iter(options)),
    )
    def test_are_checked(self, options: dict[str, Any]) -> None:
        with pytest.raises(InvalidArgumentError):
            currents_source(["p"], SINCE, connect=lambda: Currents("key"), **options)

    @pytest.mark.parametrize("window", [timedelta(hours=36), timedelta()])
    def test_of_loading_are_checked(self, to_duckdb: Order, window: timedelta) -> None:
        with pytest.raises(InvalidArgumentError, match="window must be whole days"):
            load_windows(pipeline_for(to_duckdb), source_of(to_duckdb), window=window)

    def test_do_not_need_a_key(self) -> None:
        with pytest.raises(InvalidArgumentError, match="CURRENTS_API_KEY"):
            currents_source(["p"], SINCE)


class TestResuming:
    def test_after_an_error_fetches_no_window_again(
        self, to_any: Order, server: FakeCurrents, world: World
    ) -> None:
        server.fail("getRun", status=401, after=12)  # 8 a day
        with pytest.raises(PipelineStepFailed):
            load(to_any)
        before = len(server.requests)
        lose_the_working_directory(to_any)
        assert load(to_any) == 2
        assert runs_of(world, "2026-01-06", "2026-01-07") == sorted(fetched_runs(server, before))
        assert loaded(to_any) == wanted(world, to_any)

    def test_after_sigkill_fetches_no_window_again(
        self, to_any: Order, server: FakeCurrents, world: World
    ) -> None:
        child = start(to_any)
        kill_at(server, child, request=12)
        assert child.wait() == -signal.SIGKILL
        before = len(server.requests)
        lose_the_working_directory(to_any)
        assert load(to_any) == 2
        assert runs_of(world, "2026-01-06", "2026-01-07") == sorted(fetched_runs(server, before))
        assert loaded(to_any) == wanted(world, to_any)

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

    @pytest.mark.parametrize("lost", [False, True], ids=["kept", "lost"])
    def test_after_sigkill_while_a_window_is_loaded_into_postgresql(
        self, to_postgres: Order, world: World, *, lost: bool
    ) -> None:
        self.test_after_sigkill_while_a_window_is_loaded(to_postgres, world, jobs=3, lost=lost)

    def test_after_sigkill_fetches_again_what_cannot_be_loaded(
        self, to_postgres: Order, world: World, caplog: pytest.LogCaptureFixture
    ) -> None:
        child = start(msgspec.structs.replace(to_postgres, jobs=1))
        assert child.wait() == -signal.SIGKILL
        # Into all: one that was begun may have been done, too.
        for job in unfinished_jobs(to_postgres):
            with gzip.open(job, "ab") as file:
                file.write(b"nonsense")
        load(to_postgres)
        assert loaded(to_postgres) == wanted(world, to_postgres)
        assert "cannot be loaded: it is fetched again" in caplog.text


def unfinished_jobs(order: Order) -> list[Path]:
    files = Path(order.directory, "work/currents/load/normalized").glob("*/*/*.csv*")
    return [file for file in files if file.parent.name in {"new_jobs", "started_jobs"}]


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
            server.before_response = None
            os.kill(child.pid, signal.SIGKILL)

    server.before_response = count_down


class TestStateThatIsLost:
    """With the working directory; or it is of another pipeline."""

    @pytest.fixture(params=["state", "name"])
    def lose(self, request: pytest.FixtureRequest) -> Callable[[Order], Order]:
        def lose(order: Order) -> Order:
            if request.param == "name":
                return msgspec.structs.replace(order, pipeline="another")
            if order.destination == "filesystem":
                shutil.rmtree(Path(order.directory, "loaded/tables/_dlt_pipeline_state"))
            else:
                query(order, "DELETE FROM _dlt_pipeline_state RETURNING 1")
            lose_the_working_directory(order)
            return order

        return lose

    def test_does_not_matter_where_days_are_replaced(
        self, to_database: Order, world: World, lose: Callable[[Order], Order]
    ) -> None:
        load(to_database)
        assert load(lose(to_database)) == 3
        assert loaded(to_database) == wanted(world, to_database)

    def test_does_not_duplicate_the_rows_of_files(
        self, to_files: Order, server: FakeCurrents, world: World, lose: Callable[[Order], Order]
    ) -> None:
        load(to_files)
        requests = len(server.requests)
        lost = lose(to_files)
        for _ in range(2):
            with pytest.raises(PipelineStepFailed, match="the dataset tables already holds rows"):
                load(lost)
        assert len(server.requests) == requests
        assert loaded(to_files) == wanted(world, to_files)
        shutil.rmtree(Path(to_files.directory, "loaded/tables"))
        load(lost)
        assert loaded(to_files) == wanted(world, to_files)

    def test_is_not_needed_when_files_are_dropped(self, to_files: Order, world: World) -> None:
        load(to_files)
        pipeline_for(to_files).run(source_of(to_files), refresh="drop_sources")
        assert loaded(to_files) == wanted(world, to_files)

    def test_names_files_that_are_left_over(
        self, to_files: Order, world: World, caplog: pytest.LogCaptureFixture
    ) -> None:
        child = start(msgspec.structs.replace(to_files, jobs=3))
        assert child.wait() == -signal.SIGKILL
        left_over = sorted(
            str(path)
            for table in to_files.tables
            for path in Path(to_files.directory, "loaded/tables", table).glob("*.parquet")
        )
        assert left_over
        lose_the_working_directory(to_files)
        load(to_files)
        assert loaded(to_files) == wanted(world, to_files)
        warning = caplog.records[0].getMessage()
        assert warning.startswith(f"{len(left_over)} files do not belong to a complete load")
        assert warning.endswith(f": {', '.join(left_over)}")


class TestDaysThatChange:
    def test_are_replaced(self, to_database: Order, server: FakeCurrents, world: World) -> None:
        run = world.projects[0].run(
            specs=3, completed=1, running=True, created_at=UNTIL - timedelta(hours=1)
        )
        assert load(to_database, now=UNTIL) == 3
        assert loaded(to_database) == wanted(world, to_database)
        run.complete()
        assert load(to_database, now=UNTIL + timedelta(hours=1)) == 1
        assert loaded(to_database) == wanted(world, to_database)

    def test_lose_rows_that_are_gone(
        self, to_database: Order, server: FakeCurrents, world: World
    ) -> None:
        server.fail("getInstance", status=404)
        load(to_database, now=UNTIL + timedelta(hours=1))
        assert len(loaded(to_database)["errors"]) == 1
        assert load(to_database, now=UNTIL + timedelta(hours=2)) == 1
        assert loaded(to_database) == wanted(world, to_database)

    def test_keep_what_the_server_no_longer_has(
        self, to_duckdb: Order, server: FakeCurrents
    ) -> None:
        server.fail("getInstance", status=404, after=2 * 2 * 4 * 2)  # on the third day
        load(to_duckdb, now=UNTIL)
        before = loaded(to_duckdb)
        assert len(before["errors"]) == 1
        empty = b'{"status":"OK","data":[],"has_more":false}'
        server.fail("listProjectRuns", 200, None, body=empty)
        assert load(to_duckdb, now=UNTIL + HOUR) == 1
        assert load(msgspec.structs.replace(to_duckdb, pipeline="another")) == 3
        assert loaded(to_duckdb) == {**before, "errors": []}

    def test_are_given_up_if_something_stays_missing(
        self, to_duckdb: Order, server: FakeCurrents, world: World
    ) -> None:
        path_args = {"instance_id": str(world.projects[0].runs[0].specs[0].instance_id)}
        server.fail("getInstance", 404, None, path_args=path_args)
        days = [0, 1, 13, 14, 15]
        loads = [load(to_duckdb, now=UNTIL + timedelta(days=3 + day)) for day in days]
        assert loads == [3, 1, 1, 1, 0]
        assert len(loaded(to_duckdb)["errors"]) == 1

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


class TestRowsThatAreThere:
    """They stay where nothing takes their place: of days that are loaded again."""

    @pytest.fixture(autouse=True)
    def an_open_day(self, world: World) -> WorldRun:
        return world.projects[0].run(specs=3, completed=2, running=True, created_at=UNTIL - HOUR)

    def test_stay_when_instances_are_gone(self, to_database: Order, server: FakeCurrents) -> None:
        every = msgspec.structs.replace(to_database, tables=tuple(SCHEMAS))
        load(every, now=UNTIL)
        before = loaded(every)
        server.fail("getInstance", 404, None)
        assert load(every, now=UNTIL + HOUR) == 1
        after = loaded(every)
        assert len(after["errors"]) == 2 * 4 + 2 * 4 + 2
        assert {**after, "errors": []} == before

    def test_stay_when_runs_are_gone_or_not_listed(
        self, to_duckdb: Order, server: FakeCurrents, world: World
    ) -> None:
        every = msgspec.structs.replace(to_duckdb, tables=tuple(SCHEMAS))
        load(every, now=UNTIL)
        before = loaded(every)
        world.delete(world.projects[1].runs[-1].run_id)
        server.fail("getRun", 404, None)
        assert load(every, now=UNTIL + HOUR) == 1
        after = loaded(every)
        assert len(after["errors"]) == 4 + 4
        assert {**after, "errors": []} == before

    def test_stay_though_the_state_is_lost(
        self, to_duckdb: Order, server: FakeCurrents, world: World
    ) -> None:
        every = msgspec.structs.replace(to_duckdb, tables=tuple(SCHEMAS))
        load(every)
        before = loaded(every)
        server.fail("getRun", 404, None)
        assert load(msgspec.structs.replace(every, pipeline="another")) == 3
        assert {**loaded(every), "errors": []} == before

    def test_are_joined_by_new_runs_as_the_list_has_them(
        self, to_duckdb: Order, server: FakeCurrents, world: World
    ) -> None:
        load(to_duckdb, now=UNTIL)
        run = world.projects[0].run(specs=1, created_at=UNTIL - HOUR)
        server.fail("getRun", 404, None)
        load(to_duckdb, now=UNTIL + HOUR)
        runs = [json.loads(row)["run_id"] for row in loaded(to_duckdb)["runs"]]
        assert sorted(runs) == sorted(world.runs)
        assert run.run_id in runs

    def test_go_when_spec_files_are_executed_again(
        self, to_database: Order, world: World, an_open_day: WorldRun
    ) -> None:
        every = msgspec.structs.replace(to_database, tables=tuple(SCHEMAS))
        load(every, now=UNTIL)
        machines = {spec.machine_id for spec in an_open_day.specs if spec.machine_id is not None}
        assert world.reset(an_open_day.run_id, machines)
        an_open_day.complete()
        load(every, now=UNTIL + HOUR)
        assert loaded(every) == wanted(world, every)


class TestListsThatFail:
    def test_of_one_project_leave_the_others(
        self, to_any: Order, server: FakeCurrents, world: World, caplog: pytest.LogCaptureFixture
    ) -> None:
        refused = to_any.projects[0]
        server.fail("listProjectRuns", 404, 3, path_args={"project_id": refused})
        later = UNTIL + timedelta(days=3)
        assert load(to_any, now=later) == 3
        tables = wanted(world, to_any)
        others = [row for row in tables["tests"] if json.loads(row)["project_id"] != refused]
        assert loaded(to_any)["tests"] == others
        days = ["2026-01-05", "2026-01-06", "2026-01-07"]
        ours = [one for one in caplog.records if one.name == "currents_async.export"]
        for day, record in zip(days, ours, strict=True):
            assert f"{refused} on {day}" in record.getMessage()
        before = len(server.requests)
        assert load(to_any, now=later + HOUR) == 3
        assert all(
            request.path_args.get("project_id", refused) == refused
            for request in server.requests[before:]
        )
        assert loaded(to_any) == tables

    def test_of_a_day_that_was_loaded_leave_its_rows(
        self, to_duckdb: Order, server: FakeCurrents, world: World
    ) -> None:
        run = world.projects[0].run(specs=2, completed=1, running=True, created_at=UNTIL - HOUR)
        load(to_duckdb, now=UNTIL)
        before = loaded(to_duckdb)
        path_args = {"project_id": to_duckdb.projects[0]}
        server.fail("listProjectRuns", 200, 1, path_args=path_args, body=b"{")
        assert load(to_duckdb, now=UNTIL + HOUR) == 1
        (error,) = map(json.loads, loaded(to_duckdb)["errors"])
        assert (error["project_id"], error["run_id"]) == (to_duckdb.projects[0], "")
        assert {**loaded(to_duckdb), "errors": []} == before
        run.complete()
        assert load(to_duckdb, now=UNTIL + 2 * HOUR) == 1
        assert loaded(to_duckdb) == wanted(world, to_duckdb)

    def test_forever_are_given_up(self, order: Order, server: FakeCurrents) -> None:
        path_args = {"project_id": order.projects[0]}
        server.fail("listProjectRuns", 404, None, path_args=path_args)
        days = [0, 1, 14, 15]
        loads = [load(order, now=UNTIL + timedelta(days=3 + day)) for day in days]
        assert loads == [3, 3, 3, 0]
        assert len(loaded(order)["errors"]) == 3

    def test_midway_duplicate_no_rows_of_files(
        self, to_files: Order, server: FakeCurrents, world: World
    ) -> None:
        for _ in range(50):
            world.projects[0].run(specs=1, created_at=SINCE)
        tables = msgspec.structs.replace(to_files, tables=("runs", "errors"))
        path_args = {"project_id": to_files.projects[0]}
        server.fail("listProjectRuns", 404, path_args=path_args, after=1)
        with pytest.raises(PipelineStepFailed, match="404 Not Found"):
            load(tables)
        load(tables)
        assert loaded(tables) == wanted(world, tables)

    def test_of_all_projects_raise(self, order: Order, server: FakeCurrents) -> None:
        server.fail("listProjectRuns", 404, None)
        with pytest.raises(PipelineStepFailed, match="404 Not Found"):
            load(order)


class TestDatabases:
    HOSTILE = ("a,b", 'quo"te', "it's", "new\nline", "\\N", "\\u0000", "é☃", "nul\0", "")

    def test_have_lists_that_can_be_queried(self, to_database: Order, world: World) -> None:
        run = world.projects[0].run(specs=1, tags=self.HOSTILE, created_at=SINCE)
        load(to_database)
        elements = {
            "duckdb": "unnest(CAST(tags AS VARCHAR[]))",
            "postgres": "jsonb_array_elements_text(tags)",
        }[to_database.destination]
        found = query(
            to_database,
            f"SELECT {elements} AS tag FROM runs WHERE run_id = '{run.run_id}'",  # noqa: S608
        )
        without_nul = to_database.destination == "postgres"
        assert [row["tag"] for row in found] == [
            tag.replace("\0", "") if without_nul else tag for tag in self.HOSTILE
        ]

    def test_have_types_of_their_own(self, to_postgres: Order) -> None:
        load(to_postgres, tables=["runs"])
        found = query(
            to_postgres,
            "SELECT column_name, data_type, is_nullable FROM information_schema.columns"
            " WHERE table_schema = 'tables' AND table_name = 'runs'",
        )
        types = {row["column_name"]: (row["data_type"], row["is_nullable"]) for row in found}
        assert types["tags"] == ("jsonb", "NO")
        assert types["day"] == ("date", "NO")
        assert types["created_at"] == ("timestamp with time zone", "YES")
        assert types["duration_ms"] == ("bigint", "YES")
        assert types["is_timeout"] == ("boolean", "YES")

    def test_may_have_texts_that_they_cannot_store(self, to_postgres: Order, world: World) -> None:
        branch = 'a\0b,"c"\n\\.\n\\N'
        run = world.projects[0].run(specs=1, branch=branch, created_at=SINCE)
        load(to_postgres)
        found = query(to_postgres, f"SELECT branch FROM runs WHERE run_id = '{run.run_id}'")  # noqa: S608
        assert found == [{"branch": branch.replace("\0", "")}]

    def test_keep_empty_texts_by_another_format(self, to_postgres: Order, world: World) -> None:
        pipeline, source = pipeline_for(to_postgres), source_of(to_postgres)
        assert len(list(load_windows(pipeline, source, loader_file_format="insert_values"))) == 3
        as_they_are = msgspec.structs.replace(to_postgres, destination="duckdb")
        assert loaded(to_postgres) == wanted(world, as_they_are)
        assert wanted(world, as_they_are) != wanted(world, to_postgres)

    # It is dlt that does so.
    @pytest.mark.filterwarnings("ignore:implicitly coercing SELECT")
    def test_can_be_reached_by_sqlalchemy(self, to_sqlite: Order, world: World) -> None:
        run = world.projects[0].run(
            specs=2, completed=1, running=True, tags=["a", "b"], created_at=UNTIL - HOUR
        )
        load(to_sqlite, now=UNTIL)
        run.complete()
        assert load(to_sqlite, now=UNTIL + HOUR) == 1
        for table, rows in wanted(world, to_sqlite).items():
            keys = ", ".join(KEYS[table])
            found = query(to_sqlite, f"SELECT {keys} FROM {table}")  # noqa: S608 - ours
            there = [{key: json.loads(row)[key] for key in KEYS[table]} for row in rows]
            assert sorted(map(as_json, found)) == sorted(map(as_json, there))
        tags = query(
            to_sqlite,
            f"SELECT value FROM runs, json_each(tags) WHERE run_id = '{run.run_id}'",  # noqa: S608
        )
        assert [row["value"] for row in tags] == ["a", "b"]


def test_the_code_of_the_readme_loads_all(
    to_database: Order, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also into DuckDB, whose file has the name of the pipeline, so that no schema may have it."""
    order = to_database
    monkeypatch.setenv("CURRENTS_API_KEY", order.key)
    monkeypatch.setenv("CURRENTS_API_URL", order.url)
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", order.database)
    now = datetime.now(UTC)
    runs = [
        world.projects[0].run(specs=1, created_at=now - timedelta(days=days)) for days in (1, 0)
    ]
    load_runs = block_with("load_runs")["load_runs"]
    load_runs(order.projects, now - timedelta(days=1), order.destination)
    with dlt.attach("currents").sql_client() as client:
        found: Any = client.execute_sql("SELECT run_id FROM runs")
    assert sorted(found) == sorted((run.run_id,) for run in runs)


def test_the_key_is_stored_nowhere(order: Order) -> None:
    load(order)
    files = [path for path in Path(order.directory).rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if order.key.encode() in path.read_bytes()]
