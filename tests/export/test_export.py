import asyncio
import io
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import anyio
import duckdb
import pyarrow as pa
import pytest
from pyarrow import dataset

from currents_async import (
    ClientClosedError,
    Currents,
    ExportError,
    InvalidArgumentError,
    NotFoundError,
    UnauthorizedError,
)
from currents_async._threads import in_thread
from currents_async.export import (
    SCHEMAS,
    ExportFormat,
    ExportResult,
    _job,
    _window_rows,
    export_table,
)
from currents_async.export._windows import Window
from currents_async.export._write.files import FileSink
from currents_async.testing import FakeCurrents, RecordedRequest, World, WorldProject
from tests.export.exporting import (
    HOUR,
    LATER,
    NIGHT,
    SINCE,
    UNTIL,
    Exporter,
    both_frameworks,
    count,
    instance_of,
    window_of,
)
from tests.export.landed import (
    FORMATS,
    READERS,
    Landed,
    delta_table,
    expected,
    in_parquet,
)

T = TypeVar("T")

pytestmark = pytest.mark.usefixtures("no_task_is_left")

TABLES = list(SCHEMAS)
MAY_BE_EMPTY = {"errors", "artifacts", "environments", "annotations", "metrics"}


@pytest.fixture
def world() -> World:
    """Two projects of different kinds, with runs on each of three days."""
    dates = [SINCE + number // 2 * NIGHT + number * HOUR for number in range(6)]
    return both_frameworks(dates, specs=2, tests=2, flaky=1)


@pytest.fixture
def project(world: World) -> WorldProject:
    return world.projects[0]


class TestEverything:
    @pytest.mark.parametrize("export_format", FORMATS)
    async def test_lands(
        self, exporter: Exporter, world: World, export_format: ExportFormat
    ) -> None:
        result = await exporter(format=export_format)
        landed = READERS[export_format](exporter.target)
        assert landed == expected(world)
        assert result == ExportResult(
            windows=6, windows_done=6, runs=12, instances=24, rows=count(landed)
        )
        assert exporter.asked() == {"getInstance": 24, "getRun": 12, "listProjectRuns": 6}

    async def test_up_to_now(self, exporter: Exporter, world: World) -> None:
        exporter.now = datetime(2026, 1, 6, 12, tzinfo=UTC)
        result = await exporter(until=None)
        assert result.windows_done == 4
        assert {window.day.day for window in exporter.landed["runs"]} == {5, 6}

    async def test_of_windows_of_many_batches(
        self, exporter: Exporter, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        written: list[tuple[Window, str, int]] = []
        write = FileSink.write

        def note(sink: FileSink, window: Window, table: str, batch: Any) -> None:
            written.append((window, table, batch.num_rows))
            write(sink, window, table, batch)

        monkeypatch.setattr(_window_rows, "BATCH", 4)
        monkeypatch.setattr(FileSink, "write", note)
        await exporter()
        assert exporter.landed == expected(world)
        attempts = [(window, rows) for window, table, rows in written if table == "attempts"]
        # An instance has two tests, of which one may have a second attempt.
        assert max(rows for _, rows in attempts) <= 3 + 3
        assert len(attempts) >= 2 * len({window for window, _ in attempts})

    async def test_a_project_without_runs(self, exporter: Exporter, world: World) -> None:
        empty = world.project().project_id
        result = await exporter(projects=[empty])
        assert result == ExportResult(windows=3, windows_done=3, rows=dict.fromkeys(TABLES, 0))
        assert (await exporter(projects=[empty], resume=True)).windows_skipped == 3


class TestResume:
    async def test_what_is_final_is_skipped(self, exporter: Exporter, world: World) -> None:
        await exporter()
        exporter.asked()
        assert await exporter(resume=True) == ExportResult(windows_skipped=6)
        assert exporter.asked() == {}
        assert exporter.landed == expected(world)

    async def test_without_it_everything_is_exported_again(
        self, exporter: Exporter, world: World
    ) -> None:
        await exporter()
        world.delete(world.projects[0].runs[0].run_id)
        world.projects[1].run(specs=1, created_at=SINCE)
        assert (await exporter(replace=True)).windows_done == 6
        assert exporter.landed == expected(world)

    async def test_other_days_and_projects(self, exporter: Exporter, world: World) -> None:
        one, other = exporter.projects
        await exporter(projects=[one], until=SINCE + HOUR)
        result = await exporter(projects=[one], until=SINCE + timedelta(days=2), resume=True)
        assert (result.windows_done, result.windows_skipped) == (1, 1)
        result = await exporter(projects=[other, one], resume=True)
        assert (result.windows_done, result.windows_skipped) == (4, 2)
        assert exporter.landed == expected(world)

    async def test_a_day_that_is_not_over(
        self, exporter: Exporter, world: World, project: WorldProject
    ) -> None:
        exporter.now = SINCE + timedelta(days=2, hours=12)
        await exporter()
        project.run(specs=1, created_at=exporter.now + HOUR)
        exporter.now += timedelta(days=1)
        result = await exporter(resume=True)
        assert (result.windows_done, result.windows_skipped) == (2, 4)
        assert exporter.landed == expected(world)
        assert (await exporter(resume=True)).windows_skipped == 6

    async def test_runs_in_progress_are_looked_back_at(
        self, exporter: Exporter, world: World, project: WorldProject
    ) -> None:
        running = project.run(specs=4, running=True, completed=1, created_at=UNTIL - HOUR)
        for hours, specs in ((1, 1), (24, 1), (47, 2)):
            exporter.now = UNTIL + hours * HOUR
            result = await exporter(resume=hours > 1)
            assert result.windows_done == (6 if hours == 1 else 1)
            assert exporter.landed == expected(world)
            running.complete(specs)
        exporter.now = UNTIL + 60 * HOUR
        assert (await exporter(resume=True)).windows_done == 1
        assert exporter.landed == expected(world)
        [row] = [
            row
            for row in exporter.landed["runs"][window_of(running)]
            if row["run_id"] == running.run_id
        ]
        assert row["completion_state"] == "COMPLETE"
        assert (await exporter(resume=True)).windows_done == 0

    async def test_not_for_longer_than_look_back(
        self, exporter: Exporter, project: WorldProject
    ) -> None:
        project.run(specs=4, running=True, completed=1, created_at=UNTIL - HOUR)
        exporter.now = UNTIL + 48 * HOUR
        await exporter()
        exporter.now += 1000 * HOUR
        assert (await exporter(resume=True)).windows_done == 0
        assert (await exporter(resume=True, look_back=49 * HOUR)).windows_done == 1
        assert (await exporter(resume=True, look_back=49 * HOUR)).windows_done == 0


class TestFailures:
    async def test_are_rows_until_they_succeed(
        self, exporter: Exporter, server: FakeCurrents, world: World
    ) -> None:
        of_one, of_other = world.projects[0].runs[0], world.projects[1].runs[5]
        lost = instance_of(of_one, 1)
        server.fail("getInstance", 404, path_args={"instance_id": lost})
        server.fail("getRun", 413, path_args={"run_id": of_other.run_id})
        result = await exporter()
        assert (result.failures, result.windows_done, result.rows["errors"]) == (2, 6, 2)
        whole, landed = expected(world), exporter.landed
        [instance], [run] = (landed["errors"][window_of(one)] for one in (of_one, of_other))
        assert instance["run_id"] == of_one.run_id
        assert instance["instance_id"] == lost
        assert instance["spec"] == of_one.specs[1].path
        assert (instance["error"], instance["status"]) == ("NotFoundError", 404)
        assert (run["run_id"], run["instance_id"], run["spec"]) == (of_other.run_id, "", "")
        assert (run["error"], run["status"]) == ("PayloadTooLargeError", 413)
        for table in ("specs", "tests"):
            rows = whole[table][window_of(of_other)]
            left = [row for row in rows if row["run_id"] != of_other.run_id]
            assert landed[table][window_of(of_other)] == left
        assert [row["run_id"] for row in landed["runs"][window_of(of_other)]] == [
            row["run_id"] for row in whole["runs"][window_of(of_other)]
        ]

        exporter.asked()
        result = await exporter(resume=True)
        assert (result.failures, result.windows_done, result.windows_skipped) == (0, 2, 4)
        assert exporter.asked() == {"getInstance": 3, "getRun": 1, "listProjectRuns": 1}
        assert exporter.landed == whole
        assert (await exporter(resume=True)).windows_done == 0


def assert_sound(landed: Landed, whole: Landed) -> set[Window]:
    """Assert that windows are there as wholes or not at all, and return those that are."""
    done = set(landed["runs"])
    for table, windows in landed.items():
        assert windows == {window: rows for window, rows in whole[table].items() if window in done}
    return done


class TestErrors:
    """What ends an export: what has been written is sound, and resume goes on."""

    @pytest.mark.parametrize(
        ("operation", "spared"), [("getInstance", 10), ("getRun", 5), ("listProjectRuns", 4)]
    )
    async def test_that_are_about_everything(
        self, exporter: Exporter, server: FakeCurrents, world: World, operation: str, spared: int
    ) -> None:
        server.fail(operation, 401, after=spared)
        with pytest.raises(UnauthorizedError):
            await exporter(concurrency=1)
        done = assert_sound(exporter.landed, expected(world))
        assert 0 < len(done) < 6
        result = await exporter(resume=True)
        assert result.windows_skipped == len(done)
        assert exporter.landed == expected(world)

    async def test_an_unknown_project(self, exporter: Exporter) -> None:
        with pytest.raises(NotFoundError):
            await exporter(projects=["nobody", "nobody else"], concurrency=1)
        assert exporter.asked() == {"listProjectRuns": 2}

    async def test_a_client_that_is_closed(self, exporter: Exporter) -> None:
        with pytest.raises(ClientClosedError):
            await exporter.by(exporter.client())

    async def test_an_error_in_on_progress(self, exporter: Exporter, world: World) -> None:
        def fail(so_far: ExportResult) -> None:
            if so_far.windows_done == 2:
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await exporter(on_progress=fail)
        done = len(assert_sound(exporter.landed, expected(world)))
        assert done >= 2
        assert (await exporter(resume=True)).windows_skipped == done
        assert exporter.landed == expected(world)

    async def test_a_target_that_cannot_be_written_to(
        self, exporter: Exporter, tmp_path: Path
    ) -> None:
        notes = tmp_path / "notes"
        notes.write_text("not a database")
        with pytest.raises(ExportError, match="cannot be written to"):
            await exporter(notes, format=None)
        assert exporter.asked() == {}
        assert [path.name async for path in anyio.Path(tmp_path).iterdir()] == ["notes"]

    async def test_a_disk_that_refuses_midway(
        self, exporter: Exporter, world: World, target: Path
    ) -> None:
        directory = target / "tests" / f"project={exporter.projects[1]}" / "month=2026-01"
        blocked = directory / "2026-01-06.0.parquet"
        blocked.joinpath("in the way").mkdir(parents=True)
        with pytest.raises(ExportError, match="cannot be written to") as caught:
            await exporter(concurrency=1)
        assert isinstance(caught.value.__cause__, OSError)
        shutil.rmtree(blocked)
        result = await exporter(resume=True)
        # Those that ended together were to be committed together.
        assert result.windows_done + result.windows_skipped == 6
        assert result.windows_done >= 3
        assert exporter.landed == expected(world)

    async def test_while_a_final_day_is_replaced(
        self, exporter: Exporter, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Some tables of the day may be new and others old: it has to be done again."""
        await exporter()

        def fail(sink: FileSink, windows: Mapping[Window, Collection[str]]) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch, pytest.raises(ExportError, match="No space left"):
            patch.setattr(FileSink, "commit_all", fail)
            await exporter(concurrency=1)
        result = await exporter(resume=True)
        assert (result.windows_done, result.windows_skipped) == (1, 5)
        assert exporter.landed == expected(world)


class Moments:
    """The moments of an export: a request arrives, something begins to be written, or ends."""

    def __init__(self, server: FakeCurrents, monkeypatch: pytest.MonkeyPatch) -> None:
        self._left = 0
        self._then: Callable[[], object] | None = None
        server.before_response = self._request
        monkeypatch.setattr(_job, "in_thread", self._in_thread)

    def call(self, then: Callable[[], object], *, after: int) -> None:
        """Call once, after so many moments."""
        self._left, self._then = after, then

    def _pass(self) -> None:
        self._left -= 1
        if self._left < 0 and self._then is not None:
            then, self._then = self._then, None
            then()

    async def _request(self, _: RecordedRequest) -> None:
        self._pass()

    async def _in_thread(self, work: Callable[[], T]) -> T:
        self._pass()
        try:
            return await in_thread(work)
        finally:
            self._pass()


@pytest.fixture
def moments(server: FakeCurrents, monkeypatch: pytest.MonkeyPatch) -> Moments:
    return Moments(server, monkeypatch)


class TestCancelled:
    @pytest.mark.parametrize(
        ("export_format", "step"),
        [
            ("parquet", 2),
            ("ndjson.gz", 10),
            ("duckdb", 10),
            pytest.param("delta", 10, marks=pytest.mark.engines),
        ],
    )
    async def test_at_any_moment(
        self,
        exporter: Exporter,
        world: World,
        moments: Moments,
        export_format: ExportFormat,
        step: int,
    ) -> None:
        whole = expected(world)
        was_cancelled = 0
        while True:
            task = asyncio.create_task(exporter(format=export_format, resume=True, concurrency=3))
            moments.call(task.cancel, after=step * was_cancelled)
            try:
                await task
            except asyncio.CancelledError:
                was_cancelled += 1
            else:
                break
            assert_sound(READERS[export_format](exporter.target), whole)
        assert was_cancelled > 2
        assert READERS[export_format](exporter.target) == whole
        assert (await exporter(format=export_format, resume=True)).windows_done == 0

    @pytest.mark.parametrize("by", ["asyncio, twice", "anyio"])
    async def test_while_a_day_is_being_committed(
        self, exporter: Exporter, world: World, monkeypatch: pytest.MonkeyPatch, by: str
    ) -> None:
        """The commit is waited for: nothing is at the target once the export has ended."""
        began, may_end = threading.Event(), threading.Event()
        commit = FileSink.commit_all

        def slowly(sink: FileSink, windows: Mapping[Window, Collection[str]]) -> None:
            began.set()
            may_end.wait(20)
            commit(sink, windows)

        monkeypatch.setattr(FileSink, "commit_all", slowly)
        scope = anyio.CancelScope()

        async def run(currents: Currents) -> None:
            with scope:
                await exporter.by(currents, concurrency=1)

        async with exporter.client() as currents:
            task = asyncio.create_task(run(currents))
            while not began.is_set():  # noqa: ASYNC110 - set in a thread
                await asyncio.sleep(0)
            for _ in range(2):
                (scope if by == "anyio" else task).cancel()
                await asyncio.sleep(0)
            assert not task.done()
            may_end.set()
            await asyncio.wait([task])
        assert scope.cancelled_caught if by == "anyio" else task.cancelled()
        assert len(exporter.landed["runs"]) == 1
        assert (await exporter(resume=True)).windows_skipped == 1
        assert exporter.landed == expected(world)


async def test_two_at_once_into_different_targets(
    exporter: Exporter, world: World, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    await asyncio.gather(exporter(), exporter(other))
    assert exporter.landed == in_parquet(other) == expected(world)


class TestChoosing:
    @pytest.mark.parametrize(
        ("tables", "asked"),
        [
            (["runs"], {"listProjectRuns": 6}),
            (["run_groups"], {"listProjectRuns": 6}),
            (["errors"], {"listProjectRuns": 6}),
            (["run_groups", "errors"], {"listProjectRuns": 6}),
            (["specs"], {"getRun": 12, "listProjectRuns": 6}),
            (["runs", "specs"], {"getRun": 12, "listProjectRuns": 6}),
            (["tests"], {"getInstance": 24, "getRun": 12, "listProjectRuns": 6}),
            (["attempts"], {"getInstance": 24, "getRun": 12, "listProjectRuns": 6}),
            (["artifacts"], {"getInstance": 24, "getRun": 12, "listProjectRuns": 6}),
        ],
        ids=",".join,
    )
    async def test_tables(
        self, exporter: Exporter, world: World, tables: list[str], asked: dict[str, int]
    ) -> None:
        result = await exporter(tables=tables)
        whole = expected(world)
        assert exporter.asked() == asked
        assert result.rows == {table: count(whole)[table] for table in TABLES if table in tables}
        assert exporter.landed == {
            table: whole[table] if table in tables else {} for table in TABLES
        }

    async def test_runs(self, exporter: Exporter, world: World, project: WorldProject) -> None:
        run = project.run(specs=1, branch="dev", tags=["b", "a"], author=("Ada", "a@x.org"))
        chosen: dict[str, Any] = {"branches": ["dev"], "tags": ["a", "b"], "authors": ["Ada"]}
        assert (await exporter(**chosen)).runs == 1
        assert [*exporter.landed["runs"]] == [window_of(run)]
        again: dict[str, Any] = {
            name: [*reversed(values), values[0]] for name, values in chosen.items()
        }
        assert (await exporter(**again, resume=True)).windows_skipped == 6

    async def test_instances_of_failed_specs(
        self, exporter: Exporter, world: World, project: WorldProject
    ) -> None:
        run = project.run(specs=20, failures=2, created_at=SINCE)
        await exporter(only_failed=True, projects=[project.project_id])
        failed = [spec for one in project.runs for spec in one.specs if spec.failures]
        rows = [row for rows in exporter.landed["tests"].values() for row in rows]
        assert {row["instance_id"] for row in rows} == {spec.instance_id for spec in failed}
        assert len(exporter.landed["specs"][window_of(run)]) == 2 * 2 + 20

    @pytest.mark.parametrize(
        ("other", "message"),
        [
            ({"tables": ["runs", "specs"]}, r"holds the tables runs.*: leave out tables"),
            ({"format": "ndjson.gz"}, "an export with format parquet, not ndjson.gz: use the same"),
            (
                {"branches": ["main"], "only_failed": True},
                "with only_failed false, not true and branches none, not main: use the same",
            ),
        ],
    )
    async def test_a_target_keeps_its_options(
        self, exporter: Exporter, other: dict[str, Any], message: str
    ) -> None:
        await exporter(tables=["runs"])
        exporter.asked()
        before = exporter.landed
        options: dict[str, Any] = {"tables": ["runs"], **other}
        for resume in (True, False):
            with pytest.raises(ExportError, match=message):
                await exporter(**options, resume=resume)
        assert exporter.asked() == {}
        assert exporter.landed == before

    @pytest.mark.parametrize(
        ("begun", "name"),
        [("parquet", "lake"), ("ndjson.gz", "lake"), ("duckdb", "runs.db")],
        ids=str,
    )
    async def test_a_target_keeps_its_format(
        self, exporter: Exporter, tmp_path: Path, begun: ExportFormat, name: str
    ) -> None:
        exporter.target = tmp_path / name
        await exporter(format=begun)
        before = READERS[begun](exporter.target)
        await exporter(format=None)
        assert READERS[begun](exporter.target) == before

    @pytest.mark.parametrize("export_format", FORMATS)
    async def test_the_name_of_a_new_target_is_its_format(
        self, exporter: Exporter, tmp_path: Path, world: World, export_format: ExportFormat
    ) -> None:
        exporter.target = tmp_path / f"Runs.{export_format.upper()}"
        await exporter(format=None)
        assert READERS[export_format](exporter.target) == expected(world)
        other: ExportFormat = "duckdb" if export_format == "parquet" else "parquet"
        message = f"format must be {export_format}, or left out, for a target that ends in"
        with pytest.raises(InvalidArgumentError, match=message):
            await exporter(format=other)


class TestProgress:
    async def test_counts_what_has_been_done(self, exporter: Exporter) -> None:
        told: list[ExportResult] = []
        result = await exporter(on_progress=told.append)
        assert told[-1] == result
        assert len(told) == 12 + 24 + 6
        for one, other in pairwise(told):
            assert (one.windows, one.windows_skipped) == (6, 0)
            assert one.windows_done <= other.windows_done
            assert one.runs + one.instances + one.windows_done + 1 == (
                other.runs + other.instances + other.windows_done
            )
            assert all(rows <= other.rows[table] for table, rows in one.rows.items())


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"projects": []}, "projects must have at least 1 item"),
    ({"projects": "p"}, "projects must be a sequence of str"),
    ({"projects": ["a/b"]}, "must be one path segment"),
    ({"since": datetime(2026, 1, 5)}, "since must have a time zone"),  # noqa: DTZ001
    ({"until": datetime(2026, 1, 5)}, "until must have a time zone"),  # noqa: DTZ001
    ({"until": SINCE}, "until must be after since"),
    ({"since": LATER + HOUR, "until": None}, "until must be after since"),
    ({"branches": "main"}, "branches must be a sequence of str"),
    ({"tags": [""]}, r"tags\[0\] must not be empty"),
    ({"authors": [1]}, r"authors\[0\] must be a str"),
    ({"only_failed": 1}, "only_failed must be a bool"),
    ({"concurrency": 0}, "concurrency must be an integer from 1 to 10,000"),
]


class TestRefusals:
    """Before anything is sent, or any file is made."""

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            *REFUSED,
            ({"tables": []}, "tables must have at least 1 item"),
            ({"tables": ["runs", "run"]}, r"tables\[1\] must be one of runs, .*, not 'run'"),
            ({"tables": "runs"}, "tables must be a sequence of str"),
            ({"format": "csv"}, "format must be one of"),
            ({"duckdb_storage": "v9"}, r"duckdb_storage must be one of v1\.4\.0, latest, not 'v9'"),
            ({"look_back": -HOUR}, "look_back must not be negative"),
            ({"look_back": 48}, "look_back must be a timedelta"),
            ({"resume": "yes"}, "resume must be a bool"),
            ({"target": ""}, "target must not be empty"),
            ({"target": " "}, "target must not be empty"),
            ({"target": 7}, "target must be a str"),
            ({"target": "ftp://host/lake"}, "target cannot be written to"),
        ],
        ids=lambda value: value if isinstance(value, str) else None,
    )
    async def test_of_an_export(
        self,
        exporter: Exporter,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        wrong: dict[str, Any],
        message: str,
    ) -> None:
        monkeypatch.chdir(tmp_path)
        options: dict[str, Any] = {"projects": ["p"], **wrong}
        with pytest.raises(InvalidArgumentError, match=message):
            await exporter(**options)
        assert exporter.asked() == {}
        assert not any(tmp_path.iterdir())  # noqa: ASYNC240 - of this machine's memory

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [*REFUSED, ({"table": "run"}, r"tables\[0\] must be one of runs, .*, not 'run'")],
        ids=lambda value: value if isinstance(value, str) else None,
    )
    async def test_of_an_export_of_a_table(
        self, exporter: Exporter, wrong: dict[str, Any], message: str
    ) -> None:
        stream = io.BytesIO()
        options: dict[str, Any] = {
            "table": "runs",
            "projects": ["p"],
            "since": SINCE,
            "until": UNTIL,
            **wrong,
        }
        async with exporter.client() as currents:
            with pytest.raises(InvalidArgumentError, match=message):
                await export_table(currents, stream, **options)
        assert exporter.asked() == {}
        assert stream.getvalue() == b""


class TestTable:
    async def test_comes_as_a_stream(self, exporter: Exporter, world: World) -> None:
        stream, told = io.BytesIO(), list[ExportResult]()
        async with exporter.client() as currents:
            result = await export_table(
                currents,
                stream,
                "attempts",
                projects=exporter.projects,
                since=SINCE,
                until=UNTIL,
                on_progress=told.append,
            )
        table = pa.ipc.open_stream(stream.getvalue()).read_all()
        whole = expected(world)["attempts"]
        assert table.schema == SCHEMAS["attempts"]
        assert result.rows == {"attempts": table.num_rows}
        assert told[-1] == result
        key = ["project_id", "day", "instance_id", "test_position", "attempt"]
        got = [tuple(str(row[name]) for name in key) for row in table.to_pylist()]
        wanted = [
            (window.project_id, str(window.day), *(str(row[name]) for name in key[2:]))
            for window, rows in whole.items()
            for row in rows
        ]
        assert sorted(got) == sorted(wanted)

    async def test_is_sent_on_at_the_end_of_each_day(self, exporter: Exporter) -> None:
        flushed: list[int] = []

        class Stream(io.BytesIO):
            def flush(self) -> None:
                flushed.append(self.tell())

        async with exporter.client() as currents:
            await export_table(
                currents,
                Stream(),
                "runs",
                projects=exporter.projects[:1],
                since=SINCE,
                until=UNTIL,
                concurrency=1,
            )
        assert len(flushed) >= 3 + 1
        assert len(set(flushed)) >= 3

    async def test_its_reader_has_closed_the_stream(self, exporter: Exporter) -> None:
        class Broken(io.BytesIO):
            def write(self, _: Any) -> int:
                raise BrokenPipeError(32, "Broken pipe")

        async with exporter.client() as currents:
            with pytest.raises(ExportError, match="Broken pipe"):
                await export_table(
                    currents,
                    Broken(),
                    "runs",
                    projects=exporter.projects,
                    since=SINCE,
                    until=UNTIL,
                )


class TestWindows:
    """The table of what is there, since when, and whether that is final."""

    @pytest.mark.parametrize("export_format", FORMATS)
    async def test_are_in_every_target(
        self, exporter: Exporter, server: FakeCurrents, target: Path, export_format: ExportFormat
    ) -> None:
        exporter.now = UNTIL - NIGHT + HOUR
        server.fail("getInstance", 404)
        result = await exporter(format=export_format, concurrency=1)
        with duckdb.connect(target if export_format == "duckdb" else ":memory:") as database:
            database.execute("SET TimeZone = 'UTC'")
            source = {
                "parquet": f"read_parquet('{target}/windows/**/*.parquet')",
                "ndjson.gz": f"read_json('{target}/windows/**/*.ndjson.gz')",
                "duckdb": "windows",
                "delta": "delta",
            }[export_format]
            if export_format == "delta":
                database.register("delta", delta_table(target / "windows").to_pyarrow_dataset())
            # Without a time zone: for one, DuckDB 1.5 needs pytz.
            query = "SELECT project_id, day, exported_at::TIMESTAMP, state, missing, rows"
            found = database.sql(f"{query} FROM {source} ORDER BY day, project_id").fetchall()
        assert [row[:2] for row in found] == [
            (project_id, (SINCE + NIGHT * number).date())
            for number in range(3)
            for project_id in sorted(exporter.projects)
        ]
        assert {row[2].replace(tzinfo=UTC) for row in found} == {exporter.now}
        states = [row[3] for row in found]
        assert states[-2:] == ["not over"] * 2
        assert sorted(states[:2]) == ["final", "missing"]
        assert [row[4] for row in found] == [int(state == "missing") for state in states]
        assert sum(row[5] for row in found) == sum(result.rows.values())


class TestTablesWithoutRows:
    """All is well: nightly queries of what went wrong find a table, and nothing in it."""

    async def test_are_there_in_parquet(self, exporter: Exporter, target: Path) -> None:
        await exporter()
        for table in TABLES:
            files = f"{target}/{table}/**/*.parquet"
            with duckdb.connect() as database:
                found = database.sql(f"FROM read_parquet('{files}', hive_partitioning = true)")
                assert set(found.columns) == {*SCHEMAS[table].names, "project", "month"}
                types = dict(zip(found.columns, map(str, found.types), strict=True))
                assert (types["day"], types["project_id"]) == ("DATE", "VARCHAR")
            read = dataset.dataset(target / table).to_table()
            assert read.num_rows or table in MAY_BE_EMPTY
            assert read.schema.equals(SCHEMAS[table])

    async def test_are_there_in_ndjson(self, exporter: Exporter, target: Path) -> None:
        await exporter(format="ndjson.gz")
        with duckdb.connect() as database:
            found = database.sql(f"FROM read_json('{target}/errors/**/*.ndjson.gz')")
            assert found.fetchall() == []

    async def test_are_written_when_all_errors_are_resolved(
        self, exporter: Exporter, server: FakeCurrents, target: Path
    ) -> None:
        server.fail("getInstance", 404, after=20)
        await exporter()
        await exporter(resume=True)
        read = dataset.dataset(target / "errors").to_table()
        assert (read.num_rows, read.schema) == (0, SCHEMAS["errors"])


def printed_by(code: str) -> list[str]:
    done = subprocess.run(  # noqa: S603 - a program of ours
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    return done.stdout.splitlines()


NEEDED = ("pyarrow", "duckdb", "filelock")

WITHOUT_EACH = f"""
import sys
for name in {NEEDED}:
    sys.modules[name] = None
    try:
        import currents_async.export
    except ModuleNotFoundError as error:
        print(error.name, error, error.__suppress_context__, sep="|")
    del sys.modules[name]
    for module in [one for one in sys.modules if one.startswith("currents_async.export")]:
        del sys.modules[module]
"""


class TestExtra:
    def test_the_error_without_it_says_what_to_install(self) -> None:
        what_to_do = "is not installed: python -m pip install 'currents-async[export]'"
        assert printed_by(WITHOUT_EACH) == [f"{name}|{name} {what_to_do}|True" for name in NEEDED]

    def test_the_client_works_without_it(self) -> None:
        code = f"import sys, currents_async; print([n for n in {NEEDED} if n in sys.modules])"
        assert printed_by(code) == ["[]"]
