import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb
import pyarrow as pa
import pytest

from currents_async.errors import ExportError
from currents_async.export._tables import KEYS, SCHEMAS
from currents_async.export._windows import Window
from currents_async.export._write.duck import DuckDBSink
from currents_async.export._write.local_store import LocalStore
from tests.export.batches import NEXT, WINDOW, batches_of, put, stage

Open = Callable[[], DuckDBSink]

OTHER = Window(WINDOW.day, "o'ther")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "it's 100%.duckdb"


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    store = LocalStore(tmp_path / "beside")
    store.prepare()
    return store


@pytest.fixture
def connect(path: Path, store: LocalStore) -> Open:
    return lambda: DuckDBSink(path, store, SCHEMAS)


@pytest.fixture
def sink(connect: Open) -> Iterator[DuckDBSink]:
    sink = connect()
    yield sink
    sink.close()


def ask(path: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(path) as database:
        return database.execute(query).fetchall()


RUNS = "SELECT day, run_id, author_name FROM runs ORDER BY ALL"
GROUPS = "SELECT day, run_id FROM run_groups ORDER BY ALL"
STORAGE_VERSION = (
    "SELECT tags['storage_version'] FROM duckdb_databases() "
    "WHERE database_name = current_database()"
)


class TestWindows:
    def test_a_window_replaces_its_old_rows(self, sink: DuckDBSink, path: Path) -> None:
        put(sink, WINDOW, "r1", "r2")
        put(sink, NEXT, "r3")
        put(sink, WINDOW, "r2", author="Eve")
        put(sink, NEXT)
        sink.close()
        assert ask(path, RUNS) == [(WINDOW.day, "r2", "Eve")]
        assert ask(path, GROUPS) == [(WINDOW.day, "r2")]

    def test_windows_of_other_projects_are_left_alone(self, sink: DuckDBSink, path: Path) -> None:
        put(sink, WINDOW, "r1")
        put(sink, Window(WINDOW.day, "o'ther"), "r2")
        put(sink, WINDOW)
        sink.close()
        assert ask(path, "SELECT project_id FROM runs") == [("o'ther",)]

    def test_a_run_that_moves_to_another_window_is_there_once(
        self, sink: DuckDBSink, path: Path
    ) -> None:
        put(sink, WINDOW, "r1", "r2")
        put(sink, NEXT, "r2", "r3")
        sink.close()
        keys = [(WINDOW.day, "r1"), (NEXT.day, "r2"), (NEXT.day, "r3")]
        assert ask(path, GROUPS) == keys
        assert [row[:2] for row in ask(path, RUNS)] == keys

    def test_of_windows_that_are_committed_together_the_last_one_has_a_common_run(
        self, sink: DuckDBSink, path: Path
    ) -> None:
        put(sink, WINDOW, "r1", "r5")
        stage(sink, WINDOW, "r1", "r2")
        stage(sink, NEXT, "r2", "r3")
        stage(sink, OTHER, "r4")
        sink.commit_all({WINDOW: (), NEXT: (), OTHER: ()})
        sink.close()
        # The old row of r5 is gone, and that of r2 is in the window that came last.
        assert ask(path, GROUPS) == [
            (WINDOW.day, "r1"),
            (WINDOW.day, "r4"),
            (NEXT.day, "r2"),
            (NEXT.day, "r3"),
        ]

    def test_windows_that_are_committed_together_keep_tables_that_are_unchanged(
        self, sink: DuckDBSink, path: Path
    ) -> None:
        for window, run in ((WINDOW, "r1"), (NEXT, "r2")):
            put(sink, window, run)
            stage(sink, window, f"{run}-again")
        sink.commit_all({WINDOW: ["run_groups"], NEXT: ["runs"]})
        sink.close()
        assert ask(path, GROUPS) == [(WINDOW.day, "r1"), (NEXT.day, "r2-again")]
        assert [row[:2] for row in ask(path, RUNS)] == [(WINDOW.day, "r1-again"), (NEXT.day, "r2")]

    def test_windows_are_committed_together_with_few_statements(
        self, sink: DuckDBSink, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        windows = [Window(WINDOW.day, f"p{number}") for number in range(30)]
        for window in windows:
            stage(sink, window, f"r-{window.project_id}")
        database = mock.Mock(wraps=sink._database)
        database.execute("SET python_scan_all_frames = true")  # those of the mock are in between
        database.execute.reset_mock()
        monkeypatch.setattr(sink, "_database", database)
        sink.commit_all(dict.fromkeys(windows, ()))
        assert database.execute.call_count == len(SCHEMAS) + 2
        sink.close()
        assert len(ask(path, RUNS)) == len(windows)

    def test_all_tables_change_together_or_none_does(
        self, sink: DuckDBSink, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put(sink, WINDOW, "r1")
        stage(sink, WINDOW, "r1", "r2")
        replace = sink._replace

        def fail_midway(table: str, windows: Sequence[Window]) -> None:
            replace(table, windows)
            if table == "run_groups":
                raise OSError("no more")

        monkeypatch.setattr(sink, "_replace", fail_midway)
        with pytest.raises(OSError, match="no more"):
            sink.commit(WINDOW)
        sink.close()
        assert ask(path, GROUPS) == [(WINDOW.day, "r1")]
        assert [row[:2] for row in ask(path, RUNS)] == [(WINDOW.day, "r1")]

    def test_uncommitted_rows_leave_nothing(
        self, sink: DuckDBSink, path: Path, store: LocalStore
    ) -> None:
        stage(sink, WINDOW, "r1")
        sink.close()
        assert ask(path, RUNS) == []
        assert not store.staging.exists()

    def test_values_are_those_of_the_batches(self, sink: DuckDBSink, path: Path) -> None:
        put(sink, WINDOW, "r1", "r2")
        sink.close()
        with duckdb.connect(path) as database:
            database.execute("SET TimeZone = 'UTC'")
            rows = database.sql("FROM runs ORDER BY run_id").to_arrow_table().to_pylist()
        assert rows == dict(batches_of(WINDOW, "r1", "r2"))["runs"].to_pylist()

    def test_a_window_larger_than_the_memory_it_may_take(
        self, sink: DuckDBSink, path: Path
    ) -> None:
        [(_, batch), *_] = batches_of(WINDOW, *[f"r{number:0200}" for number in range(2000)])
        for number in range(24):
            text = pa.array([f"{row}:{number}:" * 250 for row in range(2000)])
            column = SCHEMAS["runs"].get_field_index("commit_message")
            sink.write(
                WINDOW,
                "runs",
                pa.RecordBatch.from_arrays(
                    [*batch.columns[:column], text, *batch.columns[column + 1 :]],
                    schema=SCHEMAS["runs"],
                ),
            )
        sink.commit(WINDOW)
        sink.close()
        assert ask(path, "SELECT count(*), sum(length(commit_message)) > 64e6 FROM runs") == [
            (48_000, True)
        ]


class TestTables:
    def test_they_document_their_columns(self, sink: DuckDBSink, path: Path) -> None:
        sink.close()
        tables = dict(ask(path, "SELECT table_name, comment FROM duckdb_tables()"))
        assert tables.keys() == SCHEMAS.keys()
        assert tables["runs"] == "Runs, one row each. Key: run_id."
        query = "SELECT table_name, column_name, comment FROM duckdb_columns() WHERE NOT internal"
        comments = {(table, column): said for table, column, said in ask(path, query)}
        for table, schema in SCHEMAS.items():
            assert set(KEYS[table]) <= set(schema.names)
            fields: list[Any] = list(schema)
            for field in fields:
                assert comments[table, field.name].startswith(field.metadata[b"doc"].decode())
        assert comments["runs", "duration_ms"] == "How long it took. Unit: ms."

    def test_other_tables_in_the_file_are_left_alone(self, connect: Open, path: Path) -> None:
        ask(path, "CREATE TABLE mine AS SELECT 'precious' AS what")
        ask(path, "CREATE VIEW seen AS FROM mine")
        for _ in range(2):
            sink = connect()
            put(sink, WINDOW, "r1")
            sink.close()
        assert ask(path, "FROM seen") == [("precious",)]
        assert len(ask(path, RUNS)) == 1

    def test_a_table_of_an_older_release_gets_its_missing_columns(
        self, connect: Open, path: Path
    ) -> None:
        sink = connect()
        put(sink, WINDOW, "r1")
        sink.close()
        ask(path, "ALTER TABLE runs DROP COLUMN author_name")
        ask(path, "ALTER TABLE runs DROP COLUMN tags")
        sink = connect()
        put(sink, NEXT, "r2")
        sink.close()
        query = "SELECT run_id, author_name, tags FROM runs ORDER BY 1"
        assert ask(path, query) == [("r1", None, None), ("r2", "Ada", ["a", "b"])]
        query = "SELECT comment FROM duckdb_columns() WHERE column_name = 'author_name'"
        assert ask(path, query) == [("The author of the commit.",)]

    def test_a_column_of_the_users_is_left_alone(self, connect: Open, path: Path) -> None:
        connect().close()
        ask(path, "ALTER TABLE runs ADD COLUMN mine VARCHAR DEFAULT 'precious'")
        sink = connect()
        put(sink, WINDOW, "r1")
        sink.close()
        assert ask(path, "SELECT run_id, mine FROM runs") == [("r1", "precious")]

    @pytest.mark.parametrize(
        ("theirs", "columns"),
        [
            ("CREATE TABLE tests (name VARCHAR)", "project_id, day, run_id"),
            ("CREATE TABLE tests AS SELECT 1 AS project_id, 2 AS day, '' AS run_id", "project_id"),
        ],
    )
    def test_a_foreign_table_is_left_alone(
        self, connect: Open, path: Path, theirs: str, columns: str
    ) -> None:
        ask(path, theirs)
        before = ask(path, "DESCRIBE tests")
        with pytest.raises(
            ExportError, match=f"the table tests in this file was not made .*{columns}"
        ):
            connect()
        assert ask(path, "DESCRIBE tests") == before

    def test_a_foreign_view_is_left_alone(self, connect: Open, path: Path) -> None:
        ask(path, "CREATE VIEW tests AS SELECT 1 AS one")
        with pytest.raises(ExportError):
            connect()
        assert ask(path, "FROM tests") == [(1,)]


class TestFile:
    def test_a_file_is_for_duckdb_1_by_default(
        self, connect: Open, path: Path, store: LocalStore, tmp_path: Path
    ) -> None:
        newest = tmp_path / "newest"
        duckdb.connect(newest, config={"storage_compatibility_version": "latest"}).close()
        connect().close()
        assert ask(path, STORAGE_VERSION) == [("v1.4.0+",)]
        path.unlink()
        DuckDBSink(path, store, SCHEMAS, storage="latest").close()
        # It stays what it was made as.
        connect().close()
        assert ask(path, STORAGE_VERSION) == ask(newest, STORAGE_VERSION)

    def test_a_file_that_cannot_be_made_leaves_nothing(
        self, connect: Open, path: Path, store: LocalStore
    ) -> None:
        store.staging.write_bytes(b"in the way")
        with pytest.raises(OSError, match="staging"):
            connect()
        assert not path.exists()
        store.staging.unlink()
        connect().close()
        assert ask(path, GROUPS) == []

    def test_memory_and_extensions_are_restricted(self, sink: DuckDBSink) -> None:
        settings = (
            "current_setting('memory_limit'), current_setting('autoinstall_known_extensions')"
        )
        assert sink._database.sql(f"SELECT {settings}").fetchall() == [("61.0 MiB", False)]

    def test_a_file_that_another_process_has_opened(self, connect: Open, path: Path) -> None:
        program = (
            "import duckdb, sys\n"
            "database = duckdb.connect(sys.argv[1])\n"
            "print('ready', flush=True)\n"
            "input()\n"
        )
        with subprocess.Popen(  # noqa: S603 - a program of ours
            [sys.executable, "-c", program, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == b"ready\n"
            with pytest.raises(duckdb.Error, match="lock"):
                connect()
            holder.communicate(b"\n")
        connect().close()

    def test_a_file_of_another_kind(self, connect: Open, path: Path) -> None:
        path.write_bytes(b"mine" * 1000)
        with pytest.raises(duckdb.Error, match="not a valid DuckDB database file"):
            connect()
        assert path.read_bytes() == b"mine" * 1000

    def test_committed_rows_survive_a_kill(self, path: Path, store: LocalStore) -> None:
        program = (
            "import os, signal, sys\n"
            "from pathlib import Path\n"
            "from currents_async.export._write.duck import DuckDBSink\n"
            "from currents_async.export._tables import SCHEMAS\n"
            "from currents_async.export._write.local_store import LocalStore\n"
            "from tests.export.batches import NEXT, WINDOW, put, stage\n"
            "store = LocalStore(Path(sys.argv[2]))\n"
            "sink = DuckDBSink(Path(sys.argv[1]), store, SCHEMAS)\n"
            "put(sink, WINDOW, 'r1')\n"
            "stage(sink, NEXT, 'r2')\n"
            "os.kill(os.getpid(), signal.SIGKILL)\n"
        )
        beside = store.staging.parent.parent
        subprocess.run(  # noqa: S603 - a program of ours
            [sys.executable, "-c", program, str(path), str(beside)],
            check=False,
            cwd=Path(__file__).parents[2],
        )
        assert path.with_name(f"{path.name}.wal").exists()
        assert ask(path, GROUPS) == [(WINDOW.day, "r1")]
