"""Which tests failed or were flaky, run by run or day by day."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime

from currents_async._checks import check_int
from currents_async.analysis._heat_map_rows import (
    Columns,
    HeatMapCell,
    HeatMapColumn,
    HeatMapRow,
    HeatMapSpan,
    Tally,
    choose_columns,
    key_of,
    rows_of,
)
from currents_async.analysis.details import RunDetails
from currents_async.analysis.history import unique_results
from currents_async.arrow._tables import Tabular
from currents_async.models._model import Model
from currents_async.models.test_results import TestResult

MAX_TESTS = 200
MAX_COLUMNS = 30

_FIRST = datetime.min.replace(tzinfo=UTC)


class _Row(Model, frozen=True, gc=False, kw_only=True):
    """What a test did in a run, or on a day."""

    project_id: str
    spec: str
    title: tuple[str, ...]
    signature: str | None
    column: HeatMapColumn
    cell: HeatMapCell


class HeatMap(Tabular, frozen=True, gc=False, kw_only=True):
    """Tests by runs or by days, the worst first.

    The worst test is the one of which most executions failed or were flaky; of two with as many, it
    is the one of which the larger share did. Two executions are of the same test if they have the
    same signature or, where signatures are unknown, the same project, spec file and title.

    As a table of Arrow it has a row for each cell.
    """

    span: HeatMapSpan = "days"
    columns: tuple[HeatMapColumn, ...] = ()
    """The newest first. Between two days with runs are those without."""
    rows: tuple[HeatMapRow, ...] = ()
    """Tests that failed or were flaky, the worst first."""
    unstable: int = 0
    """How many tests failed or were flaky, whether or not they are in `rows`."""
    tests: int = 0
    """How many tests ran or were skipped."""
    earlier: int = 0
    """How many runs, or days with runs, are older than all columns, and count nowhere."""

    def _rows(self) -> tuple[type[Model], Iterable[Model]]:
        return _Row, [
            _Row(
                project_id=row.project_id,
                spec=row.spec,
                title=row.title,
                signature=row.signature,
                column=column,
                cell=cell,
            )
            for row in self.rows
            for column, cell in zip(self.columns, row.cells, strict=True)
            if cell is not None
        ]

    @staticmethod
    def of(
        runs: Iterable[RunDetails],
        *,
        span: HeatMapSpan = "runs",
        max_tests: int = MAX_TESTS,
        max_columns: int = MAX_COLUMNS,
    ) -> "HeatMap":
        """Make a heat map of the newest runs, or of their days; each run counts once."""
        unique = {details.run.run_id: details for details in runs}.values()
        columns = choose_columns(map(_column_of_run, unique), span, max_columns)
        tallies = (tally for details in unique for tally in _tallies_of_run(details, span))
        return heat_map_of(columns, tallies, max_tests)

    @staticmethod
    def of_test_results(
        results: Iterable[TestResult],
        *,
        span: HeatMapSpan = "days",
        max_tests: int = MAX_TESTS,
        max_columns: int = MAX_COLUMNS,
    ) -> "HeatMap":
        """Make a heat map of test results, of one signature or of several; each counts once.

        A run is taken to begin with the first of its results.
        """
        ordered = sorted(unique_results(results), key=lambda one: one.created_at or _FIRST)
        runs: dict[str | None, HeatMapColumn] = {}
        for result in ordered:
            runs.setdefault(result.run_id, _column_of_result(result))
        columns = choose_columns(runs.values(), span, max_columns)
        tallies = (_tally_of_result(one, key_of(runs[one.run_id], span)) for one in ordered)
        return heat_map_of(columns, tallies, max_tests)


def heat_map_of(columns: Columns, tallies: Iterable[Tally], max_tests: int) -> HeatMap:
    """Make a heat map of the worst tests."""
    check_int("max_tests", max_tests)
    rows = rows_of(columns, tallies)
    return HeatMap(
        span=columns.span,
        columns=tuple(columns.shown),
        rows=tuple(rows.unstable[:max_tests]),
        unstable=len(rows.unstable),
        tests=rows.tests,
        earlier=columns.earlier,
    )


def _column_of_run(details: RunDetails) -> HeatMapColumn:
    run = details.run
    return HeatMapColumn(
        day=_day(run.created_at),
        run_id=run.run_id,
        started_at=run.created_at,
        branch=run.branch,
    )


def _column_of_result(result: TestResult) -> HeatMapColumn:
    return HeatMapColumn(
        day=_day(result.created_at),
        run_id=result.run_id,
        started_at=result.created_at,
        branch=None if result.commit is None else result.commit.branch,
    )


def _day(moment: datetime | None) -> date | None:
    try:
        return None if moment is None else moment.astimezone(UTC).date()
    except OverflowError:  # in the year 0 or 10000
        return None


def _tallies_of_run(details: RunDetails, span: HeatMapSpan) -> Iterator[Tally]:
    column = key_of(_column_of_run(details), span)
    for instance in details.instances:
        for test in instance.tests:
            yield Tally(
                column,
                details.run.project_id,
                instance.spec,
                test.title,
                test.state,
                test.is_flaky,
                instance.instance_id,
                test.test_id,
            )


def _tally_of_result(result: TestResult, column: str | date | None) -> Tally:
    return Tally(
        column,
        result.project_id or "",
        result.spec,
        result.title,
        result.status,
        result.flaky,
        result.instance_id,
        result.test_id,
        result.signature,
    )
