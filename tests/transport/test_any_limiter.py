"""What holds against any limiter: whole jobs in virtual time, drawn at random."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from benchmarks.grid import KINDS, WAYS, Case, case
from benchmarks.simulation import Outcome, Scenario, simulate
from benchmarks.strays import StrayRefusals
from currents_async._transport.gate import MAX_PAUSE
from currents_async.testing.limiters import (
    AllOf,
    ChangesAfter,
    ConcurrencyLimit,
    LoadShedding,
    Says,
)

PATIENCE = 600.0
"""Seconds that a request has: more than the longest window."""


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Draw a limiter, a network and a job of at most 300 requests by each client."""
    made = case(
        draw(st.integers(0, 10_000)),
        draw(st.sampled_from([2, 5])),
        draw(st.sampled_from(KINDS)),
        draw(st.sampled_from(list(WAYS))),
    )
    limiter = made.scenario.limiter
    other = case(draw(st.integers(0, 100)), 1, draw(st.sampled_from(KINDS)), made.way)
    limiter = draw(
        st.sampled_from([
            limiter,
            limiter,
            limiter,
            AllOf(limiters=[limiter, other.scenario.limiter]),
            ChangesAfter(first=limiter, seconds=1, then=other.scenario.limiter),
            ConcurrencyLimit(requests=draw(st.integers(1, 20)), says=WAYS[made.way]),
            LoadShedding(starts_at=8, all_at=24),
        ])
    )
    # Many times what a service can bear ends calls after three failures in a row, as ever.
    is_shedding = isinstance(limiter, LoadShedding)
    scenario = replace(
        made.scenario,
        limiter=limiter,
        requests=min(made.scenario.requests, 300),
        clients=1 if is_shedding else draw(st.sampled_from([1, 1, 2, 4])),
        workers=min(16, made.scenario.workers) if is_shedding else made.scenario.workers,
        deadline=PATIENCE,
    )
    return made._replace(scenario=scenario)


some = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
few = settings(some, max_examples=5)


@some
@given(cases())
def test_nothing_is_lost(made: Case) -> None:
    # Failures that go on for twelve seconds are an outage, whatever is behind them.
    assume(made.way != "nothing, 503" and not isinstance(made.scenario.limiter, LoadShedding))
    outcome = simulate(made.scenario)
    # A pause of more than a minute ends a call, as documented.
    assume(all(ends - began <= MAX_PAUSE for began, ends in outcome.pauses))
    assert outcome.errors == []
    assert len(outcome.accepted) == made.scenario.requests * made.scenario.clients


@some
@given(cases())
def test_a_pause_is_kept_by_everybody(made: Case) -> None:
    outcome = simulate(replace(made.scenario, clients=1))
    assert not list(_too_early(outcome))


@few
@given(cases())
def test_the_same_seed_gives_the_same_schedule(made: Case) -> None:
    one, other = simulate(made.scenario), simulate(made.scenario)
    assert one.sent_at == other.sent_at
    assert one.accepted == other.accepted


@pytest.mark.parametrize("workers", [1, 16])
@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("seed", range(3))
def test_what_fails_by_chance_is_no_limit(workers: int, status: int, seed: int) -> None:
    """To go slower would not help: only the requests that fail take longer."""

    def seconds(share: float) -> float:
        says = Says(retry_after=None, status=status)
        limiter = StrayRefusals(share=share, seed=seed, says=says)
        return simulate(Scenario(limiter=limiter, requests=1000, workers=workers)).seconds

    assert seconds(0.08) < 2 * seconds(0)


def _too_early(outcome: Outcome) -> list[float]:
    """Return when requests were sent although the server had asked for a pause."""
    return [
        sent
        for sent in outcome.sent_at
        if any(began < sent < ends - 1e-6 for began, ends in outcome.pauses)
    ]
