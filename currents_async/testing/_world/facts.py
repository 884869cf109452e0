"""What a run was started with, and when each of its specs and attempts ran."""

import heapq
from collections.abc import Iterator
from itertools import cycle, islice
from random import Random
from typing import Any, Literal, NamedTuple

import msgspec

from currents_async.testing._world.ids import base62, iso, stream, uuid
from currents_async.testing._world.plan import PlannedOutcome, SpecPlan
from currents_async.testing._world.text import titles

Wire = dict[str, Any]
"""JSON as it goes over the wire: not made by our models, so that it can prove them wrong."""

Framework = Literal["playwright", "cypress"]
SchemaVersion = Literal[1, 2]
"""How instances have their tests: in one list, or with the results beside the list."""

EXECUTED = frozenset({"passed", "failed"})
"""The states of attempts that took time."""

_SPECS_PER_MACHINE = 20
_MAX_MACHINES = 50
_WORKERS = 4
_BROWSERS = ("chromium", "firefox", "webkit", "Mobile Chrome", "Mobile Safari")
_ENGINES = {"Mobile Chrome": "chromium", "Mobile Safari": "webkit"}
_PLAYWRIGHT = {
    "osName": "linux",
    "osVersion": "Ubuntu - 22.04",
    "browserName": "",
    "browserVersion": "",
}
_CYPRESS = {
    "osName": "linux",
    "osVersion": "Debian - 10.11",
    "browserName": "Chrome",
    "browserVersion": "97.0.4692.71",
}


class RunFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about a run that does not depend on what its tests did."""

    key: str
    """Seeds the run's random numbers."""
    suite: str
    """Seeds the random numbers of the project's test suite, the same in all its runs."""
    org: str
    project_id: str
    run_id: str
    framework: Framework
    schema_version: SchemaVersion = 1
    created: int
    running: bool
    timed_out: bool = False
    tags: list[str]
    ci_build_id: str
    commit: Wire
    pull_request: Wire
    """What the run's `meta` says about its pull request, an empty dict without one."""
    annotations: list[Wire] = []
    """Assigned to the tests of a spec in turn, followed by a test without any."""
    groups: list[Wire]
    """`groupId` and `platform` of each group; spec number n runs in group n modulo their number."""

    def tests(self, path: str, plan: SpecPlan) -> list[tuple[list[str], PlannedOutcome]]:
        """List the tests of a spec: titles are the same in every run of the project."""
        return list(zip(titles(stream(self.suite, "titles", path)), plan.outcomes(), strict=False))

    def platform(self, spec: Wire) -> Wire:
        """Return the platform of the group that a spec belongs to."""
        platforms = {group["groupId"]: group["platform"] for group in self.groups}
        platform: Wire = platforms[spec["groupId"]]
        return platform

    def annotations_of(self, index: int) -> Wire:
        """Return what test number `index` of a spec says about its annotations."""
        if not self.annotations:
            return {}
        # A test has the same ones in every run; the last test of each turn has none.
        turn = index % (len(self.annotations) + 1)
        return {"annotations": self.annotations[turn : turn + 1]}


def make_groups(framework: Framework, ci_build_id: str, count: int) -> list[Wire]:
    """Make the groups of a run, with their platforms: browsers, mostly."""
    if framework == "cypress":
        names = [ci_build_id, *(f"{ci_build_id}-{number}" for number in range(2, count + 1))]
        return [{"groupId": name, "platform": {**_CYPRESS}} for name in names]
    return [
        {
            "groupId": browser if number < len(_BROWSERS) else f"{browser} {number}",
            "platform": {**_PLAYWRIGHT, "browserName": _ENGINES.get(browser, browser)},
        }
        for number, browser in enumerate(islice(cycle(_BROWSERS), count))
    ]


class SpecClaim(NamedTuple):
    """Which machine ran a spec, and when, in milliseconds since `EPOCH`."""

    machine_id: str
    worker: int
    parallel: int
    claimed: int
    started: int
    ended: int
    completed: int

    @property
    def wall_clock(self) -> Wire:
        """The times that stats carry."""
        return {
            "wallClockStartedAt": iso(self.started),
            "wallClockEndedAt": iso(self.ended),
            "wallClockDuration": self.ended - self.started,
        }


def claims(rng: Random, facts: RunFacts, plans: list[SpecPlan]) -> Iterator[SpecClaim]:
    """Let the run's machines claim its specs in order, each as soon as a worker is free."""
    playwright = facts.framework == "playwright"
    machines = min(_MAX_MACHINES, 1 + len(plans) // _SPECS_PER_MACHINE)
    ids = [base62(rng, 12) if playwright else uuid(rng) for _ in range(machines)]
    workers = _WORKERS if playwright else 1
    free = [
        (facts.created + rng.randint(500, 9000), slot, machine, slot % workers)
        for slot, machine in enumerate(machine for machine in ids for _ in range(workers))
    ]
    heapq.heapify(free)
    for plan in plans:
        claimed, slot, machine, parallel = free[0]
        started = claimed + rng.randint(2, 60)
        ended = started + 50 + int(plan.tests * rng.uniform(150, 6000))
        completed = ended + rng.randint(0, 400)
        # Playwright starts a new worker, with a new index, after each failure.
        worker = parallel + workers * rng.randrange(3)
        yield SpecClaim(machine, worker, parallel, claimed, started, ended, completed)
        heapq.heapreplace(free, (completed + rng.randint(5, 300), slot, machine, parallel))


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
