"""Delta tables: what readers and other writers see of them."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, nullcontext
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pytest

pytest.importorskip("deltalake")
pytest.importorskip("moto")

from deltalake import DeltaTable, QueryBuilder, TableFeatures, write_deltalake

from currents_async.errors import ExportError, MissingExtraError
from currents_async.export import SCHEMAS, lake
from currents_async.export._windows import Window
from currents_async.export._write import lock
from currents_async.export._write import target as module
from currents_async.export._write.delta_place import delta_place
from currents_async.export._write.journal import Journal
from currents_async.export._write.stores import Store
from currents_async.export._write.target import Target, open_target, store_at
from currents_async.testing import FakeCurrents, World
from tests.documentation import block_with
from tests.export.batches import NEXT, WINDOW, put, stage
from tests.export.exporting import NIGHT, SINCE, UNTIL, Exporter, both_frameworks, overtaken
from tests.export.landed import READERS, expected, visible_files, windows_of
from tests.export.s3 import S3, refusing_store, s3_store

pytestmark = [pytest.mark.engines, pytest.mark.usefixtures("no_task_is_left")]

MARCH = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def store() -> Iterator[S3]:
    with s3_store() as store:
        yield store


@pytest.fixture
def s3(store: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> S3:
    # Where the lock is, which other workers of these tests need, too.
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for name in store.objects():
        store.client.delete_object(Bucket="bucket", Key=name)
    return store


@pytest.fixture
def world() -> World:
    return both_frameworks([SINCE, SINCE + NIGHT], specs=1, failures=1)


def opened(stack: ExitStack, target: str | Path) -> Target:
    return stack.enter_context(open_target(target, "delta", ["runs", "run_groups"]))


def runs_in(target: str | Path, options: dict[str, str] | None = None) -> list[tuple[date, str]]:
    table = DeltaTable(f"{target}/runs", storage_options=options)
    rows = table.to_pyarrow_table(columns=["day", "run_id"]).to_pylist()
    return sorted((row["day"], row["run_id"]) for row in rows)


def note_of(table: DeltaTable) -> str:
    return str(table.history(1)[0]["userMetadata"])


class TestReaders:
    def read(self, way: str, table: DeltaTable, path: str, options: dict[str, str] | None) -> Any:
        match way:
            case "pyarrow":
                return table.to_pyarrow_dataset().to_table()
            case "deltalake":
                return pa.table(
                    QueryBuilder().register("t", table).execute("SELECT * FROM t").read_all()
                )
            case "duckdb":
                with duckdb.connect() as database:
                    database.execute("SET TimeZone = 'UTC'")
                    database.register("t", table.to_pyarrow_dataset())
                    return database.sql("FROM t").to_arrow_table()
            case "polars":
                return pl.scan_delta(path, storage_options=options).collect().to_arrow()
            case _:
                return pa.Table.from_pandas(table.to_pandas())

    @pytest.mark.parametrize("way", ["pyarrow", "deltalake", "duckdb", "polars", "pandas"])
    @pytest.mark.parametrize("place", ["a directory", "an object store"])
    async def test_all_read_the_same_rows(
        self, exporter: Exporter, target: Path, s3: S3, way: str, place: str
    ) -> None:
        is_local = place == "a directory"
        await exporter(target if is_local else s3.url(), format="delta")
        await exporter(target.with_name("parquet"), format="parquet")
        whole = READERS["parquet"](target.with_name("parquet"))
        options = None if is_local else s3.options()
        root = target if is_local else "s3://bucket/lake"
        for name in ("runs", "tests", "attempts"):
            table = DeltaTable(f"{root}/{name}", storage_options=options)
            found = self.read(way, table, f"{root}/{name}", options)
            assert sorted(found.schema.names) == sorted(SCHEMAS[name].names)
            if way == "pandas":  # which has no null in numbers
                assert found.num_rows == sum(map(len, whole[name].values()))
            else:
                assert windows_of(name, found.to_pylist()) == whole[name]

    async def test_those_of_a_day_go_on_while_it_is_replaced(
        self, exporter: Exporter, world: World, target: Path
    ) -> None:
        await exporter(format="delta")
        before = DeltaTable(target / "tests")
        dataset = before.to_pyarrow_dataset()
        lazy = pl.scan_delta(before)
        count = before.count()
        batches = dataset.to_batches()
        next(batches)
        for project in world.projects:
            project.run(specs=1, created_at=SINCE + timedelta(hours=3))
        await exporter()
        await lake.compact(target, before=MARCH)
        assert dataset.count_rows() == count
        assert lazy.collect().height == count
        assert DeltaTable(target / "tests").count() > count
        # That is time travel, too.
        assert DeltaTable(target / "tests", version=before.version()).count() == count
        assert READERS["delta"](target) == expected(world)

    async def test_tables_and_columns_are_documented(
        self, exporter: Exporter, target: Path
    ) -> None:
        await exporter(format="delta", tables=["runs"])
        table = DeltaTable(target / "runs")
        assert table.metadata().description == "Runs, one row each."
        fields = {field.name: field for field in table.schema().fields}
        assert fields["duration_ms"].metadata == {"comment": "How long it took. Unit: ms."}
        assert not fields["run_id"].nullable
        assert fields["title"].nullable

    async def test_days_are_pruned_by_statistics(self, exporter: Exporter, target: Path) -> None:
        await exporter(format="delta", tables=["runs"])
        table = DeltaTable(target / "runs")
        actions = pa.table(table.get_add_actions(flatten=True)).to_pylist()
        assert {
            (one["partition.project_id"], one["min.day"], one["max.day"]) for one in actions
        } == {
            (project, day, day)
            for project in exporter.projects
            for day in (SINCE.date(), (SINCE + NIGHT).date())
        }


class TestCommits:
    async def test_windows_is_the_last_of_the_tables(
        self, exporter: Exporter, target: Path
    ) -> None:
        await exporter(format="delta")
        times = [DeltaTable(target / table).history(1)[0]["timestamp"] for table in SCHEMAS]
        assert DeltaTable(target / "windows").history(1)[0]["timestamp"] >= max(times)

    def test_what_a_commit_replaces_is_noted(self, target: Path) -> None:
        with ExitStack() as stack:
            sink = opened(stack, target).sink
            stage(sink, WINDOW, "r1")
            stage(sink, NEXT, "r2")
            sink.commit_all({WINDOW: (), NEXT: ()})
        assert note_of(DeltaTable(target / "runs")) == "2026-01-05 of p, 2026-01-06 of p"
        assert DeltaTable(target / "runs").version() == 1

    def test_a_window_without_rows_changes_no_table(self, target: Path) -> None:
        with ExitStack() as stack:
            sink = opened(stack, target).sink
            put(sink, WINDOW, "r1")
            put(sink, NEXT)
        assert runs_in(target) == [(WINDOW.day, "r1")]
        assert DeltaTable(target / "run_groups").version() == 1

    @pytest.mark.parametrize("project_id", ["012345", "1e2345", "it's 100%", "a b", "é/x"])
    def test_any_project(self, target: Path, project_id: str) -> None:
        window = Window(WINDOW.day, project_id)
        for run in ("r1", "r2"):
            with ExitStack() as stack:
                put(opened(stack, target).sink, window, run)
        table = DeltaTable(target / "runs").to_pyarrow_table()
        assert [(row["project_id"], row["run_id"]) for row in table.to_pylist()] == [
            (project_id, "r2")
        ]


class TestOtherWriters:
    """What other machines and programs do to the tables while an export has them open."""

    @pytest.mark.parametrize("place", ["a directory", "an object store"])
    @pytest.mark.parametrize("window", [WINDOW, NEXT], ids=["the same day", "another day"])
    def test_a_second_machine_is_refused_by_the_store(
        self,
        target: Path,
        s3: S3,
        place: str,
        window: Window,
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
    ) -> None:
        machines(monkeypatch, tmp_path)
        where = target if place == "a directory" else s3.url()
        root, options = (
            (target, None) if place == "a directory" else ("s3://bucket/lake", s3.options())
        )
        with ExitStack() as stack:
            first, second = opened(stack, where).sink, opened(stack, where).sink
            stage(second, WINDOW, "stale")
            put(first, window, "new")
            with pytest.raises(ExportError, match="another export writes to this target"):
                second.commit(WINDOW)
            put(first, window, "newer")
        assert runs_in(root, options) == [(window.day, "newer")]

    @pytest.mark.parametrize("place", ["a directory", "an object store"])
    async def test_a_day_that_was_fetched_earlier_does_not_replace_a_later_one(
        self,
        exporter: Exporter,
        world: World,
        target: Path,
        s3: S3,
        place: str,
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
    ) -> None:
        machines(monkeypatch, tmp_path)
        # As if both looked into the record at the same instant.
        monkeypatch.setattr(Journal, "check", lambda _: None)
        where = target if place == "a directory" else s3.url()
        async with overtaken(exporter, world, where, format="delta"):
            pass
        root, options = ("s3://bucket/lake", s3.options()) if where != target else (target, None)
        tables = (
            DeltaTable(f"{root}/{name}", storage_options=options).to_pyarrow_table().to_pylist()
            for name in ("runs", "windows")
        )
        [run_row], window_rows = tables
        assert run_row["completion_state"] == "COMPLETE"
        assert {row["state"] for row in window_rows} == {"final"}
        assert (await exporter(where, resume=True, since=UNTIL - NIGHT)).windows_done == 0

    def test_who_comes_second_stops_at_the_first_table(
        self, target: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        machines(monkeypatch, tmp_path)
        with ExitStack() as stack:
            first, second = opened(stack, target).sink, opened(stack, target).sink
            put(first, NEXT, "r1")
            stage(second, WINDOW, "stale")
            # Nothing of it is new in the first table.
            with pytest.raises(ExportError, match="table runs"):
                second.commit(WINDOW, unchanged=["runs"])
        assert DeltaTable(target / "run_groups").count() == 1

    def test_one_that_comes_later_goes_on(self, target: Path) -> None:
        for run in ("r1", "r2"):
            with ExitStack() as stack:
                put(opened(stack, target).sink, WINDOW, run)
        assert runs_in(target) == [(WINDOW.day, "r2")]

    def test_another_program_that_joins_files(self, target: Path) -> None:
        with ExitStack() as stack:
            sink = opened(stack, target).sink
            put(sink, WINDOW, "r1")
            put(sink, NEXT, "r2")
        DeltaTable(target / "runs").optimize.compact()
        assert len(DeltaTable(target / "runs").file_uris()) == 1
        with ExitStack() as stack:
            sink = opened(stack, target).sink
            put(sink, NEXT, "r3")
            assert [batch["run_id"].to_pylist() for batch in sink.read(WINDOW, "runs")] == [["r1"]]
            assert sink.count("runs", ()) == {WINDOW: 1, NEXT: 1}
        assert runs_in(target) == [(WINDOW.day, "r1"), (NEXT.day, "r3")]

    def test_a_compaction_elsewhere(
        self, target: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        machines(monkeypatch, tmp_path)
        with ExitStack() as stack:
            put(opened(stack, target).sink, WINDOW, "r1")
        with ExitStack() as stack:
            first, second = opened(stack, target).sink, opened(stack, target).sink
            put(first, NEXT, "r2")
            first.compact([WINDOW, NEXT])
            assert len(DeltaTable(target / "runs").file_uris()) == 1
            put(first, NEXT, "r3")
            with pytest.raises(ExportError, match="another export writes to this target"):
                put(second, WINDOW, "stale")
        assert runs_in(target) == [(WINDOW.day, "r1"), (NEXT.day, "r3")]

    def test_another_program_that_replaces_the_same_files(self, target: Path) -> None:
        with ExitStack() as stack:
            sink = opened(stack, target).sink
            put(sink, WINDOW, "r1")
            put(sink, NEXT, "r2")
            DeltaTable(target / "runs").optimize.compact()
            with pytest.raises(ExportError, match="or another program to its table runs"):
                put(sink, WINDOW, "r3")
        assert runs_in(target) == [(WINDOW.day, "r1"), (NEXT.day, "r2")]

    def test_another_program_that_does_something_else(self, target: Path) -> None:
        with ExitStack() as stack:
            sink = opened(stack, target).sink
            put(sink, WINDOW, "r1")
            DeltaTable(target / "runs").alter.set_table_name("mine")
            DeltaTable(target / "runs").vacuum(dry_run=False)
            put(sink, WINDOW, "r2")
            DeltaTable(target / "runs").create_checkpoint()
            put(sink, NEXT, "r3")
        assert runs_in(target) == [(WINDOW.day, "r2"), (NEXT.day, "r3")]


class TestKeeping:
    async def test_compaction_joins_months_and_deletes_what_is_old(
        self, exporter: Exporter, world: World, target: Path
    ) -> None:
        await exporter(format="delta")
        await exporter()
        done = await lake.compact(target, before=MARCH)
        # Two days of runs, and three in `windows`.
        assert done.files_before == 2 * done.files_after + 2
        assert READERS["delta"](target) == expected(world)
        assert await lake.check(target) == []
        assert len(list((target / "runs").rglob("*.parquet"))) > 2
        for table in [*SCHEMAS, "windows"]:
            retention = {"delta.deletedFileRetentionDuration": "interval 0 seconds"}
            DeltaTable(target / table).alter.set_table_properties(retention)
        assert await lake.compact(target, before=MARCH) == lake.Compacted()
        for table in [*SCHEMAS, "windows"]:
            files = {Path(uri).name for uri in DeltaTable(target / table).file_uris()}
            assert {path.name for path in (target / table).glob("2*/*.parquet")} == files
        assert READERS["delta"](target) == expected(world)

    async def test_a_day_of_a_compacted_month_can_be_exported_again(
        self, exporter: Exporter, world: World, target: Path
    ) -> None:
        await exporter(format="delta")
        await lake.compact(target, before=MARCH)
        world.projects[0].run(specs=1, created_at=SINCE + timedelta(hours=5))
        await exporter()
        assert READERS["delta"](target) == expected(world)
        assert await lake.check(target) == []
        assert (await exporter(resume=True)).windows_done == 0

    async def test_all_of_it_in_an_object_store(
        self, exporter: Exporter, world: World, s3: S3
    ) -> None:
        url = s3.url()
        await exporter(url, format="delta")
        assert (await exporter(url, resume=True)).windows_done == 0
        await exporter(url)
        assert (await lake.compact(url, before=MARCH)).files_after > 0
        assert await lake.check(url) == []
        assert await lake.delete(url, projects=exporter.projects[:1]) == 3
        assert len(await lake.windows(url)) == 3
        assert await lake.check(url) == []
        projects = DeltaTable("s3://bucket/lake/runs", storage_options=s3.options()).partitions()
        assert projects == [{"project_id": exporter.projects[1]}]


class TestRefused:
    async def test_without_deltalake_the_extra_is_named(
        self, exporter: Exporter, server: FakeCurrents, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "deltalake", None)
        for name in list(sys.modules):
            if name.startswith("currents_async.export._write.delta"):
                monkeypatch.delitem(sys.modules, name)
        with pytest.raises(MissingExtraError, match=r"pip install 'currents-async\[delta\]'"):
            await exporter(format="delta")
        assert not server.requests

    async def test_a_target_of_another_format_is_left_alone(
        self, exporter: Exporter, server: FakeCurrents, target: Path
    ) -> None:
        await exporter(format="parquet")
        before = sorted(visible_files(target))
        with pytest.raises(ExportError, match="an export with format parquet, not delta"):
            await exporter(format="delta")
        assert sorted(visible_files(target)) == before
        other = target.with_name("other")
        await exporter(other, format="delta")
        with pytest.raises(ExportError, match="an export with format delta, not parquet"):
            await exporter(other, format="parquet")

    async def test_a_bucket_that_does_not_exist(
        self, exporter: Exporter, server: FakeCurrents, s3: S3
    ) -> None:
        with pytest.raises(ExportError, match="NoSuchBucket") as caught:
            await exporter(s3.url(bucket="nowhere"), format="delta")
        assert "\n" not in str(caught.value)
        assert not server.requests

    @pytest.mark.parametrize(
        ("denied", "message"),
        [("all", "ACCESS_DENIED"), ("writing", "Delta table .*AccessDenied")],
    )
    async def test_a_bucket_that_refuses(
        self,
        exporter: Exporter,
        server: FakeCurrents,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        denied: str,
        message: str,
    ) -> None:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not to be seen")
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        with refusing_store(denied == "all") as host:
            url = f"s3://bucket/lake?endpoint_override={host}&scheme=http&region=us-east-1"
            with pytest.raises(ExportError, match=message) as caught:
                await exporter(url, format="delta")
        assert "not to be seen" not in str(caught.value)
        assert not server.requests

    @pytest.mark.parametrize(
        ("theirs", "named"),
        [
            (pa.table({"name": ["x"]}), "project_id"),
            (pa.table({"project_id": ["p"], "day": ["2026-01-05"]}), "day"),
        ],
        ids=["a table of something else", "another type"],
    )
    async def test_a_table_that_no_export_made(
        self, exporter: Exporter, server: FakeCurrents, target: Path, theirs: Any, named: str
    ) -> None:
        write_deltalake(target / "tests", theirs)
        with pytest.raises(ExportError, match=rf"the Delta table tests was altered.*{named}"):
            await exporter(format="delta")
        assert DeltaTable(target / "tests").to_pyarrow_table() == theirs
        assert not server.requests

    async def test_features_that_files_of_an_export_do_not_have(
        self, exporter: Exporter, target: Path
    ) -> None:

        await exporter(format="delta")
        DeltaTable(target / "tests").alter.add_feature(
            TableFeatures.DeletionVectors, allow_protocol_versions_increase=True
        )
        with pytest.raises(ExportError, match="tests was altered: reading it takes version 3"):
            await exporter()


async def test_columns_that_an_older_release_did_not_have_are_added(
    exporter: Exporter, target: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await exporter(format="delta")
    older = DeltaTable(target / "runs").to_pyarrow_table().drop_columns(["title", "exported_at"])
    write_deltalake(
        target / "runs",
        older,
        mode="overwrite",
        schema_mode="overwrite",
        partition_by=["project_id"],
    )
    assert "title" not in DeltaTable(target / "runs").to_pyarrow_table().schema.names
    await exporter()
    assert READERS["delta"](target) == expected(world)
    fields = {field.name: field for field in DeltaTable(target / "runs").schema().fields}
    assert fields["title"].metadata == {"comment": "What the dashboard calls the run."}


async def test_the_guide(
    exporter: Exporter, world: World, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await exporter(format="delta")
    history = block_with("what_has_changed")
    before = DeltaTable(target / "tests").count()
    moment = datetime.now(UTC)
    for project in world.projects:
        project.run(specs=1, tests=2, flaky=1, created_at=SINCE + NIGHT)
    await exporter()
    assert history["rows_at"](str(target), "tests", moment) == before
    assert DeltaTable(target / "tests").count() > before
    changes = history["what_has_changed"](str(target), "tests")
    assert f"{(SINCE + NIGHT).date()} of {exporter.projects[0]}" in "".join(changes[:2])
    flaky = block_with("flakiest_specs")["flakiest_specs"](str(target), SINCE.date())
    assert flaky["times"].sum() == 2
    assert block_with("flakiest_specs")["flakiest_specs"](str(target), date(2026, 1, 8)).height == 0
    block_with("keep_for_a_month")["keep_for_a_month"](str(target), "tests")
    configuration = DeltaTable(target / "tests").metadata().configuration
    assert configuration["delta.deletedFileRetentionDuration"] == "interval 30 days"
    # A table that was taken back.
    table = DeltaTable(target / "tests")
    table.load_as_version(moment)
    DeltaTable(target / "tests").restore(table.version())
    assert {one.table for one in await lake.check(target)} == {"tests"}
    await exporter()
    assert READERS["delta"](target) == expected(world)


def test_secrets_of_a_url_are_not_shown() -> None:

    url = "s3://key:pa%2Fss@bucket/lake?region=eu-central-1&endpoint_override=127.0.0.1:9"
    place = delta_place(url, None, store_at(url))
    assert place.options == {
        "AWS_REGION": "eu-central-1",
        "AWS_ENDPOINT_URL": "https://127.0.0.1:9",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "pa/ss",
    }
    assert place.uri_of("runs") == "s3://bucket/lake/runs"
    assert "pa" not in repr(place).replace("Place", "")


def machines(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let each target that is opened be on a machine of its own: with its own lock and staging."""

    number = iter(range(9))

    def on_another(where: str | Path) -> Store:
        directory = tmp_path / f"machine {next(number)}"
        directory.mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(directory))
        store = store_at(where)
        store.staging = directory / "staging"
        return store

    monkeypatch.setattr(lock, "FileLock", lambda *_, **__: nullcontext())
    monkeypatch.setattr(module, "store_at", on_another)
