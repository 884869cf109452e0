"""Whether a process stays as it is: memory, objects, tasks and files, sampled over its life."""

import asyncio
import gc
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.measuring import resident

_MIB = 1024 * 1024
_FEWEST = 8
_FILES = Path("/proc/self/fd")


class Sample(NamedTuple):
    """What a process has at one time; None is what the system does not report."""

    at: float
    """Seconds of `time.monotonic`."""
    memory: float | None
    """MiB in use."""
    objects: int
    """Those that the garbage collector knows of."""
    tasks: int
    files: int | None
    """Open file descriptors, connections among them."""

    def __str__(self) -> str:
        memory = "-" if self.memory is None else f"{self.memory:.1f}"
        return f"{memory} MiB, {self.objects} objects, {self.tasks} tasks, {self.files} files"


class Growth(NamedTuple):
    """The medians of the second and the last quarter, and whether they differ little enough."""

    name: str
    second: float
    last: float
    is_flat: bool

    def __str__(self) -> str:
        verdict = "flat" if self.is_flat else "GROWN"
        return f"{self.name}: {self.second:.1f}, then {self.last:.1f}: {verdict}"


def sample() -> Sample:
    """Collect garbage, and look; call it when nothing is under way."""
    memory = resident()
    return Sample(
        at=time.monotonic(),
        memory=None if memory is None else memory / _MIB,
        objects=len(gc.get_objects()),
        tasks=len(asyncio.all_tasks()),
        files=len(list(_FILES.iterdir())) if _FILES.exists() else None,
    )


def growth(samples: Sequence[Sample], allowed: dict[str, float]) -> list[Growth]:
    """Compare the last quarter with the second: in the first a process finds its size.

    `allowed` is how much each field may grow. Returns nothing when there are too few samples.
    """
    if len(samples) < _FEWEST:
        return []
    start, end = samples[0].at, samples[-1].at
    quarter = (end - start) / 4
    quarters = (
        [one for one in samples if start + quarter <= one.at <= start + 2 * quarter],
        [one for one in samples if one.at >= start + 3 * quarter],
    )
    grown: list[Growth] = []
    for name, bound in allowed.items():
        if getattr(samples[0], name) is not None:
            second, last = (median(getattr(one, name) for one in part) for part in quarters)
            grown.append(Growth(name, second, last, last - second <= bound))
    return grown
