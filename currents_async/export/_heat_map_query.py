"""A heat map from the tables of an export."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import pyarrow as pa
from msgspec.structs import replace

from currents_async.analysis._heat_map_rows import (
    Columns,
    HeatMapColumn,
    HeatMapSpan,
    Tally,
    choose_columns,
    key_of,
)
from currents_async.analysis.heat_map import HeatMap, heat_map_of
from currents_async.export._reading import Tables
from currents_async.models import Outcome

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ONE_COLUMN = Columns("days", [HeatMapColumn()], 0)
"""The column None, of all days together."""

_RUNS = """
SELECT DISTINCT run_id, day, epoch_ms(created_at), coalesce(nullif(branch, ''), pull_request_source)
FROM runs
"""
_RUNS_OF_TESTS = "SELECT DISTINCT run_id, day, NULL, NULL FROM tests"
_SEEN = """
CREATE TEMP TABLE seen AS
SELECT
    place, project_id, spec, title, test_id, state, is_flaky, count(*) AS executions,
    max(instance_id) AS instance_id
FROM tests JOIN shown USING (run_id, day)
WHERE state IN (SELECT unnest($outcomes))
GROUP BY place, project_id, spec, title, test_id, state, is_flaky
"""
_TOTALS = """
SELECT project_id, spec, title, state, is_flaky, sum(executions)::BIGINT
FROM seen
GROUP BY project_id, spec, title, state, is_flaky
"""
_CELLS = """
SELECT
    place, project_id, spec, title, state, is_flaky, instance_id, test_id, executions
FROM seen JOIN worst USING (project_id, spec, title)
"""


def query_heat_map(
    tables: Tables,
    *,
    span: HeatMapSpan,
    branches: Sequence[str],
    max_tests: int,
    max_columns: int,
) -> HeatMap:
    """Make a heat map of all tests that failed or were flaky."""
    tables.require("tests")
    if span == "runs" or branches:
        tables.require("runs")
    runs = [run for run in _runs(tables) if not branches or run.branch in branches]
    columns = choose_columns(runs, span, max_columns)
    places = {key_of(column, span): place for place, column in enumerate(columns.shown)}
    shown = [
        {"run_id": run.run_id, "day": run.day, "place": places[key]}
        for run in runs
        if (key := key_of(run, span)) in places
    ]
    tables.create("shown", shown, run_id=pa.string(), day=pa.date32(), place=pa.int32())
    tables.provide(
        "tests", "run_id", "instance_id", "spec", "title", "test_id", "state", "is_flaky"
    )
    tables.query(_SEEN, outcomes=[str(outcome) for outcome in Outcome])
    # Only of the worst tests the cells are fetched: there may be millions.
    totals = heat_map_of(_ONE_COLUMN, _totals(tables), max_tests)
    worst = [
        {"project_id": row.project_id, "spec": row.spec, "title": row.title} for row in totals.rows
    ]
    tables.create(
        "worst", worst, project_id=pa.string(), spec=pa.string(), title=pa.list_(pa.string())
    )
    heat_map = heat_map_of(columns, _cells(tables, columns), max_tests)
    return replace(heat_map, unstable=totals.unstable, tests=totals.tests)


def _runs(tables: Tables) -> Iterator[HeatMapColumn]:
    if tables.has("runs"):
        tables.provide("runs", "run_id", "created_at", "branch", "pull_request_source")
        found = tables.query(_RUNS)
    else:
        tables.provide("tests", "run_id")
        found = tables.query(_RUNS_OF_TESTS)
    for run_id, day, milliseconds, branch in found:
        started_at = None if milliseconds is None else _EPOCH + timedelta(milliseconds=milliseconds)
        yield HeatMapColumn(day=day, run_id=run_id, started_at=started_at, branch=branch or None)


def _totals(tables: Tables) -> Iterator[Tally]:
    for project_id, spec, title, state, is_flaky, number in tables.query(_TOTALS):
        yield Tally(
            None, project_id, spec, tuple(title), state, is_flaky, None, "", executions=number
        )


def _cells(tables: Tables, columns: Columns) -> Iterator[Tally]:
    keys = [key_of(column, columns.span) for column in columns.shown]
    for row in tables.query(_CELLS):
        place, project_id, spec, title, state, is_flaky, instance_id, test_id, number = row
        yield Tally(
            keys[place],
            project_id,
            spec,
            tuple(title),
            state,
            is_flaky,
            instance_id,
            test_id,
            executions=number,
        )
