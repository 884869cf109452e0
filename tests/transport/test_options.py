"""What a call may take: how its deadline moves while a reader takes its time."""

import math

import pytest

from currents_async import Retries, Timeouts
from currents_async._transport.options import CallOptions


@pytest.mark.parametrize(
    ("ends_at", "deadline", "bound"),
    [
        (math.inf, 15, "Timeouts.total"),
        (16, 15, "Timeouts.total"),
        (12, 12, "the given timeout"),
    ],
)
def test_a_deadline_moves_by_what_the_reader_took_up_to_the_end_of_the_whole(
    ends_at: float, deadline: float, bound: str
) -> None:
    options = CallOptions(10, Timeouts(), Retries(), ends_at=ends_at)
    assert options.bound == "Timeouts.total"
    later = options.extended(5)
    assert (later.deadline, later.bound) == (deadline, bound)
    assert options.deadline == 10
