"""Two machines that export into one target: what is older never takes the place of what is newer.

A lock is of no use to them: object stores have none, and those of network drives may not hold.
"""

import tempfile
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest
from pyarrow import fs

from currents_async.export._write import lock
from currents_async.export._write import target as module
from currents_async.export._write.local_store import LocalStore
from currents_async.export._write.object_store import ObjectStore
from currents_async.export._write.stores import Store
from currents_async.testing import World
from tests.export.buckets import Bucket
from tests.export.exporting import NIGHT, UNTIL, Exporter, overtaken

pytestmark = pytest.mark.usefixtures("no_task_is_left")

Contents = Callable[[], dict[str, bytes]]


@pytest.fixture(params=["a directory", "an object store"])
def contents(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Contents:
    """Let all exports go to one place, without a lock; return what reads all of it."""
    monkeypatch.setattr(lock, "FileLock", lambda *_, **__: nullcontext())
    bucket, machines = Bucket(), iter(range(9))

    def store_at(_: object) -> Store:
        directory = tmp_path / f"machine {next(machines)}"
        directory.mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(directory))
        if request.param == "an object store":
            return ObjectStore(fs.PyFileSystem(bucket), "bucket/lake")
        store = LocalStore(tmp_path / "lake")
        store.staging = directory / "staging"
        return store

    def read() -> dict[str, bytes]:
        root = tmp_path / "lake"
        return bucket.objects | {
            str(path): path.read_bytes() for path in root.rglob("*") if path.is_file()
        }

    monkeypatch.setattr(module, "store_at", store_at)
    return read


async def test_a_day_that_was_fetched_earlier_does_not_overwrite_a_final_one(
    exporter: Exporter, world: World, contents: Contents
) -> None:
    async with overtaken(exporter, world):
        final = contents()
    assert contents() == final
    assert (await exporter(resume=True, since=UNTIL - NIGHT)).windows_done == 0
