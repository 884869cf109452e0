"""Exports of runs that are in the cache."""

from pathlib import Path
from typing import Any

import pytest

from currents_async import Cache, Currents
from currents_async.testing import FakeCurrents, ManualClock, World
from tests.export.exporting import LATER, Exporter, both_frameworks
from tests.export.landed import expected, in_parquet

pytest.importorskip("pyarrow")


@pytest.fixture
def world() -> World:
    return both_frameworks([None] * 2, specs=3, failures=1)


async def test_only_lists_are_requested(
    server: FakeCurrents, world: World, tmp_path: Path, folder: Path
) -> None:
    exporter = Exporter(server, tmp_path)
    options: dict[str, Any] = {"base_url": server.url, "cache": Cache(folder)}
    clock = ManualClock(wall=LATER.timestamp())
    async with Currents(server.api_key, clock=clock, **options) as currents:
        await exporter.by(currents, tmp_path / "first")
        before = len(server.requests)
        await exporter.by(currents, tmp_path / "second")
        again = {request.operation for request in server.requests[before:]}
        assert again == {"listProjectRuns"}
        assert in_parquet(tmp_path / "second") == expected(world)

        [run, *_] = world.runs.values()
        world.reset(run.run_id, run.machine_ids[:1])  # by somebody else
        await exporter.by(currents, tmp_path / "third")
        assert in_parquet(tmp_path / "third") == expected(world)
