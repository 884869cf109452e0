"""What the payloads of a made-up run say, counted without the library."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from currents_async.testing import WorldRun


class Facts(NamedTuple):
    """Numbers of tests, and of attempts at them."""

    tests: int
    states: Counter[str]
    flaky: int
    failed_attempts_of_flaky: int
    failed_attempts_of_failed: int


def facts_of(run: WorldRun) -> Facts:
    tests = [*wire_tests(run)]
    flaky = [one for one in tests if one["state"] == "passed" and "failed" in attempts_of(one)]
    failed = [one for one in tests if one["state"] == "failed"]
    return Facts(
        len(tests),
        Counter(one["state"] for one in tests),
        len(flaky),
        sum(attempts_of(one).count("failed") for one in flaky),
        sum(attempts_of(one).count("failed") for one in failed),
    )


def wire_tests(run: WorldRun) -> Iterator[dict[str, Any]]:
    for number, spec in enumerate(run.specs):
        if spec.instance_id is not None:
            instance: dict[str, Any] = run.instance(number)
            results = instance.get("testResults")
            yield from results.values() if results else instance["results"]["tests"]


def attempts_of(test: dict[str, Any]) -> list[str]:
    return [attempt["state"] for attempt in test["attempts"]]
