"""Which refusals mean a limit, and which nothing."""

import random

import pytest

from currents_async._transport.refusals import Group, Strays

WORKERS = 16


def group(*, refused: int = 1, passed: int = 0, at: float = 10) -> Group:
    made = Group(at, at - 0.1, 0.1, is_silent=False)
    made.refused, made.passed = refused, passed
    return made


class TestGroup:
    def test_it_waits_for_what_was_in_flight(self) -> None:
        assert 10.1 < Group(10, 9.9, 0.1, is_silent=True).until < 10.3
        assert 10 < Group(10, 9.9, 0.0, is_silent=True).until < 10.1

    @pytest.mark.parametrize(
        ("refused", "passed", "is_lone"),
        [
            (1, 0, True),
            (1, 15, True),
            (2, 0, False),
            (2, 1, False),
            (2, 2, True),
            (2, 14, True),
            (8, 7, False),
            (8, 8, False),
            (16, 0, False),
        ],
    )
    def test_one_of_many_may_be_a_stray(self, refused: int, passed: int, *, is_lone: bool) -> None:
        assert group(refused=refused, passed=passed).is_lone is is_lone

    @pytest.mark.parametrize(
        ("refused", "passed", "is_mixed"),
        [(1, 0, False), (3, 2, False), (3, 3, True), (3, 9, True)],
    )
    def test_mixed(self, refused: int, passed: int, *, is_mixed: bool) -> None:
        assert group(refused=refused, passed=passed).is_mixed is is_mixed


class Job:
    """Requests at a rate, of which some are refused alone."""

    def __init__(self, *, rate: float = 100) -> None:
        self._strays = Strays(WORKERS)
        self._rate = rate
        self._now = 0.0
        self._accepted = 0

    def goes_on(self, requests: int) -> None:
        self._accepted += requests
        self._now += requests / self._rate

    def is_limited(
        self, *, limited_at: float | None = None, passed: int = 0, pause: float = 1.0
    ) -> bool:
        """Have a request refused; requests go on after a pause."""
        is_limited = self._strays.mean_a_limit(
            group(passed=passed, at=self._now),
            began=0,
            lasted=0,
            accepted=self._accepted,
            limited_at=limited_at,
        )
        self._now += pause
        return is_limited


class TestStrays:
    @pytest.mark.parametrize("before", [0, 1, 20, 1000])
    def test_one_alone_means_nothing(self, before: int) -> None:
        job = Job()
        job.goes_on(before)
        assert not job.is_limited()

    def test_one_upon_another_means_a_limit(self) -> None:
        job = Job()
        assert not job.is_limited()
        job.goes_on(3)
        assert job.is_limited()

    def test_not_if_most_pass_beside_them(self) -> None:
        job = Job()
        assert not job.is_limited(passed=15)
        job.goes_on(15)
        assert not job.is_limited(passed=15)

    @pytest.mark.parametrize("every", [30, 100, 1000])
    def test_in_step_they_mean_a_limit(self, every: int) -> None:
        job, found = Job(), list[bool]()
        for _ in range(8):
            job.goes_on(every)
            found.append(job.is_limited())
        assert not found[0]
        assert any(found[:5])

    @pytest.mark.parametrize(("passed", "needed"), [(0, 2), (1, 3), (15, 10)])
    def test_it_takes_more_of_them_the_more_pass_beside_them(
        self, passed: int, needed: int
    ) -> None:
        job, found = Job(), list[bool]()
        for _ in range(needed):
            job.goes_on(100)
            found.append(job.is_limited(passed=passed))
        assert found == [False] * (needed - 1) + [True]

    def test_scattered_they_mean_nothing(self) -> None:
        """One in a hundred, wherever it falls: hardly any is taken for a limit."""
        dice, found = random.Random(1), list[bool]()  # noqa: S311 - no secret
        for _ in range(20):
            job = Job()
            for _ in range(25):
                requests = 0
                while dice.random() > 0.01:
                    requests += 1
                job.goes_on(requests)
                found.append(job.is_limited(passed=15))
        assert sum(found) <= 0.08 * len(found)

    @pytest.mark.parametrize(("seconds", "is_limit"), [(1, True), (30, False)])
    def test_soon_after_a_limit_one_is_enough(self, seconds: int, *, is_limit: bool) -> None:
        job = Job()
        job.goes_on(100 * seconds)
        assert job.is_limited(limited_at=0) is is_limit

    def test_at_a_known_limit_two_soon_after_each_other_are_enough(self) -> None:
        job = Job()
        job.goes_on(10_000)
        assert not job.is_limited(limited_at=0)
        job.goes_on(100)
        assert job.is_limited(limited_at=0)

    def test_at_a_known_limit_two_long_after_each_other_are_not(self) -> None:
        job = Job()
        job.goes_on(10_000)
        assert not job.is_limited(limited_at=0)
        job.goes_on(2_000)
        assert not job.is_limited(limited_at=0)
