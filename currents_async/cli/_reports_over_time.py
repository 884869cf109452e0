"""`report flaky` and `report trends`: how tests and runs went, run by run and day by day."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from currents_async.analysis import HeatMap, HeatMapSpan, RunDetails
from currents_async.cli._moments import read_time
from currents_async.cli._options import (
    CONNECTION,
    Connection,
    Count,
    File,
    Flag,
    Project,
    RunBranches,
    Since,
    Until,
)
from currents_async.cli._progress import import_aside, progress_bar, waiting
from currents_async.cli._report_files import check_file, in_thread, write_report
from currents_async.models import AffectedTest
from currents_async.reports import heat_map_html, trends_html

if TYPE_CHECKING:
    from currents_async import Currents

Export = Annotated[str, Parameter(help="An export: its directory, or its DuckDB file.")]
Page = Annotated[File, Parameter(help="The page to write; a hyphen is stdout.")]

_QUARANTINED_FOR = timedelta(days=30)
"""How far back the tests are looked for that actions have quarantined."""


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Scope:
    """Which runs count."""

    project: Project | None = None
    branch: RunBranches = ()
    since: Since | None = None
    until: Until | None = None

    @property
    def start(self) -> datetime | None:
        """When the span begins. Raises `InvalidArgumentError` for no moment."""
        return None if self.since is None else read_time("--since", self.since)

    @property
    def end(self) -> datetime | None:
        """When the span ends. Raises `InvalidArgumentError` for no moment."""
        return None if self.until is None else read_time("--until", self.until)


ALL = Scope()


async def flaky(
    export: Export | None = None,
    /,
    *,
    html: Page,
    by: HeatMapSpan | None = None,
    runs: Count = 20,
    max_tests: Count = 100,
    quarantined: Flag = False,
    scope: Scope = ALL,
    connection: Connection = CONNECTION,
) -> None:
    """Write a page of the tests that failed or were flaky, the worst first, by runs or by days.

    They are those of an export or, without one, of the newest runs of a project, which are fetched.

    currents-async report flaky --html flaky.html --branch main --runs 30

    currents-async report flaky lake --html flaky.html --since 30d

    Parameters
    ----------
    by
        Whether a column is a run or a day; by default a run, but a day of an export.
    runs
        How many runs are fetched, without an export.
    max_tests
        How many tests the page lists.
    quarantined
        Mark the tests that actions have quarantined within 30 days.

    """
    await in_thread(partial(check_file, "--html", html))
    if export is not None:
        heat_map = await _read(export, by or "days", max_tests, scope)
        marks = await _marks(connection, scope) if quarantined else []
    else:
        async with connection.open() as currents:
            heat_map = await _fetch(currents, by or "runs", runs, max_tests, scope)
            marks = await _quarantined(currents, scope) if quarantined else []
    await write_report(html, partial(heat_map_html, heat_map, quarantined=marks))


async def _read(export: str, by: HeatMapSpan, max_tests: int, scope: Scope) -> HeatMap:
    await import_aside("currents_async.export.reports")
    from currents_async.export.reports import read_heat_map  # noqa: PLC0415 - needs an extra

    with waiting(f"reading {export}"):
        return await read_heat_map(
            export,
            span=by,
            since=scope.start,
            until=scope.end,
            projects=[scope.project] if scope.project else (),
            branches=scope.branch,
            max_tests=max_tests,
        )


async def _fetch(
    currents: "Currents", by: HeatMapSpan, max_runs: int, max_tests: int, scope: Scope
) -> HeatMap:
    """Fetch the newest runs as a whole, one after the other."""
    listed = currents.runs.list(
        scope.project,
        branches=scope.branch,
        date_start=scope.start,
        date_end=scope.end,
        completion_state=["COMPLETE"],
    )
    found = [run.run_id async for run in listed.limit(max_runs)]
    fetched: list[RunDetails] = []
    with progress_bar("runs", currents) as work:
        for run_id in found:
            fetched.append(await currents.reports.details(run_id))
            work.advance(len(fetched), len(found))
    make = partial(HeatMap.of, fetched, span=by, max_tests=max_tests, max_columns=max_runs)
    return await in_thread(make)


async def _marks(connection: Connection, scope: Scope) -> list[AffectedTest]:
    async with connection.open() as currents:
        return await _quarantined(currents, scope)


async def _quarantined(currents: "Currents", scope: Scope) -> list[AffectedTest]:
    now = datetime.now(UTC)
    affected = currents.actions.affected_tests(
        scope.project,
        date_start=now - _QUARANTINED_FOR,
        date_end=now,
        action_type=["quarantine"],
        status=["active"],
    )
    return [test async for test in affected]


async def trends(export: Export, /, *, html: Page, scope: Scope = ALL) -> None:
    """Write a page of pass rates, flakiness, durations and what retries cost, from an export.

    By day, and for each of the busiest branches.

    currents-async report trends lake --html trends.html --since 90d

    currents-async report trends runs.duckdb --html trends.html --branch main

    """
    await in_thread(partial(check_file, "--html", html))
    await import_aside("currents_async.export.reports")
    from currents_async.export.reports import read_trends  # noqa: PLC0415 - needs an extra

    with waiting(f"reading {export}"):
        found = await read_trends(
            export,
            since=scope.start,
            until=scope.end,
            projects=[scope.project] if scope.project else (),
            branches=scope.branch,
        )
    await write_report(html, partial(trends_html, found))
