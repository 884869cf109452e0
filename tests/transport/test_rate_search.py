"""The rate that a server allows, found by trial."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from currents_async._transport.cycle import Cycle, Dry
from currents_async._transport.rate_search import HIGHEST_RATE, LOWEST_RATE, Phase, RateSearch
from currents_async._wire.rate_limits import Allowance
from currents_async.testing.limiters import FixedWindow, Limiter, TokenBucket

LATENCY = 0.02
FASTEST = 2000.0
"""Requests per second that are sent while there is no limit."""


def dry(
    *times: float,
    at: float = 1.0,
    pause: float = 1.0,
    began: float = 0.0,
    since_last: float | None = None,
    told: Allowance | None = None,
    jitter: float = 0.0,
) -> Dry:
    """Describe a cycle in which requests were accepted at some times, until one was refused."""
    cycle = Cycle(began)
    for time in times:
        cycle.add(time)
    return Dry(
        at=at,
        pause=pause,
        resumes=at + pause,
        cycle=cycle,
        accepted=len(times),
        since_last=since_last,
        latency=LATENCY,
        jitter=jitter,
        told=told,
    )


class Job:
    """One request after the other, at the rate that was found so far."""

    def __init__(self, limiter: Limiter, *, pause: float = 1.0) -> None:
        self.search = RateSearch()
        self.now = 0.0
        self.accepted = list[float]()
        self.refused = list[float]()
        self._meter = limiter.meter()
        self._pause = pause
        self._dried_at: float | None = None
        self._cycle = Cycle(0.0)
        self._ahead = 0.0

    def go_on(self, seconds: float) -> None:
        end = self.now + seconds
        while self.now < end:
            self.search.grow(self.now)
            if self._ahead >= 1:
                self._ahead -= 1
            else:
                self.now += 1 / min(self.search.rate, FASTEST)
            decision = self._meter.arrive(self.now)
            if decision.accepted:
                self._cycle.add(self.now)
                self.accepted.append(self.now)
            else:
                self._pause_after_refusal()

    def _pause_after_refusal(self) -> None:
        self.refused.append(self.now)
        at, self.now = self.now, self.now + self._pause
        self.search.limited(
            Dry(
                at=at,
                pause=self._pause,
                resumes=self.now,
                cycle=self._cycle,
                accepted=self._cycle.accepted,
                since_last=None if self._dried_at is None else at - self._dried_at,
                latency=LATENCY,
                jitter=0.0,
                told=None,
            )
        )
        self._dried_at = at
        self._cycle = Cycle(self.now)
        self._ahead = self.search.credit

    def used(self, seconds: float) -> float:
        """Return the requests per second that were accepted over the last seconds."""
        return sum(time > self.now - seconds for time in self.accepted) / seconds


class TestUnlimited:
    def test_it_stays_so(self) -> None:
        search = RateSearch()
        search.grow(1000)
        assert (search.rate, search.phase, search.credit) == (math.inf, Phase.UNLIMITED, 0)
        assert not search.is_trying
        assert not search.is_known
        assert not search.is_over


class TestSearch:
    def test_it_begins_with_what_was_accepted(self) -> None:
        search = RateSearch()
        search.limited(dry(*[0.5] * 30, began=0.5))
        assert search.phase is Phase.SEARCH
        assert search.rate == pytest.approx(30, rel=0.5)
        assert search.is_trying
        assert not search.is_known

    def test_of_nothing_it_begins_with_the_lowest(self) -> None:
        search = RateSearch()
        search.limited(dry(began=0.5))
        assert search.rate == LOWEST_RATE

    def test_after_a_long_pause_it_was_that_much_over_a_long_time(self) -> None:
        search = RateSearch()
        search.limited(dry(*[0.5] * 30, began=0.5, pause=10))
        assert search.rate < 10

    def test_it_doubles_again_and_again(self) -> None:
        search = RateSearch()
        search.limited(dry(*[0.5] * 30, began=0.5))
        rates = list[float]()
        for tenth in range(20, 60):
            search.grow(tenth / 10)
            rates.append(search.rate)
        assert rates == sorted(rates)
        assert rates[-1] > 2**4 * rates[0]

    def test_it_does_so_no_sooner_than_responses_come(self) -> None:
        slow, fast = RateSearch(), RateSearch()
        slow.limited(dry(*[0.5] * 30, began=0.5)._replace(latency=2))
        fast.limited(dry(*[0.5] * 30, began=0.5))
        for search in (slow, fast):
            search.grow(4)
        assert slow.rate < fast.rate / 4

    def test_without_end_there_is_no_limit(self) -> None:
        search = RateSearch()
        search.limited(dry(*[0.5] * 30, began=0.5))
        search.grow(1000)
        assert search.rate > HIGHEST_RATE
        assert search.is_over

    def test_idle_time_proves_nothing(self) -> None:
        search = RateSearch()
        search.limited(dry(*[0.5] * 30, began=0.5))
        begin = search.rate
        search.idle(100)
        search.idle(-1)
        search.grow(102)
        assert search.rate == begin


class TestFound:
    @pytest.mark.parametrize("rate", [5, 10, 50, 300])
    @pytest.mark.parametrize("burst", [1, 5, 20, 100])
    @pytest.mark.parametrize("pause", [0.3, 1.0])
    def test_the_rate_of_a_bucket(self, rate: float, burst: int, pause: float) -> None:
        job = Job(TokenBucket(rate=rate, burst=burst), pause=pause)
        job.go_on(60)
        assert job.used(30) >= (0.5 if burst == 1 else 0.75) * rate
        assert len(job.refused) <= 0.05 * len(job.accepted) + 10

    @pytest.mark.parametrize("requests", [2, 10, 50, 300])
    def test_that_of_a_window(self, requests: int) -> None:
        job = Job(FixedWindow(requests=requests))
        job.go_on(60)
        assert job.used(30) >= 0.75 * requests
        assert len(job.refused) <= 0.05 * len(job.accepted) + 10

    def test_a_limit_is_known_after_two_refusals(self) -> None:
        job = Job(TokenBucket(rate=50, burst=20))
        while len(job.refused) < 2:
            job.go_on(0.1)
        assert job.search.is_known
        assert 15 <= job.search.rate <= 150

    @pytest.mark.parametrize(
        ("again", "batch"),
        [
            pytest.param((0.5, 30), 30, id="as many, more slowly"),
            pytest.param((0.1, 30), 1, id="no more slowly, so that a bucket let pass as many"),
            pytest.param((1.4, 30), 1, id="over more than a window"),
            pytest.param((0.5, 32), 1, id="more"),
            pytest.param((0.5, 28), 1, id="fewer"),
        ],
    )
    def test_a_window_is_filled_at_once_when_as_many_have_passed_again(
        self, again: tuple[float, int], batch: int
    ) -> None:
        search, (lasted, number) = RateSearch(), again
        search.limited(dry(*[0.1] * 30, at=0.1))
        seen = dry(*[1.0 + lasted] * number, began=1.0, at=1.0 + lasted, since_last=0.9 + lasted)
        search.limited(seen)
        assert search.phase is Phase.FOUND
        assert search.batch == batch

    def test_a_larger_one_is_filled_evenly(self) -> None:
        search = RateSearch()
        search.limited(dry(*[0.1] * 1000, at=0.1))
        search.limited(dry(*[1.5] * 1000, began=1.0, at=1.5, since_last=1.4))
        assert (search.batch, search.is_known) == (1, True)

    def test_a_batch_that_is_refused_was_none(self) -> None:
        search = RateSearch()
        for began, at in ((0.0, 0.1), (1.0, 1.5), (2.0, 2.1)):
            search.limited(dry(*[at] * 30, began=began, at=at, since_last=1.0))
        assert search.batch == 1

    def test_where_hardly_more_can_be_sent_no_more_is_tried(self) -> None:
        search = RateSearch()
        search.limited(dry(*[0.5] * 30, at=0.9))
        assert (search.phase, search.credit) == (Phase.FOUND, 0)
        assert search.rate == pytest.approx(30, rel=0.05)

    def test_more_is_tried_after_a_while(self) -> None:
        job = Job(TokenBucket(rate=50, burst=20))
        job.go_on(40)
        refused = len(job.refused)
        job.go_on(200)
        assert refused < len(job.refused) < refused + 60, "and ever less often if it is in vain"

    def test_a_limit_that_rises_is_followed(self) -> None:
        job = Job(TokenBucket(rate=30, burst=20))
        job.go_on(20)
        job._meter = TokenBucket(rate=90, burst=20).meter()
        job.go_on(25)
        assert job.used(5) >= 0.6 * 90

    def test_a_limit_that_falls_is_followed(self) -> None:
        job = Job(TokenBucket(rate=90, burst=20))
        job.go_on(20)
        job._meter = TokenBucket(rate=30, burst=20).meter()
        refused = len(job.refused)
        job.go_on(20)
        assert job.used(10) >= 0.6 * 30
        assert len(job.refused) - refused <= 15

    def test_a_limit_that_is_gone_is_forgotten(self) -> None:
        job = Job(TokenBucket(rate=30, burst=20))
        job.go_on(20)
        search = job.search
        assert search.is_known
        for second in range(20, 400):
            search.grow(second)
        assert search.is_over

    def test_a_bucket_that_has_filled_up_is_credit(self) -> None:
        job = Job(TokenBucket(rate=50, burst=40))
        job.go_on(30)
        assert 0 < job.search.credit <= 40

    def test_a_window_gives_no_credit(self) -> None:
        job = Job(FixedWindow(requests=50))
        job.go_on(30)
        assert job.search.credit == 0


class TestTold:
    def said(self, limit: int, per: float | None) -> Allowance:
        return Allowance(limit, 0, 1.0, per)

    def test_the_rate_is_used_at_once(self) -> None:
        search = RateSearch()
        search.limited(dry(*[0.5] * 3, told=self.said(100, 2)))
        assert search.phase is Phase.TOLD
        assert search.is_known
        assert 40 <= search.rate <= 50

    def test_nothing_more_is_tried(self) -> None:
        search = RateSearch()
        search.limited(dry(*[0.5] * 3, told=self.said(100, 2)))
        rate = search.rate
        search.grow(1000)
        assert search.rate == rate

    def test_a_little_less_is_used_if_it_was_too_much(self) -> None:
        """Other clients may use the same key."""
        search, rates = RateSearch(), list[float]()
        for _ in range(30):
            search.limited(dry(*[0.5] * 3, told=self.said(100, 2), since_last=2))
            rates.append(search.rate)
        assert rates == sorted(rates, reverse=True)
        assert 20 <= rates[-1] < rates[0]

    def test_a_limit_of_a_second_needs_no_search(self) -> None:
        """The server said 50 and let just 50 pass, although some time went by."""
        search = RateSearch()
        times = [number / 100 for number in range(50)]
        search.limited(dry(*times, at=0.5, told=self.said(50, None)))
        assert search.phase is Phase.FOUND
        assert 40 <= search.rate <= 50

    def test_a_limit_that_more_have_passed_is_none_of_a_second(self) -> None:
        search = RateSearch()
        times = [number / 150 for number in range(75)]
        search.limited(dry(*times, at=0.5, told=self.said(50, None)))
        assert search.phase is Phase.SEARCH


@given(
    st.lists(
        st.tuples(
            st.lists(st.floats(0, 5), max_size=60),
            st.floats(0, 60),
            st.floats(0, 0.5),
            st.none()
            | st.builds(
                Allowance,
                st.integers(1, 10**6),
                st.just(0),
                st.floats(0, 60),
                st.none() | st.floats(0.001, 86_400),
            ),
            st.floats(0, 30),
        ),
        max_size=30,
    )
)
def test_whatever_is_seen_the_rate_is_sensible(
    cycles: list[tuple[list[float], float, float, Allowance | None, float]],
) -> None:
    search, now, dried_at = RateSearch(), 0.0, None
    for times, pause, jitter, told, idle in cycles:
        began = now
        at = now + max(times, default=0.0)
        search.grow(at)
        search.limited(
            dry(
                *sorted(now + time for time in times),
                at=at,
                pause=pause,
                began=began,
                since_last=None if dried_at is None else at - dried_at,
                told=told,
                jitter=jitter,
            )
        )
        dried_at, now = at, at + pause
        assert search.phase is not Phase.UNLIMITED
        assert 0.5 * LOWEST_RATE <= search.rate < math.inf
        assert 0 <= search.credit < math.inf
        before = search.rate
        search.grow(now + idle)
        assert search.rate >= before
        now += idle
