"""How many requests the server bears at once."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from currents_async._transport.slots import Slots

WORKERS = 16


def tried(number: int, workers: int = WORKERS) -> Slots:
    slots = Slots(workers)
    assert slots.try_out(number)
    return slots


def found(number: int) -> Slots:
    slots = tried(number)
    for _ in range(10 * number):
        slots.accepted()
    assert slots.limit == number
    return slots


def test_none_at_first() -> None:
    slots = Slots(WORKERS)
    assert not slots.are_limited
    assert slots.limit == math.inf


class TestTryOut:
    @pytest.mark.parametrize("number", [1, 8, 16])
    def test_a_number(self, number: int) -> None:
        slots = tried(number)
        assert slots.are_limited
        assert slots.limit == number

    @pytest.mark.parametrize("number", [0, -1, 17])
    def test_a_number_that_explains_nothing(self, number: int) -> None:
        slots = Slots(WORKERS)
        assert not slots.try_out(number)
        assert not slots.are_limited
        assert slots.limit == math.inf

    def test_refused_although_it_is_kept_means_another_limit(self) -> None:
        slots = tried(8)
        assert not slots.refused(mixed=False)
        assert not slots.are_limited

    def test_refused_while_most_pass_means_fewer(self) -> None:
        slots = tried(8)
        assert slots.refused(mixed=True)
        assert 4 <= slots.limit < 8

    def test_refused_one_by_one_means_another_limit_too(self) -> None:
        slots = tried(1)
        assert not slots.refused(mixed=False)
        assert not slots.are_limited


class TestFound:
    def test_there_is_always_one(self) -> None:
        slots = found(1)
        for _ in range(10):
            assert slots.refused(mixed=False)
        assert slots.limit == 1

    def test_refusals_cut_it(self) -> None:
        slots = found(10)
        assert slots.refused(mixed=False)
        assert slots.are_limited
        assert 5 <= slots.limit < 10

    def test_successes_raise_it_one_by_one(self) -> None:
        slots, limits = found(3), list[float]()
        for _ in range(10_000):
            slots.accepted()
            if slots.limit not in limits:
                limits.append(slots.limit)
        assert limits == [3, *range(4, WORKERS + 1), math.inf]
        assert not slots.are_limited, "all workers may send"

    def test_a_cut_begins_the_count_anew(self) -> None:
        slots = found(3)
        while slots.limit == 3:
            slots.accepted()
        slots.refused(mixed=True)
        cut = slots.limit
        slots.accepted()
        assert slots.limit == cut


@given(
    st.integers(1, 64),
    st.lists(
        st.integers(0, 70)
        | st.sampled_from(["accepted", "refused", "mixed", "many accepted", "give up"]),
        max_size=80,
    ),
)
def test_it_is_between_one_and_all(workers: int, events: list[int | str]) -> None:
    slots = Slots(workers)
    for event in events:
        before = slots.limit
        match event:
            case "accepted":
                slots.accepted() if slots.are_limited else None
            case "many accepted":
                for _ in range(300):
                    slots.accepted() if slots.are_limited else None
            case "refused" | "mixed":
                if slots.are_limited and slots.refused(mixed=event == "mixed"):
                    assert slots.limit <= before
            case "give up":
                slots.give_up()
            case int():
                slots.try_out(event)
            case _:
                raise AssertionError(event)
        assert slots.limit == math.inf if not slots.are_limited else 1 <= slots.limit <= workers


@given(st.integers(1, 30), st.floats(0.7, 1.3))
def test_most_of_what_the_server_bears_is_used(capacity: int, share: float) -> None:
    """Rounds in which as many are sent as may be: what exceeds the capacity is refused."""
    slots = tried(max(1, round(share * capacity)) if capacity < 24 else capacity, workers=32)
    sent = list[int]()
    refused = 0
    for _ in range(800):
        at_once = int(min(slots.limit, 32))
        sent.append(at_once)
        passed = min(at_once, capacity)
        for _ in range(passed):
            slots.accepted() if slots.are_limited else None
        if at_once > capacity:
            refused += at_once - capacity
            if slots.are_limited:
                slots.refused(mixed=at_once - capacity <= passed)
        if not slots.are_limited:
            if at_once > capacity:
                slots.try_out(capacity)
            elif at_once == 32:
                break
    used = sum(min(at_once, capacity) for at_once in sent) / len(sent)
    assert used >= 0.8 * capacity
    assert refused <= 0.05 * sum(sent) + 64
