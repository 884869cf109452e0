import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from currents_async.analysis import Execution, RunDetails
from currents_async.errors import InvalidArgumentError
from currents_async.models import (
    Attempt,
    CompletionState,
    Instance,
    InstanceTest,
    LastRun,
    LastRunStatus,
    Outcome,
    Run,
    RunFramework,
    RunMeta,
    RunSpec,
    RunStatus,
)
from currents_async.reports import last_run
from currents_async.testing import World
from tests.analysis.made import FAILED, SKIPPED, a_test, an_instance
from tests.reports.made import details_of, odd_details
from tests.reports.wire import wire_tests

HERE = Path(__file__).parent


def a_playwright_test(recorded: dict[str, Any]) -> InstanceTest:
    """Return a test as Currents reports what Playwright recorded."""
    outcome = recorded["outcome"]
    is_skipped = outcome == recorded["expectedStatus"] == "skipped"
    states = {"expected": "passed", "flaky": "passed", "unexpected": "failed", "skipped": "skipped"}
    return InstanceTest(
        test_id=recorded["id"],
        title=tuple(recorded["title"]),
        state=Outcome.PENDING if is_skipped else Outcome(states[outcome]),
        flaky=outcome == "flaky",
        attempts=tuple(
            Attempt(state=Outcome(status), raw_status=status) for status in recorded["statuses"]
        ),
    )


def of(*tests: InstanceTest, **run: Any) -> LastRun:
    return last_run(RunDetails.of(Run(run_id="r", **run), [an_instance("a.spec.ts", *tests)]))


def test_it_is_what_playwright_wrote() -> None:
    recorded = json.loads((HERE / "playwright-run-recorded.json").read_text())
    found = of(*map(a_playwright_test, recorded["tests"]))
    written = json.loads(found.to_last_run_json())
    assert written.keys() == recorded["lastRun"].keys()
    assert written["status"] == recorded["lastRun"]["status"]
    assert sorted(written["failedTests"]) == sorted(recorded["lastRun"]["failedTests"])


@pytest.mark.parametrize("schema_version", [1, 2])
def test_it_lists_what_the_payloads_say(schema_version: Any) -> None:
    run = (
        World(seed=7)
        .project()
        .run(specs=20, schema_version=schema_version, failures=0.1, flaky=0.1, groups=1)
    )
    details = details_of(run)
    due = sum(test["state"] in {"failed", "skipped"} for test in wire_tests(run))
    found = last_run(details)
    assert len(found.failed_tests) == due > 0
    assert found.status == LastRunStatus.FAILED
    assert msgspec.json.decode(found.to_last_run_json(), type=LastRun) == found


def test_flaky_and_interrupted_tests_are_not_repeated() -> None:
    interrupted = Attempt(state=SKIPPED, raw_status="interrupted")
    stopped = InstanceTest(test_id="s", state=SKIPPED, attempts=(interrupted,))
    never = InstanceTest(test_id="n", state=SKIPPED)
    found = of(a_test("flaky", failures=["oh"]), a_test("failed", FAILED), stopped, never)
    assert found.failed_tests == ("id of failed", "n")


def test_a_test_is_listed_once_and_not_without_an_id() -> None:
    found = of(a_test("a", FAILED), a_test("a", FAILED), InstanceTest(state=FAILED))
    assert found.failed_tests == ("id of a",)


@pytest.mark.parametrize(
    ("run", "status"),
    [
        ({}, "passed"),
        ({"status": RunStatus.FAILED}, "failed"),
        ({"completion_state": CompletionState.CANCELED}, "interrupted"),
        ({"completion_state": CompletionState.TIMEOUT}, "timedout"),
    ],
)
def test_the_status_is_a_word_of_playwright(run: dict[str, Any], status: str) -> None:
    assert of(a_test("a"), **run).status == status


def test_other_frameworks_have_no_such_file() -> None:
    cypress = details_of(World(seed=1).project().run(specs=2, framework="cypress"))
    jest = RunDetails(run=Run(run_id="r", meta=RunMeta(framework=RunFramework(type="jest"))))
    for details in (cypress, jest):
        with pytest.raises(InvalidArgumentError, match=r"of Playwright, not of (cypress|jest)"):
            last_run(details)


def test_odd_runs_have_one() -> None:
    for details in odd_details()[:-1]:
        assert json.loads(last_run(details).to_last_run_json()).keys() == {"status", "failedTests"}
    missing = Execution(spec=RunSpec(), error="timeout")
    assert last_run(RunDetails(run=Run(run_id="r"), executions=(missing,))).failed_tests == ()
    unread = Instance(instance_id="i")
    assert last_run(RunDetails.of(Run(run_id="r"), [unread])).failed_tests == ()
