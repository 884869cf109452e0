"""The service in a process of its own: `python -m benchmarks.exporters._server WORLD`.

It says first where it is and what there is to export. A line of its input asks for the requests
since the last time; it ends when its input does.
"""

import asyncio
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta

import msgspec

from benchmarks.cores import pin
from benchmarks.exporters import Task
from currents_async.testing import FakeCurrents, RatePolicy, World, WorldProject, WorldRun

_FIRST = datetime(2026, 1, 5, tzinfo=UTC)


class Size(msgspec.Struct, frozen=True):
    """How much there is to export, and how fast."""

    days: int
    runs: int
    """Of each day."""
    specs: int
    """Of each run."""
    rate: int | None = None
    """Requests that the server takes in a window of a second."""
    told: bool = True
    """Whether it says what is left, and when to come again."""


class Told(msgspec.Struct, frozen=True):
    """What a server says first."""

    task: Task
    warm: Task
    """A small run, of another project."""
    rows: dict[str, int]
    """Of the task, by table."""


Counts = dict[int, int]
"""Requests by the status of their answers."""


def _fill(project: WorldProject, size: Size) -> None:
    for day in range(size.days):
        for number in range(size.runs):
            began = _FIRST + timedelta(days=day) + number * timedelta(days=1) / size.runs
            project.run(specs=size.specs, created_at=began)


def _limit(size: Size) -> RatePolicy | None:
    if size.rate is None:
        return None
    return RatePolicy(requests=size.rate, per=1.0, retry_after=size.told, rate_headers=size.told)


def _count_rows(runs: list[WorldRun]) -> dict[str, int]:
    instances = [run.instance(index) for run in runs for index in range(len(run.specs))]
    tests = [test for instance in instances for test in instance["results"]["tests"]]
    return {
        "runs": len(runs),
        "specs": len(instances),
        "tests": len(tests),
        "attempts": sum(len(test["attempts"]) for test in tests),
    }


async def _serve(size: Size) -> None:
    world = World(seed=5)
    bulk, small = world.project(), world.project()
    _fill(bulk, size)
    _fill(small, Size(days=1, runs=1, specs=20))
    async with FakeCurrents(world, rate_limit=_limit(size)) as server:
        task, warm = (
            Task(
                url=server.url,
                key=server.api_key,
                project_id=project.project_id,
                since=_FIRST,
                until=_FIRST + timedelta(days=size.days),
            )
            for project in (bulk, small)
        )
        _say(Told(task, warm, _count_rows(bulk.runs)))
        while await asyncio.to_thread(sys.stdin.buffer.readline):
            _say(Counter(one.status for one in server.requests))
            server.requests.clear()


def _say(answer: Told | Counts) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    pin("server")
    asyncio.run(_serve(msgspec.json.decode(sys.argv[1], type=Size)))
