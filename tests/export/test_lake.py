"""Compacting, checking and deleting, and what readers see meanwhile."""

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from currents_async.errors import ExportError, InvalidArgumentError
from currents_async.export import ExportFormat, lake
from currents_async.export._write import local_store
from currents_async.testing import World
from tests.export.exporting import NIGHT, SINCE, UNTIL, Exporter, both_frameworks
from tests.export.landed import FORMATS, READERS, delta_table, expected, visible_files

MARCH = datetime(2026, 3, 1, tzinfo=UTC)
STEPS = {"at once": range(2, 25, 5), "without exchange": range(2, 60, 12)}
FILES: list[ExportFormat] = ["parquet", "ndjson.gz"]


@pytest.fixture
def world() -> World:
    return both_frameworks([SINCE + NIGHT * number for number in range(3)], specs=1, failures=1)


def names_in(target: Path, table: str) -> list[str]:
    return sorted(path.name for path in (target / table).rglob("*") if path.is_file())


class TestCompact:
    @pytest.mark.parametrize("export_format", FILES)
    @pytest.mark.parametrize("way", ["at once", "without exchange"])
    async def test_joins_the_days_of_a_month(
        self,
        exporter: Exporter,
        world: World,
        target: Path,
        export_format: ExportFormat,
        monkeypatch: pytest.MonkeyPatch,
        way: str,
    ) -> None:
        if way == "without exchange":
            monkeypatch.setattr(local_store, "exchange", lambda *_: False)
        await exporter(format=export_format)
        whole = expected(world)
        done = await lake.compact(target, before=MARCH)
        assert done.files_before == 3 * done.files_after
        assert READERS[export_format](target) == whole
        [first, _] = names_in(target, "tests")
        assert first.startswith("2026-01-05_2026-01-07.0.")
        assert await lake.check(target) == []
        assert await lake.compact(target, before=MARCH) == lake.Compacted()
        assert sorted(path.name for path in (target / "_currents").iterdir()) == [
            "journal.ndjson",
            "lock",
        ]

    @pytest.mark.parametrize("export_format", FILES)
    async def test_a_day_of_it_can_be_exported_again(
        self, exporter: Exporter, world: World, target: Path, export_format: ExportFormat
    ) -> None:
        await exporter(format=export_format)
        await lake.compact(target, before=MARCH)
        for project in world.projects:
            project.run(specs=1, created_at=SINCE + NIGHT + timedelta(hours=5))
        await exporter()
        assert READERS[export_format](target) == expected(world)
        assert len(names_in(target, "tests")) == 2
        assert await lake.check(target) == []
        assert (await exporter(resume=True)).windows_done == 0

    async def test_leaves_months_that_are_not_over(self, exporter: Exporter, target: Path) -> None:
        await exporter()
        before = names_in(target, "tests")
        assert (await lake.compact(target, before=UNTIL)).files_before == 0
        assert names_in(target, "tests") == before

    @pytest.mark.parametrize("way", ["at once", "without exchange"])
    async def test_kills_at_any_step_lose_and_double_nothing(
        self, exporter: Exporter, world: World, target: Path, tmp_path: Path, way: str
    ) -> None:
        await exporter(tables=["runs", "errors"])
        whole = READERS["parquet"](target)
        copies = tmp_path / "copies"
        for step in STEPS[way]:
            shutil.copytree(target, copies / str(step))
        command = [sys.executable, "-m", "tests.export.lake_child", way, str(copies)]
        subprocess.run(command, check=True)  # noqa: ASYNC221, S603 - ours
        files = set()
        for copy in copies.iterdir():
            if way == "at once":
                assert READERS["parquet"](copy) == whole
            assert await lake.check(copy) == []
            assert READERS["parquet"](copy) == whole
            files.add(len(names_in(copy, "runs")))
        # Some were killed early, others late.
        assert len(files) >= 2

    @pytest.mark.engines
    async def test_kills_at_any_step_are_nothing_to_delta_tables(
        self, exporter: Exporter, world: World, target: Path, tmp_path: Path
    ) -> None:
        await exporter(tables=["runs", "errors"], format="delta")
        whole = READERS["delta"](target)
        copies = tmp_path / "copies"
        for step in range(1, 13, 3):
            shutil.copytree(target, copies / str(step))
        command = [sys.executable, "-m", "tests.export.lake_child", "delta", str(copies)]
        subprocess.run(command, check=True)  # noqa: ASYNC221, S603 - ours
        files = set()
        for copy in copies.iterdir():
            assert READERS["delta"](copy) == whole
            assert await lake.check(copy) == []
            files.add(len(delta_table(copy / "runs").file_uris()))
            await lake.compact(copy, before=MARCH)
            assert READERS["delta"](copy) == whole
        assert files == {2, 6}

    async def test_is_refused_for_duckdb(self, exporter: Exporter, tmp_path: Path) -> None:
        await exporter(tmp_path / "runs.duckdb")
        with pytest.raises(ExportError, match="nothing to compact"):
            await lake.compact(tmp_path / "runs.duckdb")


@pytest.mark.parametrize("export_format", FORMATS)
class TestKeeping:
    async def test_windows_says_what_is_there(
        self, exporter: Exporter, target: Path, export_format: ExportFormat
    ) -> None:
        result = await exporter(format=export_format)
        found = await lake.windows(target)
        assert [one.day for one in found] == [(SINCE + NIGHT * (n // 2)).date() for n in range(6)]
        assert {one.state for one in found} == {"final"}
        assert sum(one.rows or 0 for one in found) == sum(result.rows.values())
        assert await lake.windows(target, before=SINCE + NIGHT) == found[:2]
        chosen = await lake.windows(target, projects=exporter.projects[:1], before=UNTIL)
        assert chosen == [one for one in found if one.project_id == exporter.projects[0]]

    async def test_delete_takes_days_and_projects(
        self, exporter: Exporter, world: World, target: Path, export_format: ExportFormat
    ) -> None:
        await exporter(format=export_format)
        if export_format != "duckdb":
            await lake.compact(target, before=MARCH)
        assert await lake.delete(target, before=SINCE + NIGHT) == 2
        assert await lake.delete(target, projects=[exporter.projects[0], "nobody"]) == 2
        whole, landed = expected(world), READERS[export_format](target)
        for table, of_table in whole.items():
            assert landed[table] == {
                window: rows
                for window, rows in of_table.items()
                if window.project_id == exporter.projects[1] and window.start > SINCE
            }
        assert await lake.check(target) == []
        assert len(await lake.windows(target)) == 2
        if export_format != "duckdb":
            assert {path.relative_to(target).parts[0] for path in visible_files(target)} == {
                *whole,
                "windows",
            }
        assert (await exporter(resume=True)).windows_done == 4
        assert READERS[export_format](target) == whole

    async def test_check_finds_what_is_missing(
        self, exporter: Exporter, target: Path, export_format: ExportFormat
    ) -> None:
        await exporter(format=export_format)
        if export_format == "duckdb":
            with duckdb.connect(target) as database:
                database.execute("DELETE FROM tests WHERE day = '2026-01-06'")
        elif export_format == "delta":
            delta_table(target / "tests").delete("day = '2026-01-06'")
        else:
            for path in visible_files(target):
                if path.parts[-4] == "tests" and path.name.startswith("2026-01-06"):
                    path.unlink()
        faults = await lake.check(target)
        assert [(one.table, str(one.day), one.rows) for one in faults] == [
            ("tests", "2026-01-06", 0)
        ] * 2
        assert all(one.recorded > 0 for one in faults)


async def test_a_damaged_file_is_an_error(exporter: Exporter, target: Path) -> None:
    await exporter()
    file = next(path for path in visible_files(target) if path.parts[-4] == "tests")
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(ExportError, match=file.name):
        await lake.check(target)


@pytest.mark.parametrize("call", [lake.windows, lake.check, lake.compact])
async def test_no_export_is_an_error(tmp_path: Path, call: Any) -> None:
    for target in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(ExportError, match="there is no export at"):
            await call(target)
    assert not any(os.walk(tmp_path / "_currents"))
    assert not any(os.walk(tmp_path / "nowhere"))


async def test_deleting_everything_needs_a_reason(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="pass projects or before"):
        await lake.delete(tmp_path)
