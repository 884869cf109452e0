"""A server in a process of its own: `python -m benchmarks.server`.

A line of its input is a `Service`, and says what to serve from now on: the response is its URL. The
line `null` asks what has been served since the last time. It ends when its input does.
"""

import asyncio
import selectors
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import msgspec

from benchmarks.file_server import Connection, Site
from benchmarks.processes import Counts, pin, say
from benchmarks.random_faults import RandomFaults
from currents_async.testing import (
    FakeCurrents,
    FaultyServer,
    RatePolicy,
    World,
    WorldProject,
    WorldRun,
    faults,
)
from currents_async.testing.limiters import Limiter, TokenBucket

KEY = "key"
"""The API key of every server."""
SINCE = datetime(2026, 1, 5, tzinfo=UTC)
"""When the first run of a `Fake` was created."""

FAILURES: dict[str, dict[str, Any]] = {
    "503": {"status": 503},
    "429": {"status": 429},
    "reset": {"fault": "reset"},
    "truncated": {"fault": "truncate"},
    "gzip cut short": {"fault": "cut-gzip"},
    "closed": {"fault": "close"},
}
"""Ways to fail, as the tables call them; `truncated` ends the body below Content-Length."""

Filling = Literal["zeros", "whitespace", "string", "objects", "list"]
"""Of a bomb: see `faults.gzip_bomb`."""
Opened = AsyncIterator[tuple[str, Callable[[], Counts]]]
"""A URL, and what returns the counts of what has been served since the last time."""


class Files(msgspec.Struct, frozen=True, tag=True):
    """The files of a folder, as fast as can be: see `benchmarks.file_server`."""

    folder: str

    @asynccontextmanager
    async def open(self) -> Opened:
        """Serve it; `began` is when the last response began, by `time.perf_counter_ns`."""
        site = Site(Path(self.folder))
        loop = asyncio.get_running_loop()
        async with await loop.create_server(lambda: Connection(site), "127.0.0.1", 0) as server:
            [socket] = server.sockets
            yield f"http://127.0.0.1:{socket.getsockname()[1]}", lambda: {"began": site.began}


class Fake(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """`FakeCurrents` with a project, and a second one of one small run."""

    days: int = 1
    runs: int = 1
    """Of each day."""
    specs: int
    """Of each run."""
    tests: tuple[int, int] = (1, 12)
    """Of each spec, at least and at most."""
    rate: int | None = None
    """Requests that are allowed in a window of a second; more are answered 429."""
    burst: int | None = None
    """Of a token bucket that has that rate, instead of windows."""
    says_rate: bool = True
    """Whether responses carry the limit, and a 429 `Retry-After`."""
    failures: Sequence[str] = ()
    """Of `FAILURES`: all are equally frequent."""
    share: float = 0.0
    """Of the requests that fail, each by chance."""
    seed: int = 1
    """Of the failures."""
    latency: float = 0.0
    """Seconds before each response."""

    def fill(self) -> tuple[World, WorldProject, WorldProject]:
        """Make the world and both projects: they are the same in every process."""
        world = World(seed=5)
        project, small = world.project(), world.project()
        for day in range(self.days):
            for number in range(self.runs):
                created_at = SINCE + timedelta(days=day + number / self.runs)
                project.run(specs=self.specs, tests=self.tests, created_at=created_at)
        small.run(specs=20, created_at=SINCE)
        return world, project, small

    @asynccontextmanager
    async def open(self) -> Opened:
        """Serve both; count responses by their status or their fault."""
        world, _, _ = self.fill()
        async with FakeCurrents(
            world, api_key=KEY, rate_limit=self._limit(), latency=self.latency
        ) as server:
            self._fail(server)
            yield server.url, lambda: _counts_of(server)

    def _limit(self) -> Limiter | None:
        if self.rate is None:
            return None
        if self.burst is not None:
            return TokenBucket(rate=self.rate, burst=self.burst)
        said = self.says_rate
        return RatePolicy(requests=self.rate, retry_after=said, rate_headers=said)

    def _fail(self, server: FakeCurrents) -> None:
        left = 1.0
        for number, name in enumerate(self.failures):
            each = self.share / len(self.failures)
            # A fault sees only the requests that those before it leave alone.
            server.fail(
                None,
                times=None,
                probability=min(1.0, each / left),
                seed=100 * self.seed + number,
                **FAILURES[name],
            )
            left -= each


class Projects(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """`FakeCurrents` with several projects, each of one small run a day."""

    projects: int
    days: int
    since: datetime
    """The first day."""

    def fill(self) -> World:
        """Make the world: it is the same in every process."""
        world = World(seed=6)
        for _ in range(self.projects):
            project = world.project()
            for day in range(self.days):
                created_at = self.since + timedelta(days=day, hours=9)
                project.run(specs=1, tests=(1, 3), created_at=created_at)
        return world

    @asynccontextmanager
    async def open(self) -> Opened:
        """Serve them; count responses by their status."""
        async with FakeCurrents(self.fill(), api_key=KEY) as server:
            yield server.url, lambda: _counts_of(server)


class Bombs(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """After one right response, small bodies that inflate without end."""

    filling: Filling
    size: int

    @asynccontextmanager
    async def open(self) -> Opened:
        """Serve whatever is asked for."""
        bomb = faults.gzip_bomb(self.size, self.filling)
        async with FaultyServer([faults.response()], then=bomb) as server:
            yield server.url, lambda: {"bomb": len(server.requests)}


class Unreliable(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Everything that can go wrong with a response: see `benchmarks.random_faults`."""

    specs: Sequence[int]
    """Of each run."""
    seed: int

    def runs(self) -> list[WorldRun]:
        """Make the runs: they are the same in every process."""
        project = World(self.seed).project()
        return [project.run(specs=specs, tests=(1, 3)) for specs in self.specs]

    @asynccontextmanager
    async def open(self) -> Opened:
        """Serve the runs and their instances; count responses by what was wrong with them."""
        served = RandomFaults(self.runs(), self.seed)
        async with FaultyServer(served) as server:

            def counts() -> Counts:
                server.requests.clear()  # so that it may go on for hours
                return served.counts()

            yield server.url, counts


Service = Files | Fake | Projects | Bombs | Unreliable


def _counts_of(server: FakeCurrents) -> Counts:
    found = Counter(
        str(one.status) if one.fault in {None, "status"} else str(one.fault)
        for one in server.requests
    )
    server.requests.clear()
    return found


async def serve() -> None:
    """Serve one thing after the other."""
    line = await _next_line()
    while line:
        async with msgspec.json.decode(line, type=Service).open() as (url, counts):
            say(url)
            while (line := await _next_line()) == b"null\n":
                say(counts())


async def _next_line() -> bytes:
    return await asyncio.to_thread(sys.stdin.buffer.readline)


def _precise_loop() -> asyncio.AbstractEventLoop:
    # With epoll, asyncio's timers are up to a millisecond late; select counts microseconds.
    return asyncio.SelectorEventLoop(selectors.SelectSelector())


if __name__ == "__main__":
    pin("server")
    with asyncio.Runner(loop_factory=_precise_loop) as runner:
        runner.run(serve())
