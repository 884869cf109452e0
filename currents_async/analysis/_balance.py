"""The least time in which some machines can do some jobs: the minimum makespan.

Source: https://en.wikipedia.org/wiki/Identical-machines_scheduling.
"""

from bisect import bisect_left, insort
from collections.abc import Sequence
from heapq import heapreplace

MAX_EXACT = 12
"""Jobs of which the least makespan is always found: beyond, a search could take forever."""
_FITS = 7
"""Capacities that MULTIFIT tries; each halves what it is uncertain of."""


def least_makespan(jobs: Sequence[int], lanes: int) -> int:
    """Return the least time in which lanes can do jobs, which take so long each.

    It is exact for `MAX_EXACT` jobs, or if it equals `lower_bound`. Otherwise a schedule with that
    time exists, and the least one takes at least 3/4 of it, as LPT never needs more than 4/3 of the
    optimum (Graham, 1969).
    """
    longest_first = sorted(jobs, reverse=True)
    bound = lower_bound(jobs, lanes)
    found = _longest_first(longest_first, lanes)
    if found > bound:
        found = min(found, _multifit(longest_first, lanes, bound, found))
    if bound < found and len(jobs) <= MAX_EXACT:
        return _Search(longest_first, bound, found).run(lanes)
    return found


def lower_bound(jobs: Sequence[int], lanes: int) -> int:
    """Return a time that no schedule can beat: the longest job, or an equal share of all."""
    return max(max(jobs, default=0), -(-sum(jobs) // lanes))


def _longest_first(jobs: Sequence[int], lanes: int) -> int:
    """Give each job to the lane that is free first (LPT)."""
    loads = [0] * lanes
    for job in jobs:
        heapreplace(loads, loads[0] + job)
    return max(loads)


def _multifit(jobs: Sequence[int], lanes: int, low: int, high: int) -> int:
    """Look for the least time by which the jobs fit into the lanes, best fit first (MULTIFIT)."""
    for _ in range(_FITS):
        if low >= high:
            break
        middle = (low + high) // 2
        if _fit(jobs, lanes, middle):
            high = middle
        else:
            low = middle + 1
    return high


def _fit(jobs: Sequence[int], lanes: int, capacity: int) -> bool:
    left = [capacity] * lanes
    for job in jobs:
        place = bisect_left(left, job)
        if place == lanes:
            return False
        insort(left, left.pop(place) - job)
    return True


class _Search:
    """A branch-and-bound search, job by job."""

    def __init__(self, jobs: Sequence[int], bound: int, best: int) -> None:
        self._jobs = jobs
        self._bound = bound
        self._best = best

    def run(self, lanes: int) -> int:
        self._place(0, [0] * lanes)
        return self._best

    def _place(self, number: int, loads: list[int]) -> None:
        if number == len(self._jobs):
            self._best = max(loads)
            return
        job = self._jobs[number]
        # Lanes with the same load are interchangeable.
        for load in sorted(set(loads)):
            if self._best == self._bound or load + job >= self._best:
                return
            lane = loads.index(load)
            loads[lane] = load + job
            self._place(number + 1, loads)
            loads[lane] = load
