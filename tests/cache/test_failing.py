"""Caches that cannot be used: calls succeed without them, and one warning says so."""

import asyncio
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from currents_async import Cache, Currents
from currents_async._cache import database, keeper
from currents_async._cache.database import FILE, Database
from currents_async._cache.store import Store
from currents_async.testing import FakeCurrents, World, WorldProject, WorldRun
from tests.cache.conftest import Connect
from tests.cache.crash_child import ROOM
from tests.support import KEY

pytestmark = pytest.mark.usefixtures("no_task_is_left")


class Closable(Protocol):
    def close(self) -> None: ...


@pytest.fixture
def run(project: WorldProject) -> WorldRun:
    return project.run(specs=20)


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB in memory."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
    if done.returncode:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
    yield disk
    subprocess.run(["umount", str(disk)], check=False, capture_output=True)  # noqa: S603, S607


def full(folder: Path, patch: pytest.MonkeyPatch) -> None:
    prepare = Database._prepare

    def prepare_on_a_full_disk(database: Database) -> None:
        prepare(database)
        database.execute("PRAGMA max_page_count = 6")

    patch.setattr(Database, "_prepare", prepare_on_a_full_disk)


def no_folder(folder: Path, patch: pytest.MonkeyPatch) -> None:
    folder.parent.write_bytes(b"a file")


def not_a_file(folder: Path, patch: pytest.MonkeyPatch) -> None:
    (folder / FILE).mkdir(parents=True)


def no_sqlite(folder: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setitem(sys.modules, "currents_async._cache.store", None)


def locked(folder: Path, patch: pytest.MonkeyPatch) -> sqlite3.Connection:
    patch.setattr(database, "_BUSY", 0.0)
    Store(folder, ROOM).close()
    other = sqlite3.connect(folder / FILE, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    return other


def silent(folder: Path, patch: pytest.MonkeyPatch) -> "_Silence":
    silence = _Silence()
    patch.setattr(keeper, "_PATIENCE", 0.01)
    patch.setattr(Store, "find", lambda *_: silence.over.wait(60) and [])
    return silence


class _Silence:
    def __init__(self) -> None:
        self.over = threading.Event()
        self.close = self.over.set


@pytest.mark.parametrize("trouble", [full, no_folder, not_a_file, no_sqlite, locked, silent])
async def test_a_cache_that_fails(
    connect: Connect,
    run: WorldRun,
    folder: Path,
    trouble: Callable[[Path, pytest.MonkeyPatch], Closable | None],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    cause = await asyncio.to_thread(trouble, folder, monkeypatch)
    async with connect() as currents:
        for _ in range(2):
            assert len(await currents.runs.get_instances(run.run_id)) == 20
        assert currents.traffic.requests == 42
        if cause is not None:
            await asyncio.to_thread(cause.close)
    [warning] = caplog.messages
    assert warning.startswith(f"the cache in {folder} is not used any more: ")
    assert KEY not in warning


async def test_a_full_disk(
    server: FakeCurrents, run: WorldRun, mounted: Path, caplog: pytest.LogCaptureFixture
) -> None:
    options: dict[str, Any] = {"base_url": server.url, "cache": Cache(mounted)}
    async with Currents(server.api_key, **options) as currents:
        assert len(await currents.runs.get_instances(run.run_id)) == 20
    assert "the cache in" in caplog.text


async def test_a_cache_in_another_state_each_time(
    connect: Connect, run: WorldRun, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with connect() as currents:
        await currents.runs.get_instances(run.run_id)
    for _ in range(2):
        (folder / FILE).write_bytes(b"broken " * 9999)
        async with connect() as currents:
            await currents.runs.get_instances(run.run_id)
            assert currents.traffic.requests == 21
            await currents.runs.get_instances(run.run_id)
            assert currents.traffic.requests == 21
    await Cache(folder).clear()
    async with connect() as currents:
        await currents.runs.get(run.run_id)
        assert currents.traffic.requests == 1
    assert not caplog.messages


async def test_a_call_that_is_cancelled_while_it_looks(
    connect: Connect, run: WorldRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    silence = _Silence()
    find = Store.find
    monkeypatch.setattr(Store, "find", lambda *args: silence.over.wait(60) and find(*args))
    async with connect() as currents:
        looking = asyncio.create_task(currents.runs.get(run.run_id))
        await asyncio.sleep(0)
        looking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await looking
        silence.close()
        await currents.runs.get(run.run_id)


def test_nothing_of_the_key_is_shown_or_kept(folder: Path) -> None:
    async def work() -> str:
        world = World()
        run = world.project().run(specs=2)
        async with (
            FakeCurrents(world, api_key=KEY) as server,
            Currents(KEY, base_url=server.url, cache=Cache(folder)) as currents,
        ):
            await currents.runs.get_instances(run.run_id)
            shown = repr(vars(currents._channel.keeper)) + repr(currents)
        return shown + repr(Cache(folder)) + run.run_id

    shown = asyncio.run(work())
    content = b"".join(file.read_bytes() for file in folder.iterdir())
    assert KEY not in shown
    assert KEY.encode() not in content
    assert shown[-16:].encode() not in content
