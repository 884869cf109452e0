from contextlib import ExitStack
from pathlib import Path

import duckdb
import pytest

from currents_async.errors import ExportError, InvalidArgumentError
from currents_async.export._tables import SCHEMAS
from currents_async.export._write.journal import Entry, Options
from currents_async.export._write.target import ExportFormat, Target, open_target
from tests.export.batches import WINDOW, put, stage
from tests.export.landed import FORMATS

every_format = pytest.mark.parametrize("export_format", ["ndjson.zst", *FORMATS])


def opened(stack: ExitStack, path: str | Path, export_format: ExportFormat = "parquet") -> Target:
    return stack.enter_context(open_target(path, export_format, SCHEMAS))


def record(target: Target) -> None:
    put(target.sink, WINDOW, "r1")
    target.journal.begin(Options(format=target.format, tables=tuple(SCHEMAS)))
    target.journal.add(Entry(project_id=WINDOW.project_id, day=WINDOW.day))


def knows(path: Path, export_format: ExportFormat) -> bool:
    with ExitStack() as stack:
        return opened(stack, path, export_format).journal.entry(WINDOW) is not None


class TestLock:
    @every_format
    def test_a_second_export_is_refused_until_the_first_has_ended(
        self, tmp_path: Path, export_format: ExportFormat
    ) -> None:
        path = tmp_path / "target"
        with ExitStack() as stack:
            first = opened(stack, path, export_format)
            stage(first.sink, WINDOW, "r1")
            with pytest.raises(ExportError, match="another export is writing to this target"):
                opened(stack, path, export_format)
            # What it has staged is still there.
            first.sink.commit(WINDOW)
        with ExitStack() as stack:
            opened(stack, path, export_format)

    def test_it_is_the_same_target_by_another_name(self, tmp_path: Path) -> None:
        (tmp_path / "lake").mkdir()
        (tmp_path / "link").symlink_to("lake")
        with ExitStack() as stack:
            opened(stack, tmp_path / "lake")
            again = f"{tmp_path}/../{tmp_path.name}/lake"
            for name in (tmp_path / "link", f"file://{tmp_path}/lake", again):
                with pytest.raises(ExportError, match="another export"):
                    opened(stack, name)

    def test_it_is_the_same_duckdb_file_by_another_name(self, tmp_path: Path) -> None:
        duckdb.connect(tmp_path / "x").close()
        (tmp_path / "link").symlink_to("x")
        with ExitStack() as stack:
            opened(stack, tmp_path / "x", "duckdb")
            for name in (tmp_path / "link", f"file://{tmp_path}/x"):
                with pytest.raises(ExportError, match="another export"):
                    opened(stack, name, "duckdb")

    @every_format
    def test_a_target_that_fails_to_open_is_unlocked(
        self, tmp_path: Path, export_format: ExportFormat
    ) -> None:
        path = tmp_path / "target"
        with ExitStack() as stack:
            opened(stack, path, export_format)
        [journal] = [lock.with_name("journal.ndjson") for lock in tmp_path.rglob("lock")]
        for _ in range(2):
            journal.write_bytes(b"no journal\n")
            with ExitStack() as stack, pytest.raises(ExportError, match="damaged"):
                opened(stack, path, export_format)


class TestLeftovers:
    @every_format
    def test_leftovers_of_a_kill_are_removed_and_nothing_else(
        self, tmp_path: Path, export_format: ExportFormat
    ) -> None:
        path = tmp_path / "target"
        with ExitStack() as stack:
            record(opened(stack, path, export_format))
        [lock] = tmp_path.rglob("lock")
        staged = lock.with_name("staging") / "x.part"
        staged.parent.mkdir()
        mine = [lock.parent.parent / "runs" / ".x.part", lock.parent.parent / "mine.txt"]
        for file in (staged, *mine):
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(b"something")
        with ExitStack() as stack:
            opened(stack, path, export_format)
            assert not staged.exists()
        assert all(file.exists() for file in mine)
        assert knows(path, export_format)

    @every_format
    def test_an_error_leaves_nothing_staged(
        self, tmp_path: Path, export_format: ExportFormat
    ) -> None:
        with ExitStack() as stack, pytest.raises(KeyboardInterrupt):
            stage(opened(stack, tmp_path / "target", export_format).sink, WINDOW, "r1")
            assert list(tmp_path.rglob("*.part"))
            raise KeyboardInterrupt
        assert not list(tmp_path.rglob("*.part"))
        assert not list(tmp_path.rglob("staging"))


class TestDuckDB:
    def test_the_journal_of_a_deleted_file_is_ignored(self, tmp_path: Path) -> None:
        path = tmp_path / "x.duckdb"
        with ExitStack() as stack:
            record(opened(stack, path, "duckdb"))
        assert knows(path, "duckdb")
        path.unlink()
        assert not knows(path, "duckdb")

    def test_the_file_has_the_requested_name(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        with ExitStack() as stack:
            # Neither in memory nor a service.
            for name in (":memory:", "md:x", "a b%20.db"):
                opened(stack, name, "duckdb")
                assert (tmp_path / name).is_file()

    @pytest.mark.parametrize("target", ["s3://bucket/x.duckdb", "gs://bucket/x", "/", "file:///"])
    def test_targets_that_cannot_be_files_are_refused(self, target: str) -> None:
        with ExitStack() as stack, pytest.raises(InvalidArgumentError, match="on this machine"):
            opened(stack, target, "duckdb")

    def test_a_directory_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "x").mkdir()
        with ExitStack() as stack, pytest.raises(duckdb.Error, match="Is a directory"):
            opened(stack, tmp_path / "x", "duckdb")
