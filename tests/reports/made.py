"""Runs to report on: of a seeded world, and those that lack something."""

from collections.abc import Sequence
from functools import cache
from zlib import crc32

from msgspec.structs import replace

from currents_async.analysis.details import RunDetails
from currents_async.models import CompletionState, InstanceTest, Run, RunSpec, RunStatus
from currents_async.testing import World, WorldRun
from tests.analysis.made import FAILED, NOON, a_test, an_instance, played

HOSTILE = (
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "\x1b[31mred\x1b[0m \x1b]0;title\x07",
    "\u202egnp.exe \u2066abc",
    "]]> --> *a* [b](javascript:alert(1)) `c` | d <!-- \ud800",
    "x" * 1_000_000,
)
"""Titles, branches and messages that are to show as text."""


def details_of(run: WorldRun) -> RunDetails:
    return RunDetails.of(*played(run))


def world_details(*, seed: int = 1, specs: int = 12) -> RunDetails:
    """Return a run of Playwright with failures, flaky tests, retries and several machines."""
    run = World(seed=seed).project().run(specs=specs, failures=0.1, flaky=0.1)
    return details_of(run)


def two_details(*, specs: int = 30) -> tuple[RunDetails, RunDetails]:
    """Return two runs of a world; in the later, some tests take three times as long."""
    project = World(seed=3).project()
    before, after = (
        details_of(
            project.run(specs=specs, failures=0.05, flaky=0.05, annotations=[("owner", "Web team")])
        )
        for _ in range(2)
    )
    return _timed(before, slower=1), _timed(after, slower=3)


def _timed(details: RunDetails, *, slower: int) -> RunDetails:
    """Return a run whose tests last as long as in others but for some: a world's never do."""

    def timed(test: InstanceTest) -> InstanceTest:
        number = crc32(test.full_title.encode())
        return replace(
            test, duration_ms=(1_000 + number % 4_000) * (slower if number % 37 == 0 else 1)
        )

    instances = [
        replace(one, results=replace(one.results, tests=tuple(map(timed, one.tests))))
        for one in details.instances
        if one.results is not None
    ]
    return RunDetails.of(details.run, instances)


def hostile_details() -> RunDetails:
    """Return a run whose spec files, titles and errors are hostile."""
    specs = tuple(RunSpec(spec=text, instance_id=f"r chromium {text}") for text in HOSTILE)
    instances = [an_instance(text, a_test(text, FAILED, failures=[text])) for text in HOSTILE]
    run = Run(run_id="r", created_at=NOON, status=RunStatus.FAILED, specs=specs)
    return RunDetails.of(run, instances)


def odd_details() -> Sequence[RunDetails]:
    """Return runs that lack something: instances, an end, times, tests."""
    whole = World(seed=2).project()
    no_tests = Run(run_id="none", completion_state=CompletionState.COMPLETE)
    one_test = RunDetails.of(
        Run(run_id="one", specs=(RunSpec(spec="a.spec.ts", instance_id="one chromium a.spec.ts"),)),
        [an_instance("a.spec.ts", a_test("alone"), run_id="one")],
    )
    ended = details_of(whole.run(specs=3))
    return (
        RunDetails(run=Run(run_id="bare")),
        RunDetails(run=no_tests),
        one_test,
        RunDetails.of(ended.run, []),
        details_of(whole.run(specs=4, unclaimed=2, completed=1, running=True)),
        details_of(whole.run(specs=4, framework="cypress", failures=0.5)),
    )


@cache
def all_details() -> Sequence[RunDetails]:
    """Return a run of a world, and all that are hostile or odd."""
    return (world_details(), hostile_details(), *odd_details())
