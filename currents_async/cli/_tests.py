"""`tests`: tests over a span of time."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cyclopts import App

from currents_async._text import counted
from currents_async.analysis import TestHistory
from currents_async.cli._executions import EXECUTIONS, Executions
from currents_async.cli._moments import read_moment
from currents_async.cli._options import (
    COMMON,
    CommonOptions,
    Count,
    Direction,
    Limit,
    Project,
    Several,
    Since,
    Sorting,
    Until,
)
from currents_async.cli._output.columns import Column
from currents_async.cli._parts import RESULTS
from currents_async.cli._streams import note
from currents_async.cli._test_changes import changes
from currents_async.errors import InvalidArgumentError
from currents_async.models import ExploredTest, TestOrder, TestResult

if TYPE_CHECKING:
    from currents_async import Currents

app = App(name="tests")

_TEST: tuple[Column[ExploredTest], ...] = (
    Column("title", lambda test: test.title),
    Column("spec", lambda test: test.spec, "path", rank=3),
    Column("failed", lambda test: test.metrics.failure_rate, "percent", rank=1),
    Column("flaky", lambda test: test.metrics.flakiness_rate, "percent", rank=2),
    Column("runs", lambda test: test.metrics.executions, "number", rank=4),
    Column("last seen", lambda test: test.last_seen, "age", rank=4),
    Column("signature", lambda test: test.signature, "id", rank=5),
)


@app.command(name="list")
async def list_tests(
    *,
    project: Project | None = None,
    executions: Executions = EXECUTIONS,
    order: Sorting[TestOrder] | None = None,
    direction: Direction | None = None,
    spec: str | None = None,
    title: str | None = None,
    min_executions: Count | None = None,
    limit: Limit | None = None,
    common: CommonOptions = COMMON,
) -> None:
    """List the tests of a project, and how each fared.

    currents-async tests list --since 30d --order failures --direction desc

    currents-async tests list --spec checkout --min-executions 10 -o csv

    Parameters
    ----------
    spec
        Only tests of spec files with this text in their path.
    title
        Only tests with this text in their title.
    min_executions
        Only tests that were executed at least this often.

    """
    async with common.open(ExploredTest, _TEST, nothing="no tests match") as (currents, printer):
        tests = currents.tests.list(
            project,
            **executions.arguments(),
            order=order,
            dir=direction,
            spec=spec,
            title=title,
            min_executions=min_executions,
        )
        await printer.listed(tests, limit)


@app.command
async def history(
    signature: str | None = None,
    /,
    *,
    spec: str | None = None,
    title: Several[str] = (),
    project: str | None = None,
    since: Since = "30d",
    until: Until = "now",
    branch: Several[str] = (),
    group_id: str | None = None,
    most: Count = 500,
    common: CommonOptions = COMMON,
) -> None:
    """Print the last results of a test, the newest first, and how it fares on stderr.

    currents-async tests history SIGNATURE --branch main

    currents-async tests history --spec cart.spec.ts --title cart --title 'adds an item'

    Parameters
    ----------
    signature
        What tells the test from others, as `tests list` prints it. Else --spec and --title.
    spec
        The path of the test's spec file.
    title
        The test's title; or those of the suites around it and then its own, one after the other.
    project
        The project of --spec and --title; else CURRENTS_PROJECT_ID, else the profile's.
    branch
        Only results of this branch; several can be given.
    group_id
        Only results of this group.
    most
        How many results are looked at.

    """
    async with common.open(TestResult, RESULTS, nothing="no results") as (currents, printer):
        start, end = read_moment("--since", since), read_moment("--until", until)
        found = await currents.test_results.history(
            await _signature(currents, signature, spec, title, project),
            date_start=start,
            date_end=end,
            branches=branch,
            group_id=group_id,
            max_results=most,
        )
    printer.all(found.results)
    if found.results:
        note(_summary(found))


async def _signature(
    currents: "Currents",
    signature: str | None,
    spec: str | None,
    titles: Sequence[str],
    project: str | None,
) -> str:
    if signature is not None and spec is None and not titles:
        return signature
    if signature is not None or spec is None or not titles:
        raise InvalidArgumentError("pass a signature, or --spec and --title")
    title = titles[0] if len(titles) == 1 else titles
    found = await currents.signatures.get(spec, title, project)
    return found.signature


def _summary(history: TestHistory) -> str:
    results = counted(len(history.results), "result")
    failures, flakiness = history.failure_rate, history.flakiness_rate
    if history.streak is None or failures is None or flakiness is None:
        return f"{results}, none of which passed or failed"
    streak = f"{history.streak.status} {counted(history.streak.count, 'time')} in a row"
    return (
        f"{results}: {streak}, {counted(len(history.flips), 'flip')}, "
        f"{failures:.1%} failed, {flakiness:.1%} flaky"
    )


app.command(changes)
