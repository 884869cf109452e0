"""What `currents_async.analysis` takes for runs of thousands of tests, once they are there."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice

import msgspec

from benchmarks import payloads
from benchmarks.processes import pin
from benchmarks.report import Column, Part, Report, at_most, table
from benchmarks.results import Results, Way, compare
from benchmarks.suites import Options
from currents_async.analysis import RunResults, diff_runs, failures_of, flaky_tests_of, history_of
from currents_async.models import Instance, Outcome, Run, TestResult
from currents_async.testing import World, WorldRun

_FULL, _TINY = 5_000, 100
_TESTS = 10
"""Of a spec file."""
_RESULTS = 1_000
"""Of the test whose history is made."""

_DECODE, _BY_HAND = "decoding the instances", "new failures by hand, dicts of dicts"
_SORT, _DIFF, _BOTH = "RunResults.of", "diff_runs", "RunResults.of and diff_runs"

_decoder = msgspec.json.Decoder(Instance)
_Titles = dict[tuple[str, ...], Outcome | None]


class _Fetched:
    """A run as it came from the service."""

    def __init__(self, played: WorldRun) -> None:
        self.run = msgspec.convert(played.payload, Run)
        self.texts = [
            msgspec.json.encode(played.instance(index)) for index in range(len(played.specs))
        ]
        self.instances = self.decode()
        self.results = self.sort()

    def decode(self) -> list[Instance]:
        return [_decoder.decode(text) for text in self.texts]

    def sort(self) -> RunResults:
        return RunResults.of(self.run, self.instances)


def run(options: Options) -> Report:
    """Measure everything, in this process: there is nothing to wait for."""
    pin("client")
    tests = _TINY if options.sizes is payloads.TINY else _FULL
    project = World(seed=4).project()
    before, after = (_Fetched(project.run(specs=tests // _TESTS, tests=_TESTS)) for _ in range(2))
    ways = {
        f"Diff of two runs of {tests} tests each": _of_two_runs(before, after),
        f"Analyses of a run of {tests} tests": _of_one_run(after),
        f"Analyses of a test with {_RESULTS} results": _of_a_test(),
    }
    times = {title: compare(one, options.rounds) for title, one in ways.items()}
    two, *_ = times.values()
    diff = f"diff of two runs of {tests} tests each"
    to_decoding = two.ratio(float, _DECODE)(_BOTH)
    part = Part(
        tables=[_table(f"{title}, CPU ms", one) for title, one in times.items()],
        reach=[
            at_most(f"{diff}: {_DIFF}, CPU", two.of(float)(_DIFF), 20, " ms"),
            at_most(f"{diff}: {_BOTH}, CPU over {_DECODE}", to_decoding, 1, "x"),
        ],
        measured={"tests": tests, "times": times},
        notes=[
            "each analysis is made in one go: the event loop stands still as long",
            "by hand found the same new failures, and looked for nothing else",
        ],
    )
    return Report(parts=[part], packages=["currents-async", "msgspec"])


def _of_two_runs(before: _Fetched, after: _Fetched) -> dict[str, Way]:
    return {
        _DECODE: lambda: (before.decode(), after.decode()),
        _SORT: lambda: (before.sort(), after.sort()),
        _DIFF: lambda: len(diff_runs(before.results, after.results).new_failures),
        _BOTH: lambda: len(diff_runs(before.sort(), after.sort()).new_failures),
        _BY_HAND: lambda: _new_failures(before.instances, after.instances),
    }


def _new_failures(before: Sequence[Instance], after: Sequence[Instance]) -> int:
    """Count them without a diff: of the tests with the same title, the last one counts."""
    old, new = _by_hand(before), _by_hand(after)
    return sum(
        state == Outcome.FAILED and old.get(group, {}).get(spec, {}).get(title) != Outcome.FAILED
        for group, specs in new.items()
        for spec, titles in specs.items()
        for title, state in titles.items()
    )


def _by_hand(instances: Sequence[Instance]) -> dict[str | None, dict[str, _Titles]]:
    found: dict[str | None, dict[str, _Titles]] = {}
    for instance in instances:
        titles = found.setdefault(instance.group_id, {}).setdefault(instance.spec, {})
        for test in instance.tests:
            titles[test.title] = test.state
    return found


def _of_one_run(fetched: _Fetched) -> dict[str, Way]:
    return {
        _DECODE: fetched.decode,
        "failures_of": lambda: failures_of(fetched.instances),
        "flaky_tests_of": lambda: flaky_tests_of(fetched.instances),
    }


def _of_a_test() -> dict[str, Way]:
    began = datetime(2026, 1, 5, tzinfo=UTC)
    outcomes = islice(cycle([Outcome.PASSED] * 5 + [Outcome.FAILED, Outcome.SKIPPED]), _RESULTS)
    results = [
        TestResult(run_id=f"{index}", created_at=began + timedelta(hours=index), status=outcome)
        for index, outcome in enumerate(outcomes)
    ]
    return {"history_of": lambda: history_of(results)}


def _table(title: str, times: Results[str, float]) -> str:
    return table(
        title,
        {way: way for way in times},
        [
            Column("median", times.of(float)),
            Column("slowest", times.of(float, max)),
            Column("x decoding", times.ratio(float, _DECODE), 2, "x"),
            Column("x by hand", times.ratio(float, _BY_HAND), 2, "x"),
        ],
    )
