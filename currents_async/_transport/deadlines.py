"""Ends what takes too long: one timer for all that waits for the network."""

import asyncio
import math
from collections.abc import Callable
from typing import Any

_MIN_SLEEP = 0.01


class Step:
    """What a task does until a time; `asyncio.timeout` would cost two frames and a timer."""

    __slots__ = ("_cancelling", "_is_expired", "_task", "end", "look", "look_after")

    def __init__(
        self, task: "asyncio.Task[Any]", end: float, look_after: float, look: Callable[[], bool]
    ) -> None:
        self.end: float = end
        self.look_after: float = look_after
        self.look: Callable[[], bool] = look
        self._task = task
        self._cancelling = task.cancelling()
        self._is_expired = False

    def expire(self) -> None:
        """Cancel the task, once."""
        if not self._is_expired:
            self._is_expired = True
            self._task.cancel()

    def is_timed_out(self) -> bool:
        """Return whether a cancellation is due to the time alone; take it back if there is one."""
        return self._is_expired and self._task.uncancel() <= self._cancelling


class Deadlines:
    """The time by which each step has to be done, by the event loop's clock.

    A timer for each of thousands of steps, nearly always cancelled, would cost more than all the
    rest of the waiting.
    """

    def __init__(self) -> None:
        self._ends: dict[Step, float] = {}
        """When each step ends, or is to be looked at before."""
        self._timer: asyncio.TimerHandle | None = None
        self._wakes_at = math.inf

    def begin(
        self, seconds: float, look_after: float = math.inf, look: Callable[[], bool] = bool
    ) -> Step:
        """Limit the time of what this task does from now on: it is cancelled when that is over.

        `look` is called after so many seconds, if it still goes on then, and again until it
        returns True.
        """
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        if task is None:
            raise RuntimeError("only a task can be given a time")
        now = loop.time()
        step = Step(task, now + seconds, look_after, look)
        due = self._ends[step] = now + min(seconds, look_after)
        if due < self._wakes_at:
            self._sleep_until(due, loop)
        return step

    def end(self, step: Step) -> bool:
        """Forget a step that is over; return whether it was cancelled for its time alone."""
        return self._ends.pop(step, None) is not None and step.is_timed_out()

    def end_all(self) -> None:
        """End every step now."""
        for step in self._ends:
            step.expire()
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
        for step, due in self._ends.items():
            if step.end <= now:
                step.expire()
            elif due <= now:
                self._ends[step] = step.end if step.look() else min(step.end, now + step.look_after)
        self._timer = None
        self._wakes_at = math.inf
        nearest = min((due for due in self._ends.values() if due > now), default=math.inf)
        if not math.isinf(nearest):
            self._sleep_until(max(nearest, now + _MIN_SLEEP), loop)
