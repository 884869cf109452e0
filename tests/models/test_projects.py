"""Projects, their insights, and what the documents do not describe: nothing is lost."""

from typing import Any, TypeVar

import msgspec
import pytest

from currents_async._wire.decoders import CursorPageDecoder, EnvelopeDecoder
from currents_async.models import (
    Insights,
    InsightsResolution,
    InsightsRuns,
    ListedRun,
    Project,
    ProjectInsights,
    PullRequestCard,
    RunStatus,
    Term,
)

T = TypeVar("T")


def decode(data: object, returns: type[T]) -> T:
    decoder = EnvelopeDecoder(returns)
    decoder.feed(msgspec.json.encode({"status": "OK", "data": data}))
    return decoder.flush()[1]


RUNS = {
    "total": 10,
    "cancelled": 1,
    "timeouts": 1,
    "completed": 8,
    "failed": 3,
    "passed": 5,
    "nonFullyReported": 2,
    "avgDurationSeconds": 61.5,
    "avgSuccessRate": 0.625,
}
TESTS = {"total": 90, "failed": 4, "passed": 80, "pending": 5, "skipped": 1, "flaky": 2}
SPAN = {"runs": RUNS, "tests": TESTS}
INSIGHTS: dict[str, Any] = {
    "projectId": "p",
    "orgId": "o",
    "dateStart": "2026-01-01T00:00:00.000Z",
    "dateEnd": "2026-01-03",
    "resolution": "1d",
    "results": {"overall": SPAN, "timeline": [{"2026-01-02": SPAN}, {"2026-01-01": SPAN}]},
}


class TestInsights:
    def test_everything_documented(self) -> None:
        insights = decode(INSIGHTS, ProjectInsights)
        assert insights.resolution is InsightsResolution.DAY
        runs = insights.results.overall.runs
        assert (runs.total, runs.non_fully_reported) == (10, 2)
        assert (runs.avg_duration_seconds, runs.avg_success_rate) == (61.5, 0.625)
        assert insights.results.overall.tests.flaky == 2
        assert list(insights.results.by_date) == ["2026-01-02", "2026-01-01"]
        assert insights.results.by_date["2026-01-01"].tests.passed == 80
        assert insights.to_dict() == INSIGHTS

    def test_a_timeline_that_is_one_object(self) -> None:
        data = {"results": {"overall": SPAN, "timeline": {"1767225600000": SPAN}}}
        insights = decode(data, ProjectInsights)
        assert insights.results.by_date["1767225600000"].runs.passed == 5
        assert insights.to_dict()["results"] == data["results"]

    def test_a_date_that_comes_twice_is_kept(self) -> None:
        timeline = [{"2026-01-01": SPAN}, {"2026-01-01": {"runs": RUNS, "tests": {"total": 1}}}]
        results = decode({"results": {"timeline": timeline}}, ProjectInsights).results
        assert len(results.timeline) == 2
        assert results.by_date["2026-01-01"].tests.total == 1

    def test_what_is_not_documented_is_kept(self) -> None:
        data = {**INSIGHTS, "tags": ["a"], "branches": None}
        insights = decode(data, ProjectInsights)
        assert insights.extra == {"tags": ["a"], "branches": None}
        assert insights.to_dict() == data

    def test_an_unknown_resolution(self) -> None:
        insights = decode({**INSIGHTS, "resolution": "1m"}, ProjectInsights)
        assert insights.resolution == "1m"
        assert isinstance(insights.resolution, InsightsResolution)

    @pytest.mark.parametrize(
        "data",
        [
            {},
            dict.fromkeys(INSIGHTS),
            {"results": {"overall": None, "timeline": None}},
            {"results": {"timeline": []}},
            {"results": {"overall": {"runs": None, "tests": None}}},
            {"results": {"timeline": [{"2026-01-01": None}]}},
        ],
    )
    def test_nothing_is_promised(self, data: dict[str, Any]) -> None:
        results = decode(data, ProjectInsights).results
        assert results.overall == Insights()
        assert results.by_date == {}

    def test_nulls_are_zeros_or_none(self) -> None:
        nulls = dict.fromkeys(RUNS)
        insights = decode({"results": {"overall": {"runs": nulls}}}, ProjectInsights)
        assert insights.results.overall.runs == InsightsRuns()
        assert insights.results.overall.runs.total == 0
        assert insights.results.overall.runs.avg_success_rate is None


@pytest.mark.parametrize("kind", [PullRequestCard, Term])
class TestWithoutASchema:
    def test_everything_is_kept(self, kind: type[PullRequestCard] | type[Term]) -> None:
        rows: list[dict[str, object]] = [
            {"cursor": "c1", "title": "Fix", "runs": [{"runId": "r", "extra": 1}], "n": None},
            {"cursor": "c2"},
        ]
        decoder = CursorPageDecoder(kind)
        decoder.feed(msgspec.json.encode({"status": "OK", "has_more": True, "data": rows}))
        page = decoder.flush()[1]
        assert [item.cursor for item in page.items] == ["c1", "c2"]
        first, second = page.items
        assert first.extra == {"title": "Fix", "runs": [{"runId": "r", "extra": 1}], "n": None}
        assert first.to_dict() == {**kind().to_dict(), **rows[0]}
        assert second.extra == {}
        assert page.has_more


def test_a_project() -> None:
    data = {
        "projectId": "p",
        "name": "Web shop",
        "createdAt": "2026-01-02T03:04:05.678Z",
        "failFast": True,
        "inactivityTimeoutSeconds": 7200,
        "defaultBranchName": None,
        "colour": "red",
    }
    project = decode(data, Project)
    assert (project.project_id, project.fail_fast) == ("p", True)
    assert project.cursor is None
    assert project.extra == {"colour": "red"}


def test_a_listed_run() -> None:
    data = {"runId": "r", "projectId": "p", "completionState": "IN_PROGRESS", "status": "FAILING"}
    run = decode({**data, "cursor": "c", "meta": {"pr": {"id": "7"}}}, ListedRun)
    assert run.cursor == "c"
    assert run.status is RunStatus.FAILING
    assert run.specs == ()
