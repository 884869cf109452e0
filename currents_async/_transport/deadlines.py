"""Ends what takes too long: one timer for all that waits for the network."""

import asyncio
import math

_MIN_SLEEP = 0.01


class Deadlines:
    """The time by which each step has to be done, by the event loop's clock.

    A timer for each of thousands of steps, nearly always cancelled, would cost more than all the
    rest of the waiting.
    """

    def __init__(self) -> None:
        self._ends: dict[asyncio.Timeout, float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._wakes_at = math.inf

    def begin(self, step: asyncio.Timeout, seconds: float) -> None:
        """Limit the time of a step that has been entered: it ends with a `TimeoutError`."""
        if math.isinf(seconds):
            self._ends[step] = math.inf
            return
        loop = asyncio.get_running_loop()
        end = self._ends[step] = loop.time() + seconds
        if end < self._wakes_at:
            self._sleep_until(end, loop)

    def end(self, step: asyncio.Timeout) -> None:
        """Forget a step that is done."""
        self._ends.pop(step, None)

    def end_all(self) -> None:
        """End every step now."""
        for step in self._ends:
            _expire(step)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _sleep_until(self, end: float, loop: asyncio.AbstractEventLoop) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._wakes_at = end
        self._timer = loop.call_at(end, self._wake, loop)

    def _wake(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for step, end in self._ends.items():
            if end <= now:
                _expire(step)
        self._timer = None
        self._wakes_at = math.inf
        nearest = min((end for end in self._ends.values() if end > now), default=math.inf)
        if not math.isinf(nearest):
            self._sleep_until(max(nearest, now + _MIN_SLEEP), loop)


def _expire(step: asyncio.Timeout) -> None:
    if not step.expired():
        step.reschedule(-1)
