from itertools import product
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from currents_async.analysis._balance import MAX_EXACT, least_makespan, lower_bound

jobs = st.integers(0, 1000) | st.integers(20, 40)
lanes = st.integers(1, 4)


def brute_force(times: list[int], workers: int) -> int:
    """Return the least makespan of all ways to distribute jobs."""
    return min(
        max(
            sum(time for time, lane in zip(times, ways, strict=True) if lane == one)
            for one in range(workers)
        )
        for ways in product(range(workers), repeat=len(times))
    )


@given(st.lists(jobs, min_size=1, max_size=6), lanes)
def test_few_jobs_as_by_brute_force(times: list[int], workers: int) -> None:
    assert least_makespan(times, workers) == brute_force(times, workers)


@given(st.lists(jobs, min_size=MAX_EXACT + 1, max_size=40), st.integers(1, 12))
def test_many_jobs_within_the_bounds(times: list[int], workers: int) -> None:
    found, bound = least_makespan(times, workers), lower_bound(times, workers)
    assert bound <= found
    # What LPT is proven to keep to, since the bound alone may be lower than the optimum.
    assert found <= bound + max(times)


@given(st.lists(st.integers(1, 500), min_size=1, max_size=5), st.integers(2, 6))
def test_a_perfect_schedule_of_many_jobs_is_approached(cuts: list[int], workers: int) -> None:
    """Cut the same time into jobs for each worker: the optimum is that time."""
    times = [*cuts, sum(cuts)] * workers
    assert 2 * sum(cuts) <= least_makespan(times, workers) <= 2 * sum(cuts) * 4 / 3


def test_no_jobs_take_no_time() -> None:
    assert least_makespan([], 3) == 0


def test_a_large_run() -> None:
    random = Random(1)  # noqa: S311 - reproducible
    times = [int(random.lognormvariate(10, 1)) for _ in range(500)]
    assert least_makespan(times, 160) == lower_bound(times, 160)
