"""Runs in progress: polled until they have ended.

Between two polls nothing is held: no response, no connection, no task.
"""

import math
from collections import deque
from collections.abc import Awaitable, Callable, Hashable
from datetime import UTC, datetime
from typing import Self, TypeVar

from currents_async._checks import check_seconds
from currents_async._transport import CallOptions, ResponseStream, Transport
from currents_async.errors import (
    APIError,
    CurrentsError,
    DecodeError,
    MisuseError,
    RateLimitedError,
    ServerError,
    StillRunningError,
    TransportError,
)
from currents_async.models.runs import Run, RunSpec

T = TypeVar("T")

INTERVAL = 2.0
"""Seconds between two polls of a run that makes progress."""
_MAX_INTERVAL = 30.0
_GROWTH = 1.5
_JITTER = 0.25
"""The share by which a wait varies, so that watches that begin together drift apart."""

_MAX_FAILURES = 10
"""Polls that may fail in a row: two minutes of them with the default interval."""


class Polls:
    """Polls of a run, each a call of its own, until one fails for good or time is up."""

    def __init__(
        self, transport: Transport, run_id: str, *, timeout: float | None, interval: float
    ) -> None:
        self._transport = transport
        self.run_id = run_id
        self._timeout = None if timeout is None else check_seconds("timeout", timeout)
        self._interval = self._wait = check_seconds("interval", interval)
        self._ends_at = math.inf
        self._due = -math.inf
        self._failures = 0
        self._failure: CurrentsError | None = None

    def begin(self) -> None:
        """Start the timeout."""
        if self._timeout is not None:
            self._ends_at = self._transport.channel.clock.now() + self._timeout

    async def poll(self, fetch: Callable[[CallOptions], Awaitable[T]]) -> T:
        """Wait until a poll is due and return its result, polling again after transient errors.

        Raises `StillRunningError` when the timeout expires, a permanent error at once, and a
        transient one after too many in a row.
        """
        while True:
            await self._wait_until_due()
            try:
                result = await fetch(self._transport.options(fresh=True, ends_at=self._ends_at))
            except CurrentsError as error:
                if not self._schedules_after(error):
                    raise
            else:
                self._failures, self._failure = 0, None
                return result

    def schedule(self, *, progress: bool, min_wait: float = 0) -> None:
        """Schedule the next poll: soon after progress, otherwise later each time."""
        if progress:
            self._wait = self._interval
        clock = self._transport.channel.clock
        jitter = 1 + _JITTER * (2 * clock.random() - 1)
        self._due = clock.now() + max(self._wait * jitter, min_wait)
        self._wait = min(self._wait * _GROWTH, max(self._interval, _MAX_INTERVAL))

    async def _wait_until_due(self) -> None:
        channel = self._transport.channel
        channel.check_open()  # it may have been closed between two polls
        now = channel.clock.now()
        due = max(self._due, now)
        seconds = min(due, self._ends_at) - now
        if seconds > 0:
            await channel.gate.sleep(seconds)
        if due >= self._ends_at:
            raise StillRunningError(
                f"run {self.run_id} has not been seen to end within {self._timeout:g} s",
                run_id=self.run_id,
            ) from self._failure

    def _schedules_after(self, error: CurrentsError) -> bool:
        """Schedule a poll after one that has failed, and return whether there is another."""
        self._failures += 1
        if not _is_transient(error) or self._failures >= _MAX_FAILURES:
            return False
        self._failure = error.with_traceback(None)  # which would keep the response
        retry_after = error.retry_after if isinstance(error, APIError) else None
        self.schedule(progress=False, min_wait=retry_after or 0)
        return True


class RunWatch:
    """The specs of a run as they complete: an async context manager, and inside it an iterator.

    Each instance comes once, in order of completion, first those that completed before, and the
    iteration ends when the run has ended: complete, cancelled or timed out. Nothing is open while
    you handle a spec.
    """

    def __init__(
        self, polls: Polls, open_stream: Callable[[CallOptions], ResponseStream[RunSpec, Run]]
    ) -> None:
        self._polls = polls
        self._open_stream = open_stream
        self._is_new = True
        self._is_open = False
        self._known: set[Hashable] = set()
        self._new: deque[RunSpec] = deque()
        self._ended: Run | None = None
        self._latest: Run | None = None
        self._total: int | None = None

    def __repr__(self) -> str:
        standing = "not entered yet" if self._is_new else "open" if self._is_open else "closed"
        return f"<RunWatch {self._polls.run_id} {standing}, {len(self._known)} specs seen>"

    @property
    def run(self) -> Run:
        """The run without its specs, once the iteration has ended."""
        if self._ended is None or self._new:
            raise MisuseError("there is no run before the iteration has ended")
        return self._ended

    @property
    def latest(self) -> Run | None:
        """The run without its specs, as the last poll found it; None before the first."""
        return self._latest

    @property
    def total(self) -> int | None:
        """How many specs the run lists, complete or not; None before the first poll."""
        return self._total

    async def __aenter__(self) -> Self:
        if not self._is_new:
            raise MisuseError("this watch has been used: make another one")
        self._is_new, self._is_open = False, True
        self._polls.begin()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._is_open = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> RunSpec:
        if not self._is_open:
            raise MisuseError("iterate inside 'async with'")
        while not self._new:
            if self._ended is not None:
                raise StopAsyncIteration
            await self._poll()
        return self._new.popleft()

    async def _poll(self) -> None:
        run, new, self._total = await self._polls.poll(self._read)
        self._latest = run
        self._polls.schedule(progress=bool(new))
        # Only now, so that specs of a poll that fails come again.
        self._known.update(new)
        self._new.extend(sorted(new.values(), key=_completed_at))
        if run.has_ended:
            self._ended = run

    async def _read(self, options: CallOptions) -> tuple[Run, dict[Hashable, RunSpec], int]:
        """Fetch the run; return it, the specs that are newly complete, and how many it lists."""
        new: dict[Hashable, RunSpec] = {}
        total = 0
        async with self._open_stream(options) as stream:
            while specs := await stream.batch():
                total += len(specs)
                for spec in specs:
                    key = spec.instance_id or (spec.group_id, spec.spec)
                    if spec.is_complete and key not in self._known:
                        new[key] = spec
            return stream.data, new, total


def _completed_at(spec: RunSpec) -> datetime:
    return spec.completed_at or datetime.max.replace(tzinfo=UTC)


async def wait_for_end(polls: Polls, fetch: Callable[[CallOptions], Awaitable[Run]]) -> Run:
    polls.begin()
    while not (run := await polls.poll(fetch)).has_ended:
        polls.schedule(progress=False)
    return run


def _is_transient(error: CurrentsError) -> bool:
    if isinstance(error, DecodeError):
        return error.path is None  # not JSON: damaged on its way, or not from the API
    return isinstance(error, TransportError | ServerError | RateLimitedError)
