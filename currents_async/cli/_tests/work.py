"""What `tests` does."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from currents_async import Currents
from currents_async.analysis import TestHistory
from currents_async.cli import _exit
from currents_async.cli._options import Output, read_moment
from currents_async.cli._output.printer import Printer
from currents_async.cli._text import note
from currents_async.errors import InvalidArgumentError
from currents_async.models import ExploredTest, TestResult
from currents_async.models.tests import TestOrder

_TESTS = (
    "signature",
    "spec",
    "title",
    "metrics.executions",
    "metrics.failureRate",
    "metrics.flakinessRate",
    "lastSeen",
)
_RESULTS = ("createdAt", "status", "flaky", "duration", "commit.branch", "runId", "displayError")


class Filters(NamedTuple):
    """Which tests to list, and how."""

    project: str | None
    since: str
    until: str
    branches: Sequence[str]
    tags: Sequence[str]
    authors: Sequence[str]
    order: TestOrder | None
    direction: Literal["asc", "desc"] | None
    spec: str | None
    title: str | None
    min_executions: int | None


class WantedTest(NamedTuple):
    """A test, by its signature or by its spec and titles."""

    signature: str | None
    spec: str | None
    titles: Sequence[str]
    project: str | None


async def list_tests(
    currents: Currents, *, filters: Filters, output: Output, limit: int | None
) -> int:
    """List tests."""
    printer = Printer(ExploredTest, _TESTS, output)
    pager = currents.tests.list(
        filters.project,
        date_start=read_moment("since", filters.since),
        date_end=read_moment("until", filters.until),
        branches=filters.branches,
        tags=filters.tags,
        authors=filters.authors,
        order=filters.order,
        dir=filters.direction,
        spec=filters.spec,
        title=filters.title,
        min_executions=filters.min_executions,
    )
    await printer.stream(pager if limit is None else pager.limit(limit))
    return _exit.OK


async def history(
    currents: Currents,
    *,
    wanted: WantedTest,
    since: str,
    until: str,
    branches: Sequence[str],
    group_id: str | None,
    most: int,
    output: Output,
) -> int:
    """Print results, and what they come to on stderr."""
    printer = Printer(TestResult, _RESULTS, output)
    start, end = read_moment("since", since), read_moment("until", until)
    found = await currents.test_results.history(
        await _signature(currents, wanted),
        date_start=start,
        date_end=end,
        branches=branches,
        group_id=group_id,
        max_results=most,
    )
    printer.all(found.results)
    note(_summary(found))
    return _exit.OK


async def _signature(currents: Currents, wanted: WantedTest) -> str:
    if wanted.signature is not None:
        if wanted.spec is not None or wanted.titles:
            raise InvalidArgumentError("pass a signature, or --spec and --title")
        return wanted.signature
    if wanted.spec is None or not wanted.titles:
        raise InvalidArgumentError("say which test: its signature, or --spec and --title")
    titles = wanted.titles[0] if len(wanted.titles) == 1 else wanted.titles
    found = await currents.signatures.get(wanted.spec, titles, wanted.project)
    return found.signature


def _summary(history: TestHistory) -> str:
    failures, flakiness = history.failure_rate, history.flakiness_rate
    if history.streak is None or failures is None or flakiness is None:
        return f"{len(history.results)} results, none of which passed or failed"
    streak = f"{history.streak.status} {history.streak.count} times in a row"
    return (
        f"{len(history.results)} results: {streak}, {len(history.flips)} flips, "
        f"{failures:.1%} failures, {flakiness:.1%} flaky"
    )
