"""Clocks for tests: hours of backoff pass at once, or when the test says so."""

import asyncio
import math
import random
import time
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count

from currents_async._clock import Timer
from currents_async.errors import InvalidArgumentError

__all__ = ["AnyClock", "ManualClock", "RunningClock"]

_MAX_JUMP = 60.0
"""The longest that a client waits between two requests; a longer wait is a deadline."""


class ManualClock:
    """A clock that stands still except for jumps, which a client uses instead of real time.

    ```python
    clock = ManualClock()
    async with Currents(server.api_key, base_url=server.url, clock=clock) as currents:
        server.fail("getRun", status=429, headers={"Retry-After": "30"})
        await currents.runs.get(run_id)  # at once
    assert clock.waited == [30.0]
    ```

    As soon as something waits, the clock jumps to the end of the shortest wait, in the next
    iteration of the event loop. A wait of more than 60 s is a deadline, and not jumped to: to test
    shorter deadlines, or what happens between two waits, pass `auto=False`. The clock then stands
    still until you call `advance`.

    `chance` is what `random` returns, or a function that returns it: the default makes every
    backoff half of its maximum. Waiting for the network itself takes real time.
    """

    waited: list[float]
    """The seconds of each wait that has ended, in that order, without those that were cancelled."""

    def __init__(
        self,
        *,
        auto: bool = True,
        chance: float | Callable[[], float] = 0.5,
        wall: float = 1_767_225_600.0,
    ) -> None:
        """Start at 0, which is `wall` in seconds since the epoch: the first moment of 2026."""
        self.waited = []
        self._auto = auto
        self._chance = chance
        self._now = 0.0
        self._began = wall
        self._numbers = count()
        self._timers: list[tuple[float, int, _Timer]] = []
        self._near = 0
        """How many of the timers are short enough to jump to."""
        self._is_about_to_jump = False

    def now(self) -> float:
        """Return the seconds since the start."""
        return self._now

    def wall(self) -> float:
        """Return the seconds since the epoch."""
        return self._began + self._now

    def random(self) -> float:
        """Return what stands for a random number."""
        return self._chance() if callable(self._chance) else self._chance

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Call back once the clock has moved or jumped that far."""
        return self._add(_Timer(seconds, callback, self._forget))

    def call_in_passing(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Call back as `call_later`, but never jump for it: nobody waits."""
        return self._add(_Timer(seconds, callback, self._forget, awaited=False))

    def _add(self, timer: "_Timer") -> Timer:
        seconds = timer.seconds
        heappush(self._timers, (self._now + max(0.0, seconds), next(self._numbers), timer))
        self._near += timer.is_near
        self._jump_soon()
        return timer

    @property
    def waiting(self) -> list[float]:
        """The seconds that are left of each wait, the shortest first."""
        return [
            end - self._now
            for end, _, timer in sorted(self._timers)
            if timer.is_running and timer.is_awaited
        ]

    def advance(
        self, seconds: float = 0.0, *, minutes: float = 0, hours: float = 0, days: float = 0
    ) -> None:
        """Move forward, and end the waits that end by then, each at its own time.

        The tasks that waited continue in the next iteration of the event loop.
        """
        end = self._now + _seconds(seconds, minutes, hours, days)
        while (next_end := self._next_end()) is not None and next_end <= end:
            self._end_wait()
        self._now = end
        self._jump_soon()

    def _next_end(self) -> float | None:
        while self._timers and not self._timers[0][2].is_running:
            heappop(self._timers)
        return self._timers[0][0] if self._timers else None

    def _end_wait(self) -> None:
        self._now, _, timer = heappop(self._timers)
        if timer.is_awaited:
            self.waited.append(timer.seconds)
        timer.cancel()
        timer.callback()

    def _jump_soon(self) -> None:
        if self._auto and self._near and not self._is_about_to_jump:
            self._is_about_to_jump = True
            asyncio.get_running_loop().call_soon(self._jump)

    def _jump(self) -> None:
        """End one wait, even a deadline: a task that continues may start a shorter wait."""
        self._is_about_to_jump = False
        if self._near and self._next_end() is not None:
            self._end_wait()
            self._jump_soon()

    def _forget(self, timer: "_Timer") -> None:
        self._near -= timer.is_near


class _Timer:
    def __init__(
        self,
        seconds: float,
        callback: Callable[[], None],
        on_end: Callable[["_Timer"], None],
        *,
        awaited: bool = True,
    ) -> None:
        self.seconds = seconds
        self.callback = callback
        self.is_awaited = awaited
        self.is_near = awaited and seconds <= _MAX_JUMP
        self.is_running = True
        self._on_end = on_end

    def cancel(self) -> None:
        if self.is_running:
            self.is_running = False
            self._on_end(self)


class RunningClock:
    """The time of this machine, which a test can move forward: a `FakeCurrents` uses one.

        async with FakeCurrents() as server:
            server.clock.advance(hours=2)

    Passed to a client too, `Currents(..., clock=server.clock)`, it ends those of the client's waits
    that end in the skipped time; all others take real time.
    """

    def __init__(self) -> None:
        """Start at the time of this machine."""
        self._ahead = 0.0
        self._alarms: list[_Alarm] = []

    def now(self) -> float:
        """Return seconds that never go backwards."""
        return time.monotonic() + self._ahead

    def wall(self) -> float:
        """Return the seconds since the epoch."""
        return time.time() + self._ahead

    def random(self) -> float:
        """Return a number of at least 0 and below 1."""
        return random.random()  # noqa: S311 - jitter is no secret

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Call back once that much time has passed, or the clock has been moved that far."""
        alarm = _Alarm(self.now() + max(0.0, seconds), callback, self._alarms.remove)
        self._alarms.append(alarm)
        alarm.wind(max(0.0, seconds))
        return alarm

    call_in_passing = call_later

    @property
    def waiting(self) -> list[float]:
        """The seconds that are left of each wait, the shortest first."""
        return sorted(alarm.end - self.now() for alarm in self._alarms)

    def advance(
        self, seconds: float = 0.0, *, minutes: float = 0, hours: float = 0, days: float = 0
    ) -> None:
        """Move forward, and end the waits that end by then, each at its own time.

        The tasks that waited continue in the next iteration of the event loop.
        """
        goal = self._ahead + _seconds(seconds, minutes, hours, days)
        while (alarm := self._next_alarm()) and alarm.end <= time.monotonic() + goal:
            self._ahead = max(self._ahead, alarm.end - time.monotonic())
            alarm.ring()
        self._ahead = max(self._ahead, goal)
        for alarm in self._alarms:
            alarm.wind(alarm.end - self.now())

    def _next_alarm(self) -> "_Alarm | None":
        return min(self._alarms, key=lambda alarm: alarm.end, default=None)


class _Alarm:
    """A wait in the event loop that can end before its time."""

    def __init__(
        self, end: float, callback: Callable[[], None], on_end: Callable[["_Alarm"], None]
    ) -> None:
        self.end = end
        self._callback = callback
        self._on_end = on_end
        self._handle: asyncio.TimerHandle | None = None

    def wind(self, seconds: float) -> None:
        """Ring in that many seconds, and no longer at the time set before."""
        if self._handle is not None:
            self._handle.cancel()
        self._handle = asyncio.get_running_loop().call_later(seconds, self.ring)

    def ring(self) -> None:
        self.cancel()
        self._callback()

    def cancel(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
            self._on_end(self)


def _seconds(seconds: float, minutes: float, hours: float, days: float) -> float:
    total = seconds + 60 * minutes + 60 * 60 * (hours + 24 * days)
    if not 0 <= total < math.inf:
        raise InvalidArgumentError(f"a clock can only be moved forward, not by {total} seconds")
    return total


AnyClock = ManualClock | RunningClock
"""A clock that a `FakeCurrents` can use."""
