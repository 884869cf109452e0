"""Whole jobs against models of limiters, in virtual time: the faults that the rate search mends."""

import pytest

from benchmarks.grid import Kind, case
from benchmarks.simulation import EPOCH, Outcome, Scenario, allowed, least, simulate
from benchmarks.strays import StrayRefusals
from currents_async.testing.limiters import (
    ChangesAfter,
    ConcurrencyLimit,
    FixedWindow,
    Limiter,
    Meter,
    Says,
    SlidingLog,
    TokenBucket,
)

SILENT = Says(retry_after=None)


def job(limiter: Limiter, *, seconds: float = 10, clients: int = 1) -> Scenario:
    """Return a job that takes a perfect client that many seconds."""
    if isinstance(limiter, ConcurrencyLimit):
        return Scenario(limiter=limiter, requests=int(seconds * limiter.requests / 0.02))
    requests = allowed(limiter, seconds) // clients
    return Scenario(limiter=limiter, requests=requests, clients=clients)


def slowness(scenario: Scenario, outcome: Outcome) -> float:
    """Return how many times longer it took than it had to; nothing must be lost."""
    assert outcome.errors == []
    assert len(outcome.accepted) == scenario.requests * scenario.clients
    return outcome.seconds / least(scenario)


@pytest.mark.parametrize(
    ("scenario", "slowest"),
    [
        pytest.param(job(TokenBucket(rate=50, burst=20)), 1.5, id="bucket"),
        pytest.param(job(TokenBucket(rate=50, burst=100)), 1.5, id="large bucket"),
        pytest.param(job(TokenBucket(rate=50, burst=2)), 2.0, id="leaky bucket"),
        pytest.param(job(TokenBucket(rate=50, burst=20, says=SILENT)), 1.5, id="silent bucket"),
        pytest.param(
            job(TokenBucket(rate=50, burst=20, says=Says(retry_after=None, status=503))),
            1.5,
            id="nginx",
        ),
        pytest.param(job(FixedWindow(requests=50)), 1.5, id="window"),
        pytest.param(job(FixedWindow(requests=50, says=SILENT)), 1.5, id="silent window"),
        pytest.param(
            job(FixedWindow(requests=50, says=Says(headers="x-ratelimit"))),
            1.5,
            id="window, stated",
        ),
        pytest.param(job(SlidingLog(requests=50, says=SILENT)), 1.5, id="silent sliding log"),
        pytest.param(
            job(
                ChangesAfter(
                    first=TokenBucket(rate=100, burst=20),
                    seconds=4,
                    then=TokenBucket(rate=30, burst=20),
                )
            ),
            2.3,
            id="falling",
        ),
        pytest.param(
            job(
                ChangesAfter(
                    first=TokenBucket(rate=30, burst=20),
                    seconds=4,
                    then=TokenBucket(rate=100, burst=20),
                ),
                seconds=30,
            ),
            1.5,
            id="rising",
        ),
        pytest.param(job(ConcurrencyLimit(requests=8, says=SILENT)), 1.5, id="eight at once"),
        pytest.param(
            job(TokenBucket(rate=50, burst=20), seconds=20, clients=2), 1.6, id="two clients"
        ),
    ],
)
def test_most_of_the_limit_is_used(scenario: Scenario, slowest: float) -> None:
    outcome = simulate(scenario)
    assert slowness(scenario, outcome) <= slowest
    assert outcome.share_refused <= 0.08


class Begun(Limiter):
    """A window of which an earlier job has used most."""

    def meter(self) -> Meter:
        meter = FixedWindow(requests=20, says=Says(headers="x-ratelimit")).meter()
        for _ in range(19):
            meter.arrive(EPOCH)
        return meter


@pytest.mark.parametrize(
    "limiter",
    [
        TokenBucket(rate=2, burst=1, says=SILENT),
        TokenBucket(rate=5, burst=1, says=SILENT),
        TokenBucket(rate=2, burst=100),
        TokenBucket(rate=5, burst=100, says=SILENT),
    ],
)
def test_a_low_rate_is_not_asked_for_again_and_again(limiter: Limiter) -> None:
    """The first was taken for one slot, and the second for the rate of a full bucket."""
    outcome = simulate(job(limiter, seconds=60))
    assert outcome.errors == []
    assert outcome.share_refused <= 0.3


def test_a_short_job_right_after_another() -> None:
    """Nineteen requests, of which the window takes one, and the next window all others."""
    outcome = simulate(Scenario(limiter=Begun(), requests=19))
    assert outcome.errors == []
    assert outcome.seconds < 4


def test_one_stray_refusal_costs_its_pause() -> None:
    outcome = simulate(Scenario(limiter=StrayRefusals(first=1), requests=200))
    assert (outcome.errors, len(outcome.refused_at)) == ([], 1)
    assert outcome.seconds < 1 + 1


@pytest.mark.parametrize("seed", range(3))
def test_strays_beside_what_passes_cost_their_pauses(seed: int) -> None:
    """However evenly some of them happen to come: thirty give chances enough."""
    scenario = Scenario(limiter=StrayRefusals(share=0.01, seed=seed), requests=3000, seed=seed)
    outcome = simulate(scenario)
    ideal = scenario.requests * scenario.latency / scenario.workers
    assert outcome.seconds <= 1.1 * (ideal + 1.02 * len(outcome.refused_at))


def test_a_window_that_begins_with_the_clock_is_known_by_the_second_refusal() -> None:
    """A part of the one before it has let pass a third more."""
    limiter = FixedWindow(requests=126, aligned=True)
    scenario = Scenario(limiter=limiter, requests=1260, workers=2, latency=0.0115)
    outcome = simulate(scenario)
    assert slowness(scenario, outcome) <= 1.35
    assert len(outcome.refused_at) <= 4


DATE = Says(retry_after="date")


@pytest.mark.parametrize(
    ("limiter", "workers"),
    [
        (FixedWindow(requests=10, says=DATE), 64),
        (FixedWindow(requests=100, says=DATE), 32),
        (SlidingLog(requests=3, says=DATE), 4),
        (SlidingLog(requests=60, says=DATE), 16),
    ],
)
def test_windows_are_filled_at_once_when_they_are_known(limiter: Limiter, workers: int) -> None:
    """Dates that are rounded up cost two of eleven, and sent evenly the last one takes another."""
    scenario = Scenario(limiter=limiter, requests=allowed(limiter, 10), workers=workers)
    outcome = simulate(scenario)
    assert slowness(scenario, outcome) <= 1.25
    assert outcome.refused_at[-1] < 4


def test_a_bucket_that_lets_pass_as_many_again_is_no_window() -> None:
    """As four workers send them, both times before it is refilled by much."""
    scenario = Scenario(limiter=TokenBucket(rate=50, burst=20), requests=520, workers=4)
    assert slowness(scenario, simulate(scenario)) <= 1.5


@pytest.mark.parametrize("rate", [5.0, 20.0])
def test_no_batch_is_larger_than_a_given_rate(rate: float) -> None:
    limiter = FixedWindow(requests=30)
    outcome = simulate(Scenario(limiter=limiter, requests=200, rate=rate))
    sent = outcome.sent_at
    assert all(later - at > 1 for at, later in zip(sent, sent[int(rate) + 1 :], strict=False))


@pytest.mark.parametrize(
    ("kind", "seed"),
    [
        *(("token bucket", seed) for seed in (218, 275, 287)),
        # Where none has been found yet.
        *(("token bucket", seed) for seed in (219, 229, 357, 576)),
        ("sliding counter", 152),
        # As long as there are tokens for retries.
        ("token bucket", 710),
    ],
)
def test_failures_of_one_request_may_be_refusals(kind: Kind, seed: int) -> None:
    """While others pass, three in a row may be of its resource, or bad luck at a limiter."""
    scenario = case(seed, 10, kind, "nothing, 503").scenario
    assert simulate(scenario).errors == []


@pytest.mark.parametrize("seed", range(3))
def test_the_same_seed_gives_the_same_schedule(seed: int) -> None:
    scenario = Scenario(limiter=TokenBucket(rate=50, burst=20), requests=300, seed=seed)
    assert simulate(scenario).sent_at == simulate(scenario).sent_at
