"""Play a run: make its payload from what it was started with, and its instances on demand."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from random import Random
from typing import Protocol

import msgspec
from msgspec.structs import replace

from currents_async.testing._world import cypress, playwright
from currents_async.testing._world.facts import Framework, RunFacts, SpecClaim, Wire, claims
from currents_async.testing._world.ids import stream
from currents_async.testing._world.plan import SpecPlan, plan_specs
from currents_async.testing._world.state import complete, roll_up, time_out
from currents_async.testing._world.text import spec_paths


class _Shape(Protocol):
    """What differs between frameworks: a module has it."""

    ROOT: str
    SUFFIX: str

    def make_run(self, facts: RunFacts, specs: list[Wire], /) -> Wire: ...
    def make_spec(
        self,
        rng: Random,
        facts: RunFacts,
        path: str,
        group: str,
        plan: SpecPlan,
        claim: SpecClaim,
        /,
    ) -> Wire: ...
    def make_unclaimed(self, path: str, group_id: str, /) -> Wire: ...
    def make_instance(
        self, rng: Random, facts: RunFacts, spec: Wire, plan: SpecPlan, claim: SpecClaim, /
    ) -> Wire: ...


_SHAPES: dict[Framework, _Shape] = {"playwright": playwright, "cypress": cypress}
FRAMEWORKS = tuple(_SHAPES)


class Playback(msgspec.Struct, frozen=True):
    """What a run keeps, so that its instances can be made on demand."""

    facts: RunFacts
    plans: list[SpecPlan]
    claimed: dict[int, SpecClaim]
    """The claims of specs, by their number."""
    pending: dict[int, Wire]
    """Entries of specs, by their number, that are planned and not complete in the payload yet."""
    repeated: Counter[int]
    """How often specs were executed after the run was played, by their number."""

    def instance(self, index: int, spec: Wire) -> Wire:
        """Build the payload of the instance that ran spec number `index`."""
        # A stream of its own makes an instance independent of the order of requests.
        rng = self._stream("instance", index)
        shape = _SHAPES[self.facts.framework]
        return shape.make_instance(rng, self.facts, spec, self.plans[index], self.claimed[index])

    def plan(self, specs: Sequence[Wire], waiting: Iterable[int], *, now: int) -> None:
        """Plan when machines claim and complete those waiting specs that are not planned yet.

        Specs that were not played, or were taken back, are executed by machines of their own, with
        the same outcome each time.
        """
        new = [index for index in waiting if index not in self.pending]
        if not new:
            return
        self.repeated.update(new)
        rng, facts = self._stream("execution", new[0]), replace(self.facts, created=now)
        shape = _SHAPES[facts.framework]
        planned = claims(rng, facts, [self.plans[index] for index in new])
        for index, claim in zip(new, planned, strict=True):
            path, group, plan = specs[index]["spec"], specs[index]["groupId"], self.plans[index]
            self.claimed[index] = claim
            self.pending[index] = shape.make_spec(rng, facts, path, group, plan, claim)

    def forget(self, indices: Iterable[int]) -> None:
        """Forget what is planned of specs that were taken back from their machines."""
        for index in indices:
            self.pending.pop(index, None)

    def retries(self) -> list[int]:
        """List the retries of each spec."""
        return [plan.retries for plan in self.plans]

    def _stream(self, what: str, index: int) -> Random:
        key, times = (self.facts.key, what, index), self.repeated[index]
        return stream(*key, times) if times else stream(*key)


def play(
    facts: RunFacts,
    *,
    specs: int,
    completed: int,
    unclaimed: int,
    tests: int | tuple[int, int],
    failures: float,
    flaky: float,
) -> tuple[Wire, Playback]:
    """Play a run, and return its payload and what its instances are made from.

    The last `unclaimed` specs are not played; of the others, the payload has the first `completed`.
    """
    rng = stream(facts.key, "play")
    plans = plan_specs(rng, specs=specs - unclaimed, tests=tests, failures=failures, flaky=flaky)
    late = plan_specs(stream(facts.key, "late"), specs=unclaimed, tests=tests, failures=0, flaky=0)
    claimed = dict(enumerate(claims(rng, facts, plans)))
    playback = Playback(facts, plans + late, claimed, {}, Counter())
    shape = _SHAPES[facts.framework]
    entries: list[Wire] = []
    paths = spec_paths(stream(facts.suite, "paths"), shape.ROOT, shape.SUFFIX)
    for index, path in enumerate(islice(paths, specs)):
        group_id: str = facts.groups[index % len(facts.groups)]["groupId"]
        entry = shape.make_unclaimed(path, group_id)
        if index in claimed:
            made = shape.make_spec(rng, facts, path, group_id, plans[index], claimed[index])
            if index < completed:
                entry = made
            else:
                playback.pending[index] = made
        entries.append(entry)
    payload = shape.make_run(facts, entries)
    roll_up(payload, playback.retries())
    if facts.timed_out:
        time_out(payload)
    elif completed == specs and not facts.running:
        complete(payload)
    return payload, playback
