from datetime import UTC, datetime

from currents_async._quarantine.evidence import ExaminedResult
from currents_async.models import Commit, Outcome, TestResult

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_fields_that_are_taken_from_a_result() -> None:
    result = TestResult(
        run_id="r",
        test_id="t",
        status=Outcome.PASSED,
        flaky=True,
        created_at=NOW,
        commit=Commit(branch="main"),
        display_error="a long stack",
    )
    assert ExaminedResult.of(result) == ExaminedResult(
        run_id="r", test_id="t", status=Outcome.PASSED, flaky=True, created_at=NOW, branch="main"
    )


def test_a_failed_result_is_not_flaky_too() -> None:
    examined = ExaminedResult.of(TestResult(status=Outcome.FAILED, flaky=True))
    assert (examined.failed, examined.flaky, examined.is_clean) == (True, False, False)


def test_of_an_empty_result() -> None:
    examined = ExaminedResult.of(TestResult())
    assert examined == ExaminedResult()
    assert (examined.failed, examined.flaky, examined.is_clean) == (False, False, False)
