"""Targets of the first version of the tables, which had fewer of them, and fewer columns.

`data/targets-of-version-1.zip` has one target of each format, written before there was a second
version. They hold one run of two spec files, which began on 2026-01-05.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import msgspec
import pytest

from currents_async import Currents, ExportError
from currents_async.export import SCHEMAS, ExportFormat, export
from currents_async.export._tables import VERSION
from currents_async.testing import FakeCurrents, World
from tests.export.exporting import ANNOTATIONS
from tests.export.landed import READERS

TARGETS = Path(__file__).parent / "data" / "targets-of-version-1.zip"
NAMES: dict[ExportFormat, str] = {
    "parquet": "parquet",
    "ndjson.gz": "ndjson.gz",
    "duckdb": "first.duckdb",
}
FIRST = ["runs", "run_groups", "specs", "tests", "attempts", "artifacts", "errors"]
SINCE = datetime(2026, 1, 5, tzinfo=UTC)
NEW_IN_TESTS = {"owner", "started_at", "duration_ms", "instance_signature"}


@pytest.fixture
def world() -> World:
    """A world with the project of the targets, but only runs that are new."""
    world = World(seed=1)
    project = world.project()
    world.delete(project.run(specs=2, tests=2, created_at=SINCE + timedelta(hours=9)).run_id)
    for hours in (10, 34):
        project.run(
            specs=1,
            tests=2,
            created_at=SINCE + timedelta(hours=hours),
            annotations=ANNOTATIONS,
            environments=["staging"],
        )
    return world


@pytest.fixture
async def currents(world: World) -> AsyncIterator[Currents]:
    async with (
        FakeCurrents(world) as server,
        Currents(server.api_key, base_url=server.url) as currents,
    ):
        yield currents


def journal_of(target: Path, export_format: ExportFormat) -> list[dict[str, Any]]:
    beside = target.with_name(f"{target.name}.currents") if export_format == "duckdb" else target
    lines = (beside / "_currents" / "journal.ndjson").read_bytes().splitlines()
    return [msgspec.json.decode(line) for line in lines]


@pytest.fixture(autouse=True)
def extracted(tmp_path: Path) -> None:
    with ZipFile(TARGETS) as archive:
        archive.extractall(tmp_path)


@pytest.mark.parametrize("export_format", ["parquet", "ndjson.gz"])
async def test_files_of_the_first_layout_are_refused(
    currents: Currents, world: World, tmp_path: Path, export_format: ExportFormat
) -> None:
    target = tmp_path / NAMES[export_format]
    before = contents_of(target)
    for resume in (False, True):
        with pytest.raises(ExportError, match=r"layout 1, not 2.+export into another target"):
            await export(currents, target, projects=["p"], since=SINCE, resume=resume)
    assert contents_of(target) == before


async def test_the_first_version_goes_on_to_work_in_duckdb(
    currents: Currents, world: World, tmp_path: Path
) -> None:
    export_format: ExportFormat = "duckdb"
    target = tmp_path / NAMES[export_format]
    before = READERS[export_format](target)
    [day] = before["tests"]
    options: dict[str, Any] = {
        "projects": [day.project_id],
        "since": SINCE,
        "until": SINCE + timedelta(days=2),
        "format": export_format,
    }
    with pytest.raises(ExportError, match=r"leave out tables \(--table\) to go on with these"):
        await export(currents, target, **options, tables=SCHEMAS)
    assert READERS[export_format](target) == before
    result = await export(currents, target, **options)
    assert sorted(result.rows) == sorted(FIRST)
    landed = READERS[export_format](target)
    assert {table for table, windows in landed.items() if windows} == set(FIRST)
    # The run of the first version, which the server has no longer, and a new one.
    kept = [
        row for row in landed["tests"][day] if row["run_id"] == before["tests"][day][0]["run_id"]
    ]
    assert [without(row) for row in kept] == [without(row) for row in before["tests"][day]]
    assert all(row[name] is None for row in kept for name in NEW_IN_TESTS)
    new = [row for row in landed["tests"][day] if row not in kept]
    assert [row["owner"] for row in new] == ["Ada", None]
    assert all(row["duration_ms"] > 0 for row in new)
    header, first, *entries = journal_of(target, export_format)
    assert ("schema" in header, "schema" in first) == (False, False)
    assert entries[-1]["schema"] == VERSION
    again = await export(currents, target, **options, resume=True)
    assert again.instances == 0


async def test_a_new_target_has_all_tables(
    currents: Currents, tmp_path: Path, world: World
) -> None:
    result = await export(
        currents,
        tmp_path / "new",
        projects=[world.projects[0].project_id],
        since=SINCE,
        until=SINCE + timedelta(days=2),
    )
    assert list(result.rows) == list(SCHEMAS)
    landed = READERS["parquet"](tmp_path / "new")
    for table, row in (
        ("environments", {"environment": "staging"}),
        ("annotations", {"number": 0, "type": "owner", "description": "Ada"}),
        ("metrics", {"name": "load", "value": 12.0, "type": "float", "unit": "ms"}),
    ):
        rows = [row for rows in landed[table].values() for row in rows]
        assert rows
        assert row.items() <= rows[0].items()
    assert journal_of(tmp_path / "new", "parquet")[0]["schema"] == VERSION


async def test_a_later_version_is_refused(currents: Currents, tmp_path: Path, world: World) -> None:
    options: dict[str, Any] = {"projects": [world.projects[0].project_id], "since": SINCE}
    options["until"] = SINCE + timedelta(days=1)
    await export(currents, tmp_path / "new", **options)
    journal = tmp_path / "new" / "_currents" / "journal.ndjson"
    for line in (b'"schema":3,"layout"', b'"schema":3,"rows"'):
        text = journal.read_bytes()
        assert line in text
        journal.write_bytes(text.replace(line, line.replace(b"3", b"4")))
        with pytest.raises(ExportError, match=r"tables of version 4.+use a newer release"):
            await export(currents, tmp_path / "new", **options)
        journal.write_bytes(text)


def contents_of(target: Path) -> dict[str, bytes]:
    files = [path for path in target.rglob("*") if path.is_file() and path.name != "lock"]
    return {str(path): path.read_bytes() for path in files}


def without(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in NEW_IN_TESTS}
