"""Spec files, tests, results and errors, as documented and as odd as they may come."""

from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec
import pytest

from currents_async._wire.decoders import CursorPageDecoder, EnvelopeDecoder
from currents_async.models import (
    Annotation,
    AttemptError,
    ErrorsPage,
    ExploredError,
    ExploredTest,
    ExploredTestMetrics,
    InstanceFramework,
    NumberedPage,
    Outcome,
    ResultAttempt,
    SpecFile,
    SpecFileMetrics,
    TestResult,
)

T = TypeVar("T")


def decode(data: object, returns: type[T]) -> T:
    decoder = EnvelopeDecoder(returns)
    decoder.feed(msgspec.json.encode({"status": "OK", "data": data}))
    return decoder.flush()[1]


SPEC_FILE: dict[str, Any] = {
    "signature": "326a",
    "spec": "feature.spec.ts",
    "metrics": {
        "overallExecutions": 3,
        "avgDuration": 13184.5,
        "failedExecutions": 1,
        "flakyExecutions": 0,
        "timeoutExecutions": 0,
        "suiteSize": 2,
        "failureRate": 0.333,
        "timeoutRate": 0,
        "flakeRate": 0,
        "fullyReported": 3,
    },
}


class TestSpecFiles:
    def test_everything_documented(self) -> None:
        data = {"list": [SPEC_FILE], "total": 44, "nextPage": 1}
        page = decode(data, NumberedPage[SpecFile])
        [file] = page.items
        assert (file.signature, file.spec) == ("326a", "feature.spec.ts")
        assert file.metrics.avg_duration == 13184.5
        assert (file.metrics.failure_rate, file.metrics.flake_rate) == (0.333, 0)
        assert file.metrics.suite_size == 2
        assert file.to_dict() == SPEC_FILE
        assert (page.total, page.has_more) == (44, True)

    @pytest.mark.parametrize("metrics", [None, {}, dict.fromkeys(SPEC_FILE["metrics"])])
    def test_nothing_is_promised(self, metrics: object) -> None:
        file = decode({"metrics": metrics, "spec": None}, SpecFile)
        assert file == SpecFile(metrics=SpecFileMetrics())

    @pytest.mark.parametrize("following", [False, None])
    def test_the_last_page(self, following: object) -> None:
        page = decode({"list": [], "total": 0, "nextPage": following}, NumberedPage[SpecFile])
        assert not page.has_more


TEST: dict[str, Any] = {
    "title": "Cart > is shown",
    "titlePath": ["Cart", "is shown"],
    "signature": "326a",
    "spec": "feature.spec.ts",
    "metrics": {
        "executions": 13,
        "failures": 2,
        "ignored": 1,
        "passes": 10,
        "flaky": 1,
        "flakinessRate": 0.1,
        "failureRate": 0.2,
        "avgDurationMs": 1500.25,
        "flakinessVolume": 150,
        "failureVolume": 300,
        "durationVolume": 15000,
    },
    "latestTag": ["development", "PL"],
    "lastSeen": "2024-01-15T00:00:00.000Z",
}


class TestTests:
    def test_everything_documented(self) -> None:
        page = decode(
            {"list": [TEST], "total": 44, "nextPage": False, "count": 1},
            NumberedPage[ExploredTest],
        )
        [test] = page.items
        assert test.title_path == ("Cart", "is shown")
        assert test.metrics.duration_ms == 1500.25
        assert (test.metrics.failures, test.metrics.ignored) == (2, 1)
        assert test.latest_tags == ("development", "PL")
        assert test.last_seen == datetime(2024, 1, 15, tzinfo=UTC)
        assert page.count == 1
        plain = test.to_dict()
        assert plain.pop("lastSeen") == "2024-01-15T00:00:00Z"
        assert plain["metrics"].pop("avgDuration") is None
        assert plain == {key: value for key, value in TEST.items() if key != "lastSeen"}

    @pytest.mark.parametrize("name", ["avgDurationMs", "avgDuration"])
    def test_the_average_under_either_name(self, name: str) -> None:
        assert decode({name: 0}, ExploredTestMetrics).duration_ms == 0

    @pytest.mark.parametrize(
        ("latest", "tags"), [(None, ()), ([], ()), (["a"], ("a",)), ("a b", ("a b",))]
    )
    def test_the_latest_tags(self, latest: object, tags: tuple[str, ...]) -> None:
        assert decode({"latestTag": latest}, ExploredTest).latest_tags == tags

    def test_nothing_is_promised(self) -> None:
        assert decode(dict.fromkeys(TEST), ExploredTest) == ExploredTest()
        nulls = dict.fromkeys(TEST["metrics"])
        assert decode({"metrics": nulls}, ExploredTest) == ExploredTest()
        assert ExploredTest().metrics.duration_ms is None


ERROR = {
    "message": "Error: Timed out 5000ms",
    "stack": "Error: Timed out 5000ms\n    at a.spec.ts:13:26",
    "location": {"line": 13, "column": 26, "file": "a.spec.ts"},
}
RESULT: dict[str, Any] = {
    "cursor": "67b8",
    "signature": "a298",
    "framework": {"clientVersion": "1.9.0", "type": "pw", "version": "1.49.0"},
    "createdAt": "2025-02-21T19:57:41.437Z",
    "projectId": "p",
    "groupId": "chrome",
    "runId": "r",
    "instanceId": "i",
    "spec": "a.spec.ts",
    "machineId": "m",
    "tags": ["basic"],
    "title": ["basic", "test @basic"],
    "testId": "57ab",
    "displayError": "Error: Timed out",
    "commit": {"branch": "main", "authorEmail": "me@example.com", "sha": "768c", "message": "x"},
    "duration": 18658,
    "flaky": False,
    "expectedStatus": "passed",
    "status": "failed",
    "attempts": [
        {
            "attemptId": "x-0",
            "state": "failed",
            "error": ERROR,
            "startedAt": "2025-02-21T19:57:41.437Z",
            "duration": 6482.5,
        },
        {"attemptId": "x-1", "state": "passed", "error": None},
    ],
    "annotations": [{"type": "owner", "description": "Ann"}, {"type": "slow"}],
}


def results(*rows: dict[str, Any]) -> tuple[TestResult, ...]:
    decoder = CursorPageDecoder(TestResult)
    decoder.feed(msgspec.json.encode({"status": "OK", "has_more": False, "data": rows}))
    return decoder.flush()[1].items


class TestTestResults:
    def test_everything_documented(self) -> None:
        [result] = results(RESULT)
        assert result.cursor == "67b8"
        assert result.framework == InstanceFramework(
            client_version="1.9.0", type="pw", version="1.49.0"
        )
        assert result.created_at == datetime(2025, 2, 21, 19, 57, 41, 437_000, UTC)
        assert result.full_title == "basic > test @basic"
        assert result.commit is not None
        assert result.commit.sha == "768c"
        assert result.status is Outcome.FAILED
        assert result.expected_status is Outcome.PASSED
        assert result.failed
        assert result.duration == 18658
        first, second = result.attempts
        assert (first.state, first.duration) == (Outcome.FAILED, 6482.5)
        assert second == ResultAttempt(attempt_id="x-1", state=Outcome.PASSED)
        assert result.error is first.error
        assert result.error is not None
        assert result.error.first_line == "Error: Timed out 5000ms"
        assert result.error.location is not None
        assert result.error.location.column == 26
        assert result.annotations == (
            Annotation(type="owner", description="Ann"),
            Annotation(type="slow"),
        )

    def test_a_framework_that_is_only_named(self) -> None:
        [result] = results({**RESULT, "framework": "playwright"})
        assert result.framework == "playwright"

    @pytest.mark.parametrize("field", ["status", "expectedStatus"])
    def test_an_unknown_outcome(self, field: str) -> None:
        [result] = results({**RESULT, field: "interrupted"})
        outcome = result.status if field == "status" else result.expected_status
        assert outcome == "interrupted"
        assert isinstance(outcome, Outcome)

    def test_nothing_is_promised(self) -> None:
        nulls = dict.fromkeys(RESULT)
        assert results({}, nulls) == (TestResult(), TestResult())
        assert TestResult().error is None
        assert not TestResult().failed

    def test_nulls_within(self) -> None:
        [result] = results({
            "attempts": [{"state": None, "error": {"message": None}, "duration": None}]
        })
        assert result.attempts == (ResultAttempt(error=AttemptError()),)


def explored(**fields: Any) -> dict[str, Any]:
    return {
        "message": "Timed out",
        "error_category": "timeout",
        "error_action": "click",
        "error_target": "#buy",
        "count": 42,
        "details": {"tests": {"count": 5}, "branches": {"count": 3}},
        **fields,
    }


class TestErrors:
    def test_everything_documented(self) -> None:
        timeline = [{"date": "2026-01-02", "count": 50, "items": [explored(count=8)]}]
        page = decode(
            {
                "list": [explored(), explored(message=None, error_target=None)],
                "timeline": timeline,
                "count": 2,
                "total": 150,
                "nextPage": 1,
            },
            ErrorsPage,
        )
        first, second = page.items
        assert (first.error_category, first.error_action) == ("timeout", "click")
        assert (first.error_target, first.message) == ("#buy", "Timed out")
        assert (first.details.tests.count, first.details.branches.count) == (5, 3)
        assert first.to_dict() == explored()
        assert (second.message, second.error_target) == (None, None)
        [span] = page.timeline
        assert (span.date, span.count, span.items[0].count) == ("2026-01-02", 50, 8)
        assert span.to_dict() == timeline[0]
        assert (page.total, page.count, page.has_more) == (150, 2, True)

    @pytest.mark.parametrize(
        "data", [{}, {"list": None, "timeline": None}, {"timeline": [{"items": None}]}]
    )
    def test_nothing_is_promised(self, data: dict[str, Any]) -> None:
        page = decode(data, ErrorsPage)
        assert page.items == ()
        assert not page.has_more
        assert [span.items for span in page.timeline] in ([], [()])

    @pytest.mark.parametrize("details", [None, {}, {"tests": None}, {"tests": {"count": None}}])
    def test_details_may_be_missing(self, details: object) -> None:
        error = decode({"message": "x", "details": details}, ExploredError)
        assert error.details.tests.count == 0
