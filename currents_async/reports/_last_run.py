"""The failed tests of a run, for `playwright test --last-failed`."""

from collections.abc import Iterator

from currents_async.analysis.details import RunDetails
from currents_async.errors import InvalidArgumentError
from currents_async.models.common import Outcome
from currents_async.models.instances import InstanceTest
from currents_async.models.runs import CompletionState, LastRun, LastRunStatus

_PLAYWRIGHT = frozenset({"pw", "playwright"})
_INTERRUPTED = "interrupted"
_STATUS_OF = {
    CompletionState.CANCELED: LastRunStatus.INTERRUPTED,
    CompletionState.TIMEOUT: LastRunStatus.TIMED_OUT,
}


def last_run(details: RunDetails) -> LastRun:
    """Return what Playwright would have kept of a run: write its `to_last_run_json` to a file.

    Playwright repeats these tests with `--last-failed`, by default from
    `test-results/.last-run.json`, or from `--last-failed-file`. They are those that failed, and
    those that were to run and did not, which older versions of Playwright leave out; flaky tests
    passed. Tests that are not listed have no IDs and are missing: those of spec files that threw,
    that no machine has claimed or that could not be fetched. `details.failures()` and
    `details.counts()` say whether there are any.

    Raises `InvalidArgumentError` for a run of another framework, which has no such file.

    Source: https://github.com/microsoft/playwright/blob/main/packages/playwright/src/runner/lastRun.ts.
    """
    framework = details.run.framework.name
    if framework is not None and framework not in _PLAYWRIGHT:
        raise InvalidArgumentError(
            f"details must be of a run of Playwright, not of {framework}: pass the spec files of "
            "details.failures() to its command line instead"
        )
    failed = tuple(dict.fromkeys(_failed_ids(details)))
    if failed or details.run.failed:
        status = LastRunStatus.FAILED
    else:
        status = _STATUS_OF.get(details.run.completion_state, LastRunStatus.PASSED)
    return LastRun(status=status, failed_tests=failed)


def _failed_ids(details: RunDetails) -> Iterator[str]:
    for instance in details.instances:
        yield from (test.test_id for test in instance.tests if test.test_id and _is_due(test))


def _is_due(test: InstanceTest) -> bool:
    """Return whether a test is to be repeated; to Playwright, one that was interrupted is not."""
    if test.state != Outcome.SKIPPED:
        return test.failed
    return all(attempt.raw_status != _INTERRUPTED for attempt in test.attempts)
