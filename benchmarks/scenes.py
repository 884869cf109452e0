"""A server that makes trouble, in a process of its own: `python -m benchmarks.scenes`.

A line of its input is a `Scene`, and says what to serve from now on; an empty one asks what has
been served since the last time. It ends when its input does.
"""

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal

import msgspec

from benchmarks.cores import pin
from benchmarks.mishaps import Mishaps
from currents_async.testing import FakeCurrents, FaultyServer, RatePolicy, World, WorldRun, faults

FAILURES: dict[str, dict[str, Any]] = {
    "503": {"status": 503},
    "429": {"status": 429},
    "reset": {"fault": "reset"},
    "truncated": {"fault": "truncate"},
    "gzip cut short": {"fault": "cut-gzip"},
    "closed": {"fault": "close"},
}
"""Ways to fail, by what the tables call them; `truncated` ends the body below Content-Length."""

Filling = Literal["zeros", "whitespace", "string", "objects", "list"]
"""Of a bomb: see `faults.gzip_bomb`."""

_TESTS = (1, 3)


class Told(msgspec.Struct, frozen=True):
    """What a server says first."""

    url: str
    key: str = "key"
    runs: dict[str, dict[str, int]] = {}
    """The number of tests of each instance of each run."""


Counts = dict[str, int]
"""Requests by what they were answered with: a status, or what went wrong with the answer."""


class Failing(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Some requests fail, at random, as often in one way as in another."""

    failures: Sequence[str]
    """Of `FAILURES`."""
    share: float
    seed: int = 1
    specs: int = 1

    @asynccontextmanager
    async def open(self) -> AsyncIterator[tuple[Told, Callable[[], Counts]]]:
        """Serve one run."""
        async with _fake(self.specs) as (server, told):
            each, left = self.share / len(self.failures), 1.0
            for number, name in enumerate(self.failures):
                # A fault sees only the requests that those before it leave alone.
                server.fail(
                    None,
                    times=None,
                    probability=min(1.0, each / left),
                    seed=100 * self.seed + number,
                    **FAILURES[name],
                )
                left -= each
            yield told, lambda: _counts_of(server)


class Limited(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """So many requests a second; more are answered 429, with `Retry-After`."""

    rate: int
    specs: int

    @asynccontextmanager
    async def open(self) -> AsyncIterator[tuple[Told, Callable[[], Counts]]]:
        """Serve one run."""
        async with _fake(self.specs, RatePolicy(requests=self.rate)) as (server, told):
            yield told, lambda: _counts_of(server)


class Bombs(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """After one right answer, small bodies that inflate without end."""

    filling: Filling
    size: int

    @asynccontextmanager
    async def open(self) -> AsyncIterator[tuple[Told, Callable[[], Counts]]]:
        """Serve whatever is asked for."""
        bomb = faults.gzip_bomb(self.size, self.filling)
        async with FaultyServer([faults.answer()], then=bomb) as server:
            yield Told(server.url), lambda: {"bomb": len(server.requests)}


class Unreliable(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Everything that can go wrong with an answer: see `benchmarks.mishaps`."""

    specs: Sequence[int]
    """Of each run."""
    seed: int

    @asynccontextmanager
    async def open(self) -> AsyncIterator[tuple[Told, Callable[[], Counts]]]:
        """Serve runs and their instances."""
        project = World(self.seed).project()
        runs = [project.run(specs=specs, tests=_TESTS) for specs in self.specs]
        mishaps = Mishaps(runs, self.seed)
        async with FaultyServer(mishaps) as server:

            def counts() -> Counts:
                server.requests.clear()  # so that it may go on for hours
                return mishaps.counts()

            yield Told(server.url, runs=_tests_of(runs)), counts


Scene = Failing | Limited | Bombs | Unreliable


@asynccontextmanager
async def _fake(
    specs: int, rate_limit: RatePolicy | None = None
) -> AsyncIterator[tuple[FakeCurrents, Told]]:
    world = World()
    run = world.project().run(specs=specs, tests=_TESTS)
    async with FakeCurrents(world, rate_limit=rate_limit) as server:
        yield server, Told(server.url, server.api_key, _tests_of([run]))


def _tests_of(runs: Sequence[WorldRun]) -> dict[str, dict[str, int]]:
    return {
        run.run_id: {spec.instance_id: spec.tests for spec in run.specs if spec.instance_id}
        for run in runs
    }


def _counts_of(server: FakeCurrents) -> Counts:
    found = Counter(
        str(one.status) if one.fault in {None, "status"} else str(one.fault)
        for one in server.requests
    )
    server.requests.clear()
    return found


async def _play() -> None:
    """Serve one scene after the other."""
    line = await _next_line()
    while line:
        async with msgspec.json.decode(line, type=Scene).open() as (told, counts):
            _say(told)
            while not (line := await _next_line()).strip() and line:
                _say(counts())


async def _next_line() -> bytes:
    return await asyncio.get_running_loop().run_in_executor(None, sys.stdin.buffer.readline)


def _say(answer: Told | Counts) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    pin("server")
    asyncio.run(_play())
