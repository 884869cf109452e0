"""Exports that are killed: whatever the moment, readers see whole windows, and none is lost.

`CHAOS_KILLS` says how often each sink's exports are killed: see `nox -s chaos`.
"""

import asyncio
import os
import random
import signal
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from currents_async.export._write.target import ExportFormat
from currents_async.testing import FakeCurrents, World
from tests.export.chaos_child import Order, carry_out
from tests.export.children import LATER, at_work, order
from tests.export.landed import FORMATS, READERS, check, expected

IN_BETWEEN = datetime(2026, 1, 6, 12, tzinfo=UTC)
LONGEST = {"delta": 6.0}
"""Seconds until an export is killed: now and then one ends before. By default 1.5."""
EARLY = 0.2
"""Seconds in which no export ends, with the latency of the server."""
KILLS = {"parquet": 2, "ndjson.gz": 1, "duckdb": 2, "delta": 2}


@pytest.fixture
def world() -> World:
    world = World(seed=1)
    for framework in ("playwright", "cypress", "playwright"):
        project = world.project()
        for _ in range(20):
            project.run(specs=3, failures=1, flaky=1, framework=framework)
    return world


@pytest.fixture
async def server(world: World, no_task_is_left: None) -> AsyncIterator[FakeCurrents]:
    async with FakeCurrents(world, latency=0.02) as server:
        yield server


async def stop(work: Order, how: signal.Signals, seconds: float) -> int:
    """Send a child a signal so long after it has begun, and return how it has ended."""
    async with at_work(work) as child:
        try:
            async with asyncio.timeout(seconds):
                await child.wait()
        except TimeoutError:
            child.send_signal(how)
        return await child.wait()


@pytest.mark.parametrize("export_format", FORMATS)
async def test_kills_lose_duplicate_and_tear_nothing(
    server: FakeCurrents, world: World, tmp_path: Path, export_format: ExportFormat
) -> None:
    dice = random.Random(export_format)  # noqa: S311 - the same moments each time
    whole, read = expected(world), READERS[export_format]
    kills = kills_left = int(os.environ.get("CHAOS_KILLS", KILLS[export_format]))
    rounds = 0
    while kills_left > 0:
        target = tmp_path / str(rounds)
        rounds += 1
        has_finished = False
        while kills_left > 0 and not has_finished:
            work = order(server, target, export_format, dice.choice([IN_BETWEEN, LATER]))
            ending = await stop(
                work, signal.SIGKILL, dice.uniform(0, LONGEST.get(export_format, 1.5))
            )
            assert ending in {0, -signal.SIGKILL}
            kills_left -= ending == -signal.SIGKILL
            has_finished = ending == 0
            check(read(target), whole, at_once=export_format == "duckdb")
        await carry_out(order(server, target, export_format))
        assert read(target) == whole
    sys.stdout.write(f"{export_format}: {kills} kills of {rounds} exports\n")


@pytest.mark.parametrize(
    ("export_format", "how"), [("parquet", signal.SIGINT), ("duckdb", signal.SIGTERM)], ids=str
)
async def test_a_signal_ends_it_without_leftovers(
    server: FakeCurrents,
    world: World,
    tmp_path: Path,
    export_format: ExportFormat,
    how: signal.Signals,
) -> None:
    target = tmp_path / "target"
    assert await stop(order(server, target, export_format), how, EARLY) == 130
    assert not [root for root, names, _ in os.walk(tmp_path) if "staging" in names]
    check(READERS[export_format](target), expected(world), at_once=export_format == "duckdb")
    await carry_out(order(server, target, export_format))
    assert READERS[export_format](target) == expected(world)
