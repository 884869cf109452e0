"""Time and chance, as something that is passed in: tests bring their own."""

import asyncio
import random
import time
from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    """What will call back, unless it is cancelled."""

    def cancel(self) -> None:
        """Do not call back."""
        ...


class Clock(Protocol):
    """What a client goes by for backoff, pacing and deadlines.

    Only waiting for the network itself is measured by the event loop, whatever the clock.
    """

    def now(self) -> float:
        """Return seconds that never go backwards, from any beginning."""
        ...

    def wall(self) -> float:
        """Return seconds since the epoch, to compare with dates of a server."""
        ...

    def random(self) -> float:
        """Return a number of at least 0 and below 1."""
        ...

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Call back once, that many seconds from now, in the event loop that is running."""
        ...


class SystemClock:
    """The time of this machine."""

    now = staticmethod(time.monotonic)
    wall = staticmethod(time.time)
    random = staticmethod(random.random)  # noqa: S311 - jitter is no secret

    @staticmethod
    def call_later(seconds: float, callback: Callable[[], None]) -> Timer:
        """Call back by the event loop."""
        return asyncio.get_running_loop().call_later(seconds, callback)
