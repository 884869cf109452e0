"""What Playwright's and Cypress' payloads share."""

from itertools import islice
from random import Random

from currents_async.testing._world.facts import RunFacts, SpecClaim, Wire
from currents_async.testing._world.ids import iso, stream
from currents_async.testing._world.plan import PlannedOutcome, SpecPlan
from currents_async.testing._world.text import titles

UNCLAIMED: Wire = {"claimedAt": None, "completedAt": None, "results": None}
"""What a spec contains before a machine claims it."""

EXECUTED = frozenset({"passed", "failed"})
"""The states of attempts that took time."""


class AttemptSchedule:
    """Divides the time of a spec among its attempts, one after the other."""

    def __init__(self, rng: Random, plan: SpecPlan, claim: SpecClaim) -> None:
        attempts = plan.count("passed") + plan.count("failed") + plan.retries
        self._rng = rng
        self._slot = (claim.ended - claim.started) // max(1, attempts)
        self.now = claim.started

    def tick(self) -> tuple[int, int]:
        """Return the start and the duration of the next attempt."""
        started = self.now
        self.now += self._slot
        return started, self._rng.randint(self._slot // 2, self._slot)


def wall_clock(claim: SpecClaim) -> Wire:
    """Return the times that stats carry."""
    return {
        "wallClockStartedAt": iso(claim.started),
        "wallClockEndedAt": iso(claim.ended),
        "wallClockDuration": claim.ended - claim.started,
    }


def attempt_states(outcome: PlannedOutcome) -> list[str]:
    """List how each attempt ended: all but the last failed."""
    return ["failed"] * (outcome.attempts - 1) + [outcome.state]


def titles_of(facts: RunFacts, path: str, plan: SpecPlan) -> list[list[str]]:
    """List the titles of a spec's tests, the same ones in every run of the project."""
    return list(islice(titles(stream(facts.suite, "titles", path)), plan.tests))


def group_of(facts: RunFacts, spec: Wire) -> Wire:
    """Return the group that a spec belongs to."""
    return next(group for group in facts.groups if group["groupId"] == spec["groupId"])


def pull_request_of(facts: RunFacts) -> Wire:
    """Return what a run's `meta` says about its pull request, an empty dict without one."""
    return {} if facts.pull_request is None else {"pr": facts.pull_request}


def annotations_of(facts: RunFacts, index: int) -> Wire:
    """Return what test number `index` of a spec says about its annotations."""
    if not facts.annotations:
        return {}
    # A test has the same ones in every run; the last test of each turn has none.
    turn = index % (len(facts.annotations) + 1)
    return {"annotations": facts.annotations[turn : turn + 1]}
