"""Time and randomness, passed in so that tests can bring their own."""

import asyncio
import random
import time
from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    """A callback to come, unless it is cancelled."""

    def cancel(self) -> None:
        """Do not call back."""
        ...


class Clock(Protocol):
    """The time that backoff, pacing and deadlines go by.

    Waiting for the network itself is always measured by the event loop.
    """

    def now(self) -> float:
        """Return seconds since any point in time; they never decrease."""
        ...

    def wall(self) -> float:
        """Return seconds since the epoch, to compare with dates that servers send."""
        ...

    def random(self) -> float:
        """Return a random number from 0 up to, but not including, 1."""
        ...

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Call back once, that many seconds from now, in the running event loop."""
        ...


class SystemClock:
    """The clock of this machine."""

    now = staticmethod(time.monotonic)
    wall = staticmethod(time.time)
    random = staticmethod(random.random)  # noqa: S311 - jitter is not a secret

    @staticmethod
    def call_later(seconds: float, callback: Callable[[], None]) -> Timer:
        """Let the event loop call back."""
        return asyncio.get_running_loop().call_later(seconds, callback)
