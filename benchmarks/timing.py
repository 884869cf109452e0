"""Ways of doing the same work in one process, by the CPU's clock."""

import gc
import time
from collections.abc import Callable

from benchmarks.processes import Failed

Way = Callable[[], object]
"""Does the work once. Ways of a comparison that return a number must all return the same."""
Comparison = dict[str, Way]
Times = dict[str, list[float]]
"""Seconds of CPU of each way, by round."""


def compare(ways: Comparison, rounds: int) -> Times:
    """Measure all ways in turn, `rounds` times; each has been done once before."""
    counts = {way: count for way, work in ways.items() if isinstance(count := work(), int)}
    if len(set(counts.values())) > 1:
        raise Failed(f"the ways do different work: {counts}")
    times: Times = {way: [] for way in ways}
    for _ in range(rounds):
        for way, work in ways.items():
            times[way].append(_time(work))
    return times


def _time(work: Way) -> float:
    gc.collect()
    start = time.process_time()
    work()
    return time.process_time() - start
