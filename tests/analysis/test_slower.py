import math
from collections.abc import Callable, Iterator
from random import Random

import msgspec
import pytest

from currents_async.analysis import ExecutedTest, FileResults, RunDiff, RunResults, diff_runs
from currents_async.models import Outcome
from tests.analysis.made import FAILED, PASSED

SPECS, TESTS = 100, 10
"""Spec files of a run, and tests of each."""
MACHINES = 5

Noise = Callable[[Random], float]
"""Draws what is added to the logarithm of a duration."""


def of_both_signs(random: Random) -> float:
    return random.choice((-1, 1)) * random.expovariate(15)


NOISES: dict[str, Noise] = {
    "none": lambda _: 0,
    "normal": lambda random: random.gauss(0, 0.1),
    "much": lambda random: random.gauss(0, 0.3),
    "long tails": of_both_signs,
    "waits": lambda random: random.expovariate(10),
}


def seeded() -> Random:
    return Random(1)  # noqa: S311 - not for secrets


Durations = list[list[float]]
"""Those of the tests of each spec file."""


def typical(random: Random) -> Durations:
    return [[3_000 * math.exp(random.gauss(0, 1)) for _ in range(TESTS)] for _ in range(SPECS)]


def a_test(spec: str, title: str, duration_ms: int | None, run_id: str = "r") -> ExecutedTest:
    return ExecutedTest(
        spec=spec,
        title=(title,),
        instance_id=f"{run_id} {spec}",
        state=PASSED,
        duration_ms=duration_ms,
    )


def a_run(
    run_id: str, durations: Durations, noise: Noise, random: Random, *, slow_machine: float = 1
) -> RunResults:
    """Make a run; its first machine is slower than the others by a factor."""

    def files() -> Iterator[FileResults]:
        for number, ones in enumerate(durations):
            spec, machine = f"{number}.ts", number % MACHINES
            factor = 1 if machine else slow_machine
            tests = (
                a_test(
                    spec,
                    f"{index}",
                    round(one * factor * math.exp(noise(random)) + random.expovariate(1 / 50)),
                    run_id,
                )
                for index, one in enumerate(ones)
            )
            yield FileResults(
                spec=spec,
                run_id=run_id,
                instance_id=f"{run_id} {spec}",
                machine_id=f"{run_id} {machine}",
                is_complete=True,
                tests=tuple(tests),
            )

    return RunResults(run_id=run_id, is_complete=True, files=tuple(files()))


def of_one_file(run_id: str, *tests: ExecutedTest) -> RunResults:
    file = FileResults(spec="a.ts", run_id=run_id, is_complete=True, tests=tests)
    return RunResults(run_id=run_id, is_complete=True, files=(file,))


def named(diff: RunDiff) -> list[tuple[str, str]]:
    return [(one.test.spec, one.test.full_title) for one in diff.slower]


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("factor", [1, 1.7])
def test_of_unchanged_tests_one_in_a_thousand_is_named(noise: str, factor: float) -> None:
    random, found = seeded(), 0
    for _ in range(10):
        durations = typical(random)
        before = a_run("before", durations, NOISES[noise], random)
        slower = [[factor * one for one in ones] for ones in durations]
        diff = diff_runs(before, a_run("after", slower, NOISES[noise], random, slow_machine=1.5))
        found += len(diff.slower)
        assert diff.counts["others"] + len(diff.slower) == SPECS * TESTS
    assert found <= 15


@pytest.mark.parametrize("noise", [name for name in NOISES if name != "much"])
def test_a_test_that_took_twice_as_long_is_named(noise: str) -> None:
    random = seeded()
    for _ in range(10):
        durations = typical(random)
        before, after = (a_run(one, durations, NOISES[noise], random) for one in ("b", "a"))
        runs = [with_duration(before, 2_000), with_duration(after, 4_000)]
        assert ("1.ts", "0") in named(diff_runs(*runs))


def with_duration(run: RunResults, duration_ms: int) -> RunResults:
    """Return a run with another duration of the first test of the second spec file."""
    first, second, *files = run.files
    test, *tests = second.tests
    timed = msgspec.structs.replace(test, duration_ms=duration_ms)
    changed = msgspec.structs.replace(second, tests=(timed, *tests))
    return msgspec.structs.replace(run, files=(first, changed, *files))


def test_the_most_time_lost_comes_first() -> None:
    others = [a_test("a.ts", f"{number}", 1_000) for number in range(9)]
    before = [a_test("a.ts", f"of {ms}", ms) for ms in (4_000, 3_000, 5_000)]
    after = [a_test("a.ts", f"of {ms}", 3 * ms) for ms in (4_000, 3_000, 5_000)]
    diff = diff_runs(of_one_file("b", *others, *before), of_one_file("a", *others, *after))
    assert [title for _, title in named(diff)] == ["of 5000", "of 4000", "of 3000"]


def test_a_whole_file_is_slower_than_the_others_of_its_machine() -> None:
    random = seeded()
    durations = typical(random)
    slow = [*durations]
    slow[7] = [3 * one for one in slow[7]]
    diff = diff_runs(
        a_run("before", durations, NOISES["none"], random),
        a_run("after", slow, NOISES["none"], random),
    )
    assert {spec for spec, _ in named(diff)} == {"7.ts"}


@pytest.mark.parametrize(
    ("changes", "is_named"),
    [
        ({}, True),
        ({"is_flaky": True}, False),
        ({"state": FAILED}, False),
        ({"state": Outcome.SKIPPED}, False),
        ({"duration_ms": None}, False),
        ({"duration_ms": -1}, False),
        ({"duration_ms": 2_400}, False),
    ],
    ids=str,
)
def test_only_of_tests_that_passed_at_once_and_lost_much(
    changes: dict[str, object], *, is_named: bool
) -> None:
    others = [a_test("a.ts", f"{number}", 1_000) for number in range(9)]
    slow = msgspec.structs.replace(a_test("a.ts", "t", 4_000), **changes)
    diff = diff_runs(
        of_one_file("before", *others, a_test("a.ts", "t", 2_000)),
        of_one_file("after", *others, slow),
    )
    assert named(diff) == ([("a.ts", "t")] if is_named else [])


def test_tests_with_signatures() -> None:
    def signed(run_id: str, last: int) -> RunResults:
        tests = [a_test("a.ts", f"{number}", 1_000) for number in range(9)]
        tests.append(a_test("a.ts", f"{run_id}", last))
        return of_one_file(
            run_id,
            *(
                msgspec.structs.replace(test, signature=f"{number}")
                for number, test in enumerate(tests)
            ),
        )

    assert named(diff_runs(signed("before", 2_000), signed("after", 4_000))) == [("a.ts", "after")]


def test_a_test_alone_is_no_measure_of_noise() -> None:
    runs = (of_one_file(f"{ms}", a_test("a.ts", "t", ms)) for ms in (1_000, 9_000))
    assert not diff_runs(*runs).slower
