"""Play a run: from what it was started with to its payload, and to instances on demand."""

from collections.abc import Callable
from itertools import islice
from random import Random
from typing import NamedTuple

import msgspec

from currents_async.testing._world import cypress, playwright
from currents_async.testing._world.facts import Claim, Framework, RunFacts, Wire, claims
from currents_async.testing._world.ids import stream
from currents_async.testing._world.plan import SpecPlan, plan_specs
from currents_async.testing._world.state import complete, roll_up, time_out
from currents_async.testing._world.text import spec_paths


class _Shape(NamedTuple):
    """What is different about a framework."""

    root: str
    suffix: str
    make_run: Callable[[RunFacts, list[Wire]], Wire]
    make_spec: Callable[[Random, RunFacts, str, str, SpecPlan, Claim], Wire]
    make_unclaimed: Callable[[str, str], Wire]
    make_instance: Callable[[Random, RunFacts, Wire, SpecPlan, Claim], Wire]


_SHAPES: dict[Framework, _Shape] = {
    "playwright": _Shape(
        "tests",
        ".spec.ts",
        playwright.make_run,
        playwright.make_spec,
        playwright.make_unclaimed,
        playwright.make_instance,
    ),
    "cypress": _Shape(
        "cypress/e2e",
        ".cy.ts",
        cypress.make_run,
        cypress.make_spec,
        cypress.make_unclaimed,
        cypress.make_instance,
    ),
}
FRAMEWORKS = frozenset(_SHAPES)


class Played(msgspec.Struct, frozen=True):
    """What a run remembers, so that its instances can be made when somebody asks for them."""

    facts: RunFacts
    plans: list[SpecPlan]
    claimed: list[Claim]

    def instance(self, index: int, spec: Wire) -> Wire:
        """Build the payload of the instance that ran spec number `index`."""
        # A stream of its own makes an instance the same whoever was asked for before.
        rng = stream(self.facts.key, "instance", index)
        shape = _SHAPES[self.facts.framework]
        return shape.make_instance(rng, self.facts, spec, self.plans[index], self.claimed[index])

    def retries(self, specs: int) -> list[int]:
        """List the retries of each spec; nobody has retried what nobody has claimed."""
        played = [plan.retries for plan in self.plans]
        return played + [0] * (specs - len(played))


def play(
    facts: RunFacts,
    *,
    specs: int,
    unclaimed: int,
    tests: int | tuple[int, int],
    failures: float,
    flaky: float,
) -> tuple[Wire, Played]:
    """Play a run, and return its payload and what its instances are made from."""
    rng = stream(facts.key, "play")
    plans = plan_specs(rng, specs=specs - unclaimed, tests=tests, failures=failures, flaky=flaky)
    played = Played(facts, plans, list(claims(rng, facts, plans)))
    shape = _SHAPES[facts.framework]
    entries: list[Wire] = []
    paths = spec_paths(stream(facts.suite, "paths"), shape.root, shape.suffix)
    for index, path in enumerate(islice(paths, specs)):
        group_id: str = facts.groups[index % len(facts.groups)]["groupId"]
        if index < len(plans):
            claim = played.claimed[index]
            entries.append(shape.make_spec(rng, facts, path, group_id, plans[index], claim))
        else:
            entries.append(shape.make_unclaimed(path, group_id))
    payload = shape.make_run(facts, entries)
    roll_up(payload, played.retries(specs))
    if facts.timed_out:
        time_out(payload)
    elif not (facts.running or unclaimed):
        complete(payload)
    return payload, played
