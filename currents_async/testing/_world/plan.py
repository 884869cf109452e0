"""What happened in a run, in numbers: which tests failed, were flaky, or never ran."""

from bisect import bisect_right
from itertools import accumulate
from random import Random
from typing import NamedTuple

import msgspec

from currents_async.errors import InvalidArgumentError

_PENDING_SHARE = 0.02
_SKIPPED_SHARE = 0.01
_MAX_RETRIES = 2


class PlannedOutcome(NamedTuple):
    """How one test ended."""

    state: str
    attempts: int

    @property
    def flaky(self) -> bool:
        """Whether a retry saved the test."""
        return self.state == "passed" and self.attempts > 1

    @property
    def attempt_states(self) -> list[str]:
        """How each attempt ended: all but the last failed."""
        return ["failed"] * (self.attempts - 1) + [self.state]


_PASSED = PlannedOutcome("passed", 1)


class SpecPlan(msgspec.Struct):
    """How the tests of one spec ended; those that simply passed are left out."""

    tests: int
    special: dict[int, PlannedOutcome] = {}

    def outcomes(self) -> list[PlannedOutcome]:
        """List the outcome of every test, in order."""
        return [self.special.get(index, _PASSED) for index in range(self.tests)]

    def count(self, state: str) -> int:
        """Count the tests that ended in a state."""
        states = [outcome.state for outcome in self.special.values()]
        plain = self.tests - len(states) if state == "passed" else 0
        return plain + states.count(state)

    @property
    def flaky(self) -> int:
        """Count the tests that a retry saved."""
        return sum(outcome.flaky for outcome in self.special.values())

    @property
    def retries(self) -> int:
        """Count the attempts beyond each test's first."""
        return sum(outcome.attempts - 1 for outcome in self.special.values())


def plan_specs(
    rng: Random,
    *,
    specs: int,
    tests: int | tuple[int, int],
    failures: float,
    flaky: float,
) -> list[SpecPlan]:
    """Distribute outcomes over the tests of some specs.

    An int for `failures` and `flaky` is a number of tests, a float a share of all tests.
    """
    minimum, maximum = _bounds(tests)
    plans = [SpecPlan(rng.randint(minimum, maximum)) for _ in range(specs)]
    ends = list(accumulate(plan.tests for plan in plans))
    total = ends[-1] if ends else 0
    outcomes = _outcomes(rng, total, failures, flaky)
    for position, outcome in zip(rng.sample(range(total), len(outcomes)), outcomes, strict=True):
        index = bisect_right(ends, position)
        plan = plans[index]
        plan.special[position - (ends[index] - plan.tests)] = outcome
    return plans


def _bounds(tests: int | tuple[int, int]) -> tuple[int, int]:
    minimum, maximum = (tests, tests) if isinstance(tests, int) else tests
    if not 0 <= minimum <= maximum:
        raise InvalidArgumentError(f"tests must be a number or (minimum, maximum), not {tests!r}")
    return minimum, maximum


def _outcomes(rng: Random, total: int, failures: float, flaky: float) -> list[PlannedOutcome]:
    """List every outcome that is not a plain pass."""
    failed = _number("failures", failures, total)
    saved = _number("flaky", flaky, total)
    rest = total - failed - saved
    if rest < 0:
        raise InvalidArgumentError(f"failures and flaky are {failed + saved} of only {total} tests")
    pending = min(rest, round(total * _PENDING_SHARE))
    # A test is skipped because another one failed, so a run without failures skips nothing.
    skipped = min(rest - pending, round(total * _SKIPPED_SHARE)) if failed else 0
    return [
        *(PlannedOutcome("failed", 1 + rng.randint(0, _MAX_RETRIES)) for _ in range(failed)),
        *(PlannedOutcome("passed", 1 + rng.randint(1, _MAX_RETRIES)) for _ in range(saved)),
        *[PlannedOutcome("pending", 1)] * pending,
        *[PlannedOutcome("skipped", 1)] * skipped,
    ]


def _number(name: str, value: float, total: int) -> int:
    if isinstance(value, bool) or value < 0 or (isinstance(value, float) and value > 1):
        raise InvalidArgumentError(f"{name} must be a number of tests or a share from 0.0 to 1.0")
    return round(value * total) if isinstance(value, float) else value
