"""The explorer is read down to where nothing bad can follow, however it is sorted."""

from collections.abc import Callable
from itertools import takewhile

from hypothesis import example, given
from hypothesis import strategies as st

from currents_async._quarantine.examine import rates_of
from currents_async._quarantine.policy import QuarantinePolicy
from currents_async.models import ExploredTestMetrics

LEAST = 5


@st.composite
def counted(draw: st.DrawFn) -> tuple[int, int, int]:
    executions = draw(st.integers(LEAST, 12))
    flaky = draw(st.integers(0, executions))
    return executions, flaky, draw(st.integers(flaky, executions))


ORDERS: dict[str, Callable[[ExploredTestMetrics], float]] = {
    "by count": lambda metrics: metrics.flaky,
    "by the server's rate": lambda metrics: metrics.flakiness_rate or 0,
}


@given(
    tests=st.lists(counted()),
    order=st.sampled_from(sorted(ORDERS)),
    of_passes=st.booleans(),
    most=st.sampled_from([0.05, 0.2, 0.3, 0.5, 1.0]),
)
@example(tests=[(5, 2, 5), (5, 1, 1)], order="by the server's rate", of_passes=True, most=0.3)
def test_no_further_test_reaches_the_threshold(
    tests: list[tuple[int, int, int]],
    order: str,
    of_passes: bool,  # noqa: FBT001 - hypothesis draws it
    most: float,
) -> None:
    """Whether the rate is a share of executions or of passes."""
    policy = QuarantinePolicy(failure_rate=None, flakiness_rate=most, min_executions=LEAST)
    [rate] = rates_of(policy)
    metrics = [
        ExploredTestMetrics(
            executions=executions,
            flaky=flaky,
            passes=passes,
            flakiness_rate=flaky / ((passes if of_passes else executions) or 1),
        )
        for executions, flaky, passes in tests
    ]
    worst_first = sorted(metrics, key=ORDERS[order], reverse=True)
    read = len(list(takewhile(lambda one: not rate.is_past(one, LEAST), worst_first)))
    assert not any(rate.is_reached(one) for one in worst_first[read:])
