"""A clock for tests: hours of backoff and pauses pass at once, or when the test says so."""

import asyncio
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count

from currents_async._clock import Timer

__all__ = ["ManualClock"]

_FARTHEST_JUMP = 60.0
"""The longest a client ever waits between two requests; what takes longer is a deadline."""


class ManualClock:
    """A clock that stands still, but for jumps: what a client goes by instead of real time.

        clock = ManualClock()
        async with Currents(server.api_key, base_url=server.url, clock=clock) as currents:
            server.fail("getRun", status=429, headers={"Retry-After": "30"})
            await currents.runs.get(run_id)  # at once
        assert clock.waited == [30.0]

    As soon as somebody waits, the clock jumps to the end of the wait that ends first, in the next
    turn of the event loop. What would take more than 60 s is a deadline, and not jumped to: where
    you test shorter ones, or need the time between two waits, use `auto=False`. It does not jump,
    and goes on when you say `advance`.

    `chance` is what `random` returns, or a function that says so: the default makes every backoff
    half of the longest it could be. Waiting for the network itself takes real time.
    """

    waited: list[float]
    """The seconds of each wait that has ended, in that order; those given up are not among them."""

    def __init__(
        self,
        *,
        auto: bool = True,
        chance: float | Callable[[], float] = 0.5,
        wall: float = 1_767_225_600.0,
    ) -> None:
        """Begin at 0, which is `wall` in seconds since the epoch: the first moment of 2026."""
        self.waited = []
        self._auto = auto
        self._chance = chance
        self._now = 0.0
        self._began = wall
        self._numbers = count()
        self._timers: list[tuple[float, int, _Timer]] = []
        self._near = 0
        """How many of them are short enough to be jumped to."""
        self._is_about_to_jump = False

    def now(self) -> float:
        """Return the seconds since the beginning."""
        return self._now

    def wall(self) -> float:
        """Return seconds since the epoch, which go by with the others."""
        return self._began + self._now

    def random(self) -> float:
        """Return what is to be taken for chance."""
        return self._chance() if callable(self._chance) else self._chance

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Call back when the clock has been moved on, or has jumped, that far."""
        timer = _Timer(seconds, callback, self._forget)
        heappush(self._timers, (self._now + max(0.0, seconds), next(self._numbers), timer))
        self._near += timer.is_near
        self._jump_soon()
        return timer

    @property
    def waiting(self) -> list[float]:
        """The seconds that are left of each wait, the shortest first."""
        return [end - self._now for end, _, timer in sorted(self._timers) if timer.is_running]

    def advance(self, seconds: float) -> None:
        """Move on, and end the waits that end in that time, each at its own time.

        Whoever waited goes on when the event loop has its next turn.
        """
        end = self._now + seconds
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
        self.waited.append(timer.seconds)
        timer.cancel()
        timer.callback()

    def _jump_soon(self) -> None:
        if self._auto and self._near and not self._is_about_to_jump:
            self._is_about_to_jump = True
            asyncio.get_running_loop().call_soon(self._jump)

    def _jump(self) -> None:
        """End one wait, if only a deadline: who follows may want to wait for less than the next."""
        self._is_about_to_jump = False
        if self._near and self._next_end() is not None:
            self._end_wait()
            self._jump_soon()

    def _forget(self, timer: "_Timer") -> None:
        self._near -= timer.is_near


class _Timer:
    def __init__(
        self, seconds: float, callback: Callable[[], None], on_end: Callable[["_Timer"], None]
    ) -> None:
        self.seconds = seconds
        self.callback = callback
        self.is_near = seconds <= _FARTHEST_JUMP
        self.is_running = True
        self._on_end = on_end

    def cancel(self) -> None:
        if self.is_running:
            self.is_running = False
            self._on_end(self)
