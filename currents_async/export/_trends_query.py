"""Trends from the tables of an export."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

import pyarrow as pa

from currents_async.analysis.trends import BranchTrend, TrendFigures, Trends
from currents_async.export._reading import Tables
from currents_async.models import CompletionState, Outcome, RunStatus

MAX_BRANCHES = 5
MAX_DAYS = 92
"""A quarter; a span of 90 days from now has 91 dates."""

_DAY = timedelta(days=1)

_RUNS = """
CREATE TEMP TABLE begun AS
SELECT
    run_id, day, coalesce(nullif(branch, ''), nullif(pull_request_source, '')) AS branch,
    completion_state = $complete AS is_complete, status = $passed AS has_passed, duration_ms
FROM runs
"""
_BRANCHES = "SELECT day, branch, count(*) FROM begun GROUP BY day, branch"
_COUNTED = """
CREATE TEMP TABLE counted AS
SELECT begun.*, number FROM begun JOIN numbered ON begun.branch IS NOT DISTINCT FROM numbered.branch
WHERE day >= $first
"""
# In each, a null stands for all days, or for all branches.
_RUN_FIGURES = """
SELECT
    day, number, count(*), count(*) FILTER (is_complete),
    count(*) FILTER (is_complete AND has_passed), median(duration_ms) FILTER (is_complete)
FROM counted
GROUP BY GROUPING SETS ((day, number), (day), (number), ())
"""
_TEST_FIGURES = """
SELECT
    day, number, count(*) FILTER (state IN ($passed, $failed)),
    count(*) FILTER (state = $passed), count(*) FILTER (state = $passed AND is_flaky)
FROM tests JOIN counted USING (run_id, day)
GROUP BY GROUPING SETS ((day, number), (day), (number), ())
"""
_RETRY_FIGURES = """
WITH retried AS (
    SELECT
        run_id, day, count(*) - 1 AS retries,
        sum(coalesce(duration_ms, 0)) - arg_max(coalesce(duration_ms, 0), attempt) AS lasted
    FROM attempts
    GROUP BY run_id, day, instance_id, test_position
    HAVING count(*) > 1
)
SELECT day, number, coalesce(sum(retries), 0)::BIGINT, coalesce(sum(lasted), 0)::BIGINT
FROM retried JOIN counted USING (run_id, day)
GROUP BY GROUPING SETS ((day, number), (day), (number), ())
"""


class _Figures(NamedTuple):
    """Figures that need a table."""

    table: str
    columns: Sequence[str]
    fields: Sequence[str]
    query: str
    values: Mapping[str, str] = {}


_RUN_FIELDS = ("runs", "complete", "passed", "duration_ms")
_OF_TABLES = (
    _Figures(
        "tests",
        ("run_id", "state", "is_flaky"),
        ("judged_tests", "passed_tests", "flaky_tests"),
        _TEST_FIGURES,
        {"passed": str(Outcome.PASSED), "failed": str(Outcome.FAILED)},
    ),
    _Figures(
        "attempts",
        ("run_id", "instance_id", "test_position", "attempt", "duration_ms"),
        ("retries", "retries_ms"),
        _RETRY_FIGURES,
    ),
)

_Place = tuple[date | None, int | None]
"""A day and the number of a branch; None for all."""


def query_trends(
    tables: Tables, *, branches: Sequence[str], max_branches: int, max_days: int
) -> Trends:
    """Make trends of the newest days, of the branches with most runs."""
    tables.require("runs")
    columns = ("branch", "pull_request_source", "completion_state", "status", "duration_ms")
    tables.provide("runs", "run_id", *columns)
    tables.query(_RUNS, complete=str(CompletionState.COMPLETE), passed=str(RunStatus.PASSED))
    begun = [row for row in tables.query(_BRANCHES) if not branches or row[1] in branches]
    days = _days({day for day, _, _ in begun}, max_days)
    busiest = _busiest(row for row in begun if row[0] in days)
    numbered = [
        {"branch": branch, "number": min(number, max_branches)}
        for number, branch in enumerate(busiest)
    ]
    tables.create("numbered", numbered, branch=pa.string(), number=pa.int32())
    tables.query(_COUNTED, first=days[0] if days else date.max)
    figures = _figures(tables)

    def trend(number: int | None, branch: str | None = None) -> BranchTrend:
        return BranchTrend(
            branch=branch,
            days=tuple(figures.get((day, number)) for day in days),
            total=figures.get((None, number), TrendFigures()),
        )

    return Trends(
        days=days,
        overall=trend(None),
        branches=tuple(map(trend, range(max_branches), busiest)),
        other=trend(max_branches) if len(busiest) > max_branches else None,
        other_branches=max(0, len(busiest) - max_branches),
        earlier_days=len({day for day, _, _ in begun}.difference(days)),
        missing_tables=tuple(one.table for one in _OF_TABLES if not tables.has(one.table)),
        only_failed=tables.only_failed,
    )


def _days(begun: set[date], max_days: int) -> tuple[date, ...]:
    """Return all days from the first one to the last, or the newest of them."""
    if not begun:
        return ()
    last = max(begun)
    number = min((last - min(begun)).days + 1, max_days)
    return tuple(last - _DAY * ago for ago in reversed(range(number)))


def _busiest(begun: Iterable[tuple[date, str | None, int]]) -> list[str | None]:
    runs: Counter[str | None] = Counter()
    for _, branch, number in begun:
        runs[branch] += number
    return sorted(runs, key=lambda branch: (-runs[branch], branch or ""))


def _figures(tables: Tables) -> dict[_Place, TrendFigures]:
    found: dict[_Place, dict[str, Any]] = {}
    for day, number, *values in tables.query(_RUN_FIGURES):
        found[day, number] = dict(zip(_RUN_FIELDS, values, strict=True))
    for one in _OF_TABLES:
        if tables.has(one.table):
            tables.provide(one.table, *one.columns)
            for figures in found.values():
                figures.update(dict.fromkeys(one.fields, 0))
            for day, number, *values in tables.query(one.query, **one.values):
                found[day, number].update(zip(one.fields, values, strict=True))
    return {place: TrendFigures(**fields) for place, fields in found.items()}
