"""Disks that are full, or must not be written to: an `ExportError`, and nothing is broken."""

import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from currents_async import Currents
from currents_async.errors import ExportError
from currents_async.export._export import export
from currents_async.export._job import ExportResult
from currents_async.export._write.target import ExportFormat
from currents_async.testing import FakeCurrents, World
from tests.export.chaos_child import carry_out
from tests.export.children import at_work, order
from tests.export.exporting import both_frameworks
from tests.export.landed import FORMATS, READERS, check, expected

Mount = Callable[[str], None]


@pytest.fixture
def world() -> World:
    return both_frameworks([None] * 20, specs=2, failures=1)


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    disk = tmp_path / "disk"
    disk.mkdir()
    return disk


@pytest.fixture
def mount(disk: Path) -> Iterator[Mount]:
    """Mount a file system in memory, or mount it again, with other options."""

    def mount(options: str) -> None:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(disk)]
        done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
        if done.returncode:
            pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")

    try:
        yield mount
    finally:
        subprocess.run(["umount", str(disk)], check=False, capture_output=True)  # noqa: S603, S607


async def run(
    currents: Currents,
    world: World,
    target: Path,
    export_format: ExportFormat,
    *,
    resume: bool = True,
) -> ExportResult:
    return await export(
        currents,
        target,
        projects=[project.project_id for project in world.projects],
        since=datetime(2026, 1, 5, tzinfo=UTC),
        until=datetime(2026, 1, 8, tzinfo=UTC),
        format=export_format,
        resume=resume,
    )


@pytest.mark.parametrize(
    ("export_format", "room"),
    [
        ("parquet", "16k"),
        ("parquet", "200k"),
        ("ndjson.gz", "60k"),
        ("duckdb", "8k"),  # less than an empty DuckDB file
        ("duckdb", "16k"),
        ("duckdb", "500k"),
        ("duckdb", "800k"),
        pytest.param("delta", "24k", marks=pytest.mark.engines),  # less than empty tables
        pytest.param("delta", "400k", marks=pytest.mark.engines),
    ],
)
async def test_an_export_resumes_after_a_full_disk(
    currents: Currents,
    world: World,
    disk: Path,
    mount: Mount,
    export_format: ExportFormat,
    room: str,
) -> None:
    target, whole = disk / "target", expected(world)
    mount(f"size={room}")
    for _ in range(2):
        with pytest.raises(ExportError, match=r"the target cannot be written to: .*[Nn]o space"):
            await run(currents, world, target, export_format)
        check(READERS[export_format](target), whole, at_once=export_format == "duckdb")
        assert not [root for root, names, _ in os.walk(disk) if "staging" in names]
    mount("remount,size=64m")
    await run(currents, world, target, export_format)
    assert READERS[export_format](target) == whole


@pytest.mark.parametrize(("export_format", "room"), [("parquet", 8 << 10), ("duckdb", 600 << 10)])
async def test_a_file_size_limit_is_an_export_error(
    server: FakeCurrents, world: World, tmp_path: Path, export_format: ExportFormat, room: int
) -> None:
    target, whole = tmp_path / "target", expected(world)
    work = order(server, target, export_format)
    async with at_work(work) as child:
        resource.prlimit(child.pid, resource.RLIMIT_FSIZE, (room, room))
        _, complaints = await child.communicate()
    assert child.returncode == 1
    assert b"ExportError: the target cannot be written to" in complaints
    assert b"File too large" in complaints
    check(READERS[export_format](target), whole, at_once=export_format == "duckdb")
    await carry_out(work)
    assert READERS[export_format](target) == whole


@pytest.mark.parametrize("export_format", FORMATS)
async def test_a_disk_that_becomes_read_only(
    currents: Currents, world: World, disk: Path, mount: Mount, export_format: ExportFormat
) -> None:
    target = disk / "target"
    mount("size=64m")
    await run(currents, world, target, export_format)
    mount("remount,ro")
    with pytest.raises(ExportError, match=r"the target cannot be written to: .*Read-only"):
        await run(currents, world, target, export_format, resume=False)
    assert READERS[export_format](target) == expected(world)


@pytest.mark.parametrize("export_format", FORMATS)
async def test_a_target_below_a_file(
    currents: Currents, world: World, tmp_path: Path, export_format: ExportFormat
) -> None:
    (tmp_path / "file").write_bytes(b"mine")
    for target in ("file", "file/below") if export_format != "duckdb" else ("file/below",):
        with pytest.raises(ExportError, match=r"the target cannot be written to: .*file"):
            await run(currents, world, tmp_path / target, export_format)
    assert (tmp_path / "file").read_bytes() == b"mine"
