"""Runs that go on: asked for again and again, until they have ended.

Between two polls nothing is held: no answer, no connection, no task.
"""

import math
from collections import deque
from collections.abc import Awaitable, Callable, Hashable
from types import TracebackType
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
"""Seconds between two polls of a run that gets on."""
_LONGEST = 30.0
_GROWTH = 1.5
_JITTER = 0.25
"""What a wait may be shorter or longer by: watches that begin together do not stay together."""

_MOST_FAILURES = 10
"""Polls that fail one after the other: with the default interval, two minutes of them."""


class Polls:
    """Polls one after the other, each a call of its own, as long as there is sense in it."""

    def __init__(
        self, transport: Transport, run_id: str, *, timeout: float | None, interval: float
    ) -> None:
        self._transport = transport
        self._run_id = run_id
        self._timeout = None if timeout is None else check_seconds("timeout", timeout)
        self._interval = self._wait = check_seconds("interval", interval)
        self._ends_at = math.inf
        self._due = -math.inf
        self._failures = 0
        self._failure: CurrentsError | None = None

    def begin(self) -> None:
        """Let the time begin to run."""
        if self._timeout is not None:
            self._ends_at = self._transport.channel.clock.now() + self._timeout

    async def ask(self, fetch: Callable[[CallOptions], Awaitable[T]]) -> T:
        """Return the next answer, when it is time for it and however many polls it takes.

        Raises `StillRunningError` when there is no time left, and what a poll fails with that will
        not pass, or has not passed for long.
        """
        while True:
            await self._take_turn()
            try:
                answer = await fetch(self._options())
            except CurrentsError as error:
                if not self._goes_on_after(error):
                    raise
            else:
                self._failures, self._failure = 0, None
                return answer

    def schedule(self, *, news: bool, at_least: float = 0) -> None:
        """Plan the next poll: soon after news, else later each time."""
        if news:
            self._wait = self._interval
        clock = self._transport.channel.clock
        jitter = 1 + _JITTER * (2 * clock.random() - 1)
        self._due = clock.now() + max(self._wait * jitter, at_least)
        self._wait = min(self._wait * _GROWTH, max(self._interval, _LONGEST))

    async def _take_turn(self) -> None:
        channel = self._transport.channel
        channel.session.live()  # it may have been closed while nobody waited
        now = channel.clock.now()
        turn = max(self._due, now)
        seconds = min(turn, self._ends_at) - now
        if seconds > 0:
            await channel.gate.sleep(seconds)
        if turn >= self._ends_at:
            raise StillRunningError(
                f"run {self._run_id} has not been seen to end within {self._timeout:g} s",
                run_id=self._run_id,
            ) from self._failure

    def _options(self) -> CallOptions:
        return self._transport.options(ends_at=self._ends_at)

    def _goes_on_after(self, error: CurrentsError) -> bool:
        """Plan another poll after one that has failed, if there shall be one."""
        self._failures += 1
        if not _may_pass(error) or self._failures >= _MOST_FAILURES:
            return False
        self._failure = error.with_traceback(None)  # which would keep the answer
        asked = error.retry_after if isinstance(error, APIError) else None
        self.schedule(news=False, at_least=asked or 0)
        return True


class RunWatch:
    """The specs of a run as they complete: an async context manager, and inside it an iterator.

    Each instance comes once, those first that are complete already, and the iteration ends when the
    run has ended: complete, cancelled or timed out. Nothing is open while you work on a spec.
    """

    def __init__(
        self, polls: Polls, answer: Callable[[CallOptions], ResponseStream[RunSpec, Run]]
    ) -> None:
        self._polls = polls
        self._answer = answer
        self._is_new = True
        self._is_open = False
        self._known: set[Hashable] = set()
        self._new: deque[RunSpec] = deque()
        self._ended: Run | None = None

    @property
    def run(self) -> Run:
        """The run without its specs, once the iteration has ended."""
        if self._ended is None or self._new:
            raise MisuseError("there is no run before the iteration has ended")
        return self._ended

    async def __aenter__(self) -> Self:
        if not self._is_new:
            raise MisuseError("this watch has been used: ask for another one")
        self._is_new, self._is_open = False, True
        self._polls.begin()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
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
        run, new = await self._polls.ask(self._read)
        self._polls.schedule(news=bool(new))
        # Only now: what a poll that fails has seen comes again.
        self._known.update(new)
        self._new.extend(new.values())
        if run.has_ended:
            self._ended = run

    async def _read(self, options: CallOptions) -> tuple[Run, dict[Hashable, RunSpec]]:
        """Fetch the run, and keep what is new of it."""
        new: dict[Hashable, RunSpec] = {}
        async with self._answer(options) as answer:
            while specs := await answer.batch():
                for spec in specs:
                    key = spec.instance_id or (spec.group_id, spec.spec)
                    if spec.is_complete and key not in self._known:
                        new[key] = spec
            return answer.data, new


async def wait_for_end(polls: Polls, fetch: Callable[[CallOptions], Awaitable[Run]]) -> Run:
    """Return a run as it is when it has ended."""
    polls.begin()
    while not (run := await polls.ask(fetch)).has_ended:
        polls.schedule(news=False)
    return run


def _may_pass(error: CurrentsError) -> bool:
    if isinstance(error, DecodeError):
        return error.path is None  # no JSON: damaged on its way, or not from the API
    return isinstance(error, TransportError | ServerError | RateLimitedError)
