"""What can be measured of a process: how long its loop stood still, how much memory it took."""

import asyncio
import ctypes
import gc
import re
import selectors
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, cast

_CLEAR_REFS = Path("/proc/self/clear_refs")


class StallSelector(selectors.DefaultSelector):
    """Notes the longest iteration of the loop: from the return of `select` to the next call.

    That is how long a task that has become ready can be kept waiting. It costs a few readings of
    clocks for each iteration, and does not keep the loop awake.
    """

    longest = 0.0
    """Seconds of `time.perf_counter`."""
    busiest = 0.0
    """Seconds of CPU: what others do on the machine is left out."""
    _began, _cpu_began = 0.0, 0.0

    def restart(self) -> None:
        """Forget what has been."""
        self.longest = self.busiest = 0.0
        self._began, self._cpu_began = time.perf_counter(), time.thread_time()

    def stop(self) -> None:
        """Count the iteration that is under way."""
        self.longest = max(self.longest, time.perf_counter() - self._began)
        self.busiest = max(self.busiest, time.thread_time() - self._cpu_began)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait as usual, and note how long it took to get back here."""
        self.stop()
        events = super().select(timeout)
        self._began, self._cpu_began = time.perf_counter(), time.thread_time()
        return events


def loop_factory(selector: StallSelector | None) -> Callable[[], asyncio.AbstractEventLoop]:
    """Return what makes a loop around a selector, or uvloop's, which takes none.

    Raises `ModuleNotFoundError` without uvloop.
    """
    if selector is None:
        uvloop: Any = import_module("uvloop")  # by its name: the types are checked without it
        return cast("Callable[[], asyncio.AbstractEventLoop]", uvloop.new_event_loop)
    return lambda: asyncio.SelectorEventLoop(selector)


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
    """The growth of this process's resident memory since now, in bytes; None if not reported."""

    def __init__(self) -> None:
        self._start = resident() or 0
        with suppress(OSError):
            _CLEAR_REFS.write_text("5")  # the peak begins anew

    def peak(self) -> int | None:
        """Return the growth to the highest point."""
        highest = _resident("VmHWM") if _CLEAR_REFS.exists() else None
        return None if highest is None else highest - self._start

    def now(self) -> int | None:
        """Return the growth to what is in use now."""
        used = resident()
        return None if used is None else used - self._start


def resident() -> int | None:
    """Return the bytes in use after garbage is collected and, by glibc, given back."""
    gc.collect()
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)
    return _resident("VmRSS")


def _resident(field: str) -> int | None:
    try:
        found = re.search(rf"{field}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    except OSError:
        return None
    return int(found[1]) * 1024 if found else None
