from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import duckdb
import msgspec
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from currents_async.export._tables import SCHEMAS
from currents_async.export._windows import Window
from currents_async.export._write.files import FileSink
from currents_async.export._write.formats import Format, Ndjson, Parquet
from currents_async.export._write.local_store import LocalStore
from tests.export.batches import NEXT, WINDOW, batches_of, put, stage
from tests.export.landed import visible_files

FORMATS: list[Format] = [Parquet(), Ndjson("gzip"), Ndjson("zstd")]
every_format = pytest.mark.parametrize(
    "export_format", FORMATS, ids=lambda export_format: export_format.suffix
)


def opened(root: Path, export_format: Format) -> FileSink:
    store = LocalStore(root)
    store.prepare()
    return FileSink(store, export_format, SCHEMAS)


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[FileSink]:
    sink = opened(tmp_path, Parquet())
    yield sink
    sink.close()


def seen_by_readers(root: Path) -> set[tuple[str, ...]]:
    """What of `runs` is found by those who look for files in different ways."""
    found = {tuple(sorted(ds.dataset(str(root / "runs"), format="parquet").files))}
    for where in ("runs/**", "*/*/*/*"):
        files = duckdb.execute(f"SELECT file FROM glob('{root}/{where}')").fetchall()  # noqa: S608 - ours
        found.add(tuple(sorted(file for (file,) in files if "/runs/" in file)))
    return found


def authors(root: Path) -> list[tuple[str, str]]:
    query = f"SELECT run_id, author_name FROM read_parquet('{root}/runs/**/*.parquet') ORDER BY 1"  # noqa: S608
    return duckdb.execute(query).fetchall()


class TestWindows:
    @every_format
    def test_a_window_is_a_file_in_directories_by_project_and_month(
        self, tmp_path: Path, export_format: Format
    ) -> None:
        sink = opened(tmp_path, export_format)
        put(sink, WINDOW, "r1", "r2")
        put(sink, NEXT, "r3")
        sink.close()
        assert {str(path.relative_to(tmp_path)) for path in visible_files(tmp_path)} == {
            f"{table}/project=p/month=2026-01/{day}.0{export_format.suffix}"
            for table in ("runs", "run_groups")
            for day in ("2026-01-05", "2026-01-06")
        }

    def test_staged_files_are_invisible(self, tmp_path: Path, sink: FileSink) -> None:
        put(sink, WINDOW, "r1")
        file = str(tmp_path / "runs/project=p/month=2026-01/2026-01-05.0.parquet")
        assert seen_by_readers(tmp_path) == {(file,)}
        stage(sink, WINDOW, "r2")
        stage(sink, NEXT, "r3")
        assert len(list((tmp_path / "_currents" / "staging").iterdir())) == 4
        assert seen_by_readers(tmp_path) == {(file,)}

    def test_uncommitted_rows_leave_nothing(self, tmp_path: Path, sink: FileSink) -> None:
        stage(sink, WINDOW, "r1")
        sink.close()
        assert not [path for path in tmp_path.rglob("*") if path.is_file()]

    def test_a_window_replaces_its_old_rows(self, tmp_path: Path, sink: FileSink) -> None:
        put(sink, WINDOW, "r1", "r2", author="Ada")
        put(sink, NEXT, "r3", author="Ada")
        put(sink, WINDOW, "r2", author="Eve")
        assert authors(tmp_path) == [("r2", "Eve"), ("r3", "Ada")]

    def test_a_table_that_loses_its_rows_keeps_an_empty_file(
        self, tmp_path: Path, sink: FileSink
    ) -> None:
        put(sink, WINDOW, "r1")
        for table, batch in batches_of(WINDOW, "r1"):
            if table == "runs":
                sink.write(WINDOW, table, batch)
        sink.commit(WINDOW)
        rows = {path.parts[-4]: pq.read_table(path).num_rows for path in visible_files(tmp_path)}
        assert rows == {"runs": 1, "run_groups": 0}

    def test_files_are_replaced_atomically_one_by_one(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen: list[dict[str, int]] = []

        def look() -> None:
            seen.append({
                path.parts[-4]: pq.read_metadata(path).num_rows for path in visible_files(tmp_path)
            })

        class Watched(LocalStore):
            def publish(self, staged: Path, name: str) -> None:
                look()
                super().publish(staged, name)

        store = Watched(tmp_path)
        store.prepare()
        sink = FileSink(store, Parquet(), SCHEMAS)
        put(sink, WINDOW, "r1")
        put(sink, WINDOW, "r1", "r2")
        look()
        sink.close()
        before, after = {"runs": 1, "run_groups": 1}, {"runs": 2, "run_groups": 2}
        assert seen == [{}, {"runs": 1}, before, {**before, "runs": 2}, after]

    def test_a_reader_of_an_old_file_reads_it_to_its_end(
        self, tmp_path: Path, sink: FileSink
    ) -> None:
        put(sink, WINDOW, "r1")
        with pq.ParquetFile(tmp_path / "runs/project=p/month=2026-01/2026-01-05.0.parquet") as old:
            put(sink, WINDOW, "r2")
            assert old.read(["run_id"]).to_pydict() == {"run_id": ["r1"]}

    def test_a_replaced_file_has_another_name_and_no_listing_has_a_day_twice_or_not_at_all(
        self, tmp_path: Path, sink: FileSink, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put(sink, WINDOW, "r1", author="Ada")
        seen: list[tuple[list[str], list[tuple[str, str]]]] = []

        def look() -> None:
            names = [path.name for path in (tmp_path / "runs").rglob("*.parquet")]
            seen.append((names, authors(tmp_path)))

        def watched(step: Callable[[Path, Path], Path]) -> Callable[[Path, Path], Path]:
            def watch(path: Path, goal: Path) -> Path:
                look()
                moved = step(path, goal)
                look()
                return moved

            return watch

        for step in (Path.replace, Path.rename):
            monkeypatch.setattr(Path, step.__name__, watched(step))
        put(sink, WINDOW, "r1", author="Eve")
        monkeypatch.undo()
        old, new = ["2026-01-05.0.parquet"], ["2026-01-05.1.parquet"]
        steps = [one for index, one in enumerate(seen) if one not in seen[:index]]
        assert steps == [(old, [("r1", "Ada")]), (old, [("r1", "Eve")]), (new, [("r1", "Eve")])]

    def test_a_reader_that_listed_before_does_not_take_the_new_file_for_the_old_one(
        self, tmp_path: Path, sink: FileSink
    ) -> None:
        put(sink, WINDOW, "r1")
        listed = ds.dataset(str(tmp_path / "runs"))
        put(sink, WINDOW, *map(str, range(100)))
        with pytest.raises(FileNotFoundError):
            listed.to_table()
        assert ds.dataset(str(tmp_path / "runs")).count_rows() == 100

    @pytest.mark.parametrize("project_id", ["a/b", "..", "100%", "a b", "ü=?&", "p'; --"])
    def test_projects_of_any_name(self, tmp_path: Path, project_id: str) -> None:
        sink = opened(tmp_path / "lake", Parquet())
        put(sink, Window(WINDOW.day, project_id), "r1")
        sink.close()
        assert all(path.is_relative_to(tmp_path / "lake") for path in visible_files(tmp_path))
        dataset = ds.dataset(str(tmp_path / "lake" / "runs"), partitioning="hive")
        found = dataset.to_table(columns=["project_id", "project"]).to_pydict()
        assert found == {"project_id": [project_id], "project": [project_id]}
        [file] = (tmp_path / "lake" / "runs").iterdir()
        assert unquote(file.name) == f"project={project_id}"

    @pytest.mark.parametrize("name", ["a b", "100%25", "ü", "s3:x", "it's", ".hidden", "_x"])
    def test_targets_of_any_name(self, tmp_path: Path, name: str) -> None:
        for export_format in FORMATS:
            sink = opened(tmp_path / name, export_format)
            put(sink, WINDOW, "r1")
            sink.close()
        assert len(list(visible_files(tmp_path / name))) == 6


class TestParquet:
    def test_large_files_document_their_columns(self, tmp_path: Path, sink: FileSink) -> None:
        put(sink, WINDOW, "r1", author="long" * (1 << 18))
        schema: Any = pq.read_schema(tmp_path / "runs/project=p/month=2026-01/2026-01-05.0.parquet")
        whole: Any = SCHEMAS["runs"]
        assert schema.equals(whole)
        assert schema.metadata.items() >= whole.metadata.items()
        for field in schema:
            assert field.metadata.items() >= whole.field(field.name).metadata.items()

    def test_footers_of_small_files_are_small(self, tmp_path: Path, sink: FileSink) -> None:
        put(sink, WINDOW, "r1")
        file = tmp_path / "run_groups/project=p/month=2026-01/2026-01-05.0.parquet"
        assert pq.read_schema(file).equals(SCHEMAS["run_groups"])
        assert pq.read_metadata(file).serialized_size < 4000

    def test_row_groups_are_few_and_memory_stays_flat(self, tmp_path: Path) -> None:
        schema = pa.schema([("text", pa.string())])
        batch = pa.RecordBatch.from_pydict({"text": [f"{n:01000}" for n in range(1000)]}, schema)
        before, most = pa.total_allocated_bytes(), 0

        def batches() -> Iterator[Any]:
            nonlocal most
            for _ in range(100):
                # A copy: the same batch again and again would need no memory.
                copy = pa.concat_arrays([batch[0]])
                yield pa.RecordBatch.from_arrays([copy], schema=schema)
                most = max(most, pa.total_allocated_bytes() - before)

        Parquet().write(tmp_path / "large", schema, batches())
        metadata = pq.read_metadata(tmp_path / "large")
        assert metadata.num_rows == 100_000
        assert metadata.num_row_groups == 2
        assert most < 120 << 20
        assert metadata.row_group(0).column(0).compression == "ZSTD"


class TestReaders:
    """IDs that look like numbers are text, for readers that prune by directories, too."""

    IDS = ("012345", "1e2345")

    @pytest.fixture(autouse=True)
    def written(self, tmp_path: Path, sink: FileSink) -> None:
        for project_id in self.IDS:
            put(sink, Window(WINDOW.day, project_id), "r1")

    def check(self, project_ids: Iterable[Any], days: Iterable[Any]) -> None:
        assert tuple(sorted(project_ids)) == self.IDS
        assert [str(day)[:10] for day in days] == ["2026-01-05"] * 2

    def test_duckdb(self, tmp_path: Path) -> None:
        query = f"SELECT project_id, day FROM read_parquet('{tmp_path}/runs/**/*.parquet')"  # noqa: S608
        self.check(*zip(*duckdb.execute(query).fetchall(), strict=True))

    def test_polars(self, tmp_path: Path) -> None:
        found = pl.read_parquet(tmp_path / "runs")
        self.check(found["project_id"], found["day"])

    def test_pandas(self, tmp_path: Path) -> None:
        found = pd.read_parquet(tmp_path / "runs")
        self.check(found["project_id"], found["day"])

    def test_pyarrow(self, tmp_path: Path) -> None:
        for partitioning in (None, "hive"):
            found = ds.dataset(str(tmp_path / "runs"), partitioning=partitioning).to_table()
            self.check(found["project_id"].to_pylist(), found["day"].to_pylist())


class TestNdjson:
    @pytest.mark.parametrize("compression", ["gzip", "zstd"])
    def test_how_values_are_written(self, tmp_path: Path, compression: Any) -> None:
        export_format = Ndjson(compression)
        sink = opened(tmp_path, export_format)
        put(sink, WINDOW, "r1", "r2", author="Zoë\n")
        sink.close()
        file = tmp_path / f"runs/project=p/month=2026-01/2026-01-05.0{export_format.suffix}"
        with pa.CompressedInputStream(str(file), compression) as stream:
            lines = stream.read().split(b"\n")
        assert lines.pop() == b""
        rows = [msgspec.json.decode(line) for line in lines]
        assert [row["run_id"] for row in rows] == ["r1", "r2"]
        for row in rows:
            assert list(row) == SCHEMAS["runs"].names
            assert (row["project_id"], row["day"]) == ("p", "2026-01-05")
            assert row["created_at"] == "2026-01-05T09:00:00.123000Z"
            assert row["tags"] == ["a", "b"]
            assert row["author_name"] == "Zoë\n"
            assert row["deleted_at"] is None

    @pytest.mark.parametrize("compression", ["gzip", "zstd"])
    def test_duckdb_reads_it(self, tmp_path: Path, compression: Any) -> None:
        sink = opened(tmp_path, Ndjson(compression))
        put(sink, WINDOW, "r1")
        sink.close()
        query = f"SELECT project_id, day, run_id FROM read_json('{tmp_path}/runs/*/*/*')"  # noqa: S608
        assert duckdb.execute(query).fetchall() == [("p", WINDOW.day, "r1")]
