"""Runs that complete step by step, and how to watch them."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from currents_async import Currents, Retries
from currents_async._watch import RunWatch
from currents_async.models import Run, RunSpec
from currents_async.testing import FakeCurrents, RecordedRequest, World, WorldRun
from currents_async.testing.clock import ManualClock

ONCE = Retries(attempts=1)
"""Each request is a poll."""


def open_client(server: FakeCurrents, clock: ManualClock, **options: Any) -> Currents:
    options = {"base_url": server.url, "clock": clock, "retries": ONCE, **options}
    return Currents(server.api_key, **options)


def before_each_response(server: FakeCurrents, steps: Iterable[Callable[[], object]]) -> None:
    """Run one step before each response."""
    left = iter(steps)

    async def step(_: RecordedRequest) -> None:
        next(left, nothing)()

    server.before_response = step


def nothing() -> None:
    """Do nothing."""


def completing(run: WorldRun, *counts: int) -> Iterator[Callable[[], object]]:
    """Return steps, in each of which `count` specs of a run complete."""
    return (partial(run.complete, count) if count else nothing for count in counts)


async def collect(watch: RunWatch) -> tuple[list[RunSpec], Run]:
    async with watch as events:
        arrived = [spec async for spec in events]
        return arrived, events.run


def ids_of(specs: Iterable[RunSpec]) -> list[str | None]:
    return [spec.instance_id for spec in specs]


def other_tasks() -> set[asyncio.Task[Any]]:
    """Our tasks, without those of the server, which shares the loop."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    return {task for task in tasks if "currents_async/_" in repr(task)}


async def until(condition: Callable[[], object]) -> None:
    """Let the loop run until a condition holds."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - there is no event
            await asyncio.sleep(0)


def add_run(world: World, state: str, *specs: dict[str, Any]) -> None:
    head = {"runId": "r", "projectId": "p", "status": "RUNNING"}
    world.add_run_payload({**head, "completionState": state, "specs": specs})
