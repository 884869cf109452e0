"""What is read off a process: how long its loop stood still, how much memory it took."""

import asyncio
import ctypes
import gc
import re
import selectors
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

_STATUS = Path("/proc/self/status")
_DESCRIPTORS = Path("/proc/self/fd")
_CLEAR_REFS = Path("/proc/self/clear_refs")
_RESET_PEAK = "5"


class Taken:
    """Takes the elements that a contender hands over: counts them, and keeps them if told to."""

    def __init__(self, *, keep: bool = False) -> None:
        self.count = 0
        self.first: float | None = None
        """When the first came: seconds of `time.perf_counter`."""
        self.kept: list[object] | None = [] if keep else None

    def __call__(self, elements: Sequence[object]) -> None:
        """Take some more."""
        if self.first is None and elements:
            self.first = time.perf_counter()
        self.count += len(elements)
        if self.kept is not None:
            self.kept.extend(elements)


class StallSelector(selectors.DefaultSelector):
    """Notes the longest turn of the loop: from the return of one `select` to the next call.

    That is how long a task that has become ready can be kept waiting. It costs two readings of
    the clock for each turn, and does not keep the loop awake.
    """

    longest = 0.0
    _turned = 0.0

    def restart(self) -> None:
        """Forget what has been."""
        self.longest, self._turned = 0.0, time.perf_counter()

    def read(self) -> float:
        """Return the longest turn since the restart, in seconds; the present one counts."""
        return max(self.longest, time.perf_counter() - self._turned)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait as usual, and note how long it took to get back here."""
        self.longest = max(self.longest, time.perf_counter() - self._turned)
        events = super().select(timeout)
        self._turned = time.perf_counter()
        return events


class BusySelector(StallSelector):
    """Notes the longest turn by the CPU's clock too: what others do on the machine is left out."""

    busiest = 0.0
    _began = 0.0

    def restart(self) -> None:
        """Forget what has been."""
        super().restart()
        self.busiest, self._began = 0.0, time.thread_time()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait as usual, and note how much CPU it took to get back here."""
        self.busiest = max(self.busiest, time.thread_time() - self._began)
        events = super().select(timeout)
        self._began = time.thread_time()
        return events


class StallSpinner:
    """Notes the longest gap between callbacks in a loop that offers no selector, such as uvloop.

    It keeps the loop awake, so nothing else is to be measured meanwhile.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._longest = 0.0
        self._last = time.perf_counter()
        self._handle = self._loop.call_soon(self._tick)

    def _tick(self) -> None:
        now = time.perf_counter()
        self._longest = max(self._longest, now - self._last)
        self._last = now
        self._handle = self._loop.call_soon(self._tick)

    def stop(self) -> float:
        """Return the longest gap in seconds."""
        self._handle.cancel()
        return max(self._longest, time.perf_counter() - self._last)


class PeakMemory:
    """The growth of this process's resident memory since now, in bytes."""

    def __init__(self) -> None:
        settle()
        with suppress(OSError):
            _CLEAR_REFS.write_text(_RESET_PEAK)
        self._start = _resident("VmRSS")

    def peak(self) -> int:
        """Return the growth to the highest point."""
        return _resident("VmHWM") - self._start

    def now(self) -> int:
        """Return the growth to what is in use now."""
        settle()
        return _resident("VmRSS") - self._start


def can_weigh() -> bool:
    """Say whether this system tells the peak of a process since a moment of our choosing."""
    return _CLEAR_REFS.exists()


def resident() -> int:
    """Return the bytes of memory that this process has in use now."""
    settle()
    return _resident("VmRSS")


def open_files() -> int | None:
    """Return how many file descriptors are open; None where the system does not tell."""
    return len(list(_DESCRIPTORS.iterdir())) if _DESCRIPTORS.exists() else None


def settle() -> None:
    """Collect garbage, and give freed memory back to the system where glibc can."""
    gc.collect()
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)


def _resident(field: str) -> int:
    found = re.search(rf"{field}:\s+(\d+) kB", _STATUS.read_text())
    return int(found[1]) * 1024 if found else 0
