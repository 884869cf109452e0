"""What the page of a run has in tables: groups, owners, what was slowest, files without results."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from currents_async.analysis.details import Execution, RunCounts, RunDetails
from currents_async.analysis.executed import ExecutedTest
from currents_async.models.common import Outcome, Platform
from currents_async.models.runs import Run, RunGroup
from currents_async.reports._markup import Content, Markup, foreign, markup, tag
from currents_async.reports._page import BLUE, Column, Columns, Row, link, top_table
from currents_async.reports._run_summary import counters
from currents_async.reports._text import UNKNOWN, duration
from currents_async.reports._verdict import state_in_words

_MAX_SLOWEST = 20
_MAX_ROWS = 100
_BAR = 80
"""Pixels of the longest bar."""

_STATE = Column("State", nowrap=True)

T = TypeVar("T")


def groups_table(details: RunDetails) -> Content:
    """Return what the tests of each group came to."""
    by_id: dict[str | None, list[Execution]] = {}
    for execution in details.executions:
        by_id.setdefault(execution.spec.group_id, []).append(execution)
    known = {group.group_id: group for group in details.run.groups}
    ids = [*known, *(one for one in by_id if one not in known)]
    columns: Columns = [
        "Group",
        *(Column(name, "right") for name, _ in counters(RunCounts())),
        Column("Tests", "right"),
        Column("Spec files", "right"),
        Column("Duration", "right", nowrap=True),
    ]

    def row(group_id: str | None) -> Row:
        group = known.get(group_id) or RunGroup(group_id=group_id)
        return _group(group, details.run, by_id.get(group_id, ()))

    return top_table("Tests by group", columns, ids, row, max_rows=_MAX_ROWS, noun="group")


def _group(group: RunGroup, run: Run, executions: Iterable[Execution]) -> Row:
    counts = RunDetails(run=run, executions=tuple(executions)).counts()
    on = group.platform or Platform()
    platform = (on.os_name, on.os_version, on.browser_name, on.browser_version, group.environment)
    return Row([
        [
            foreign(group.group_id or "no group"),
            tag("br"),
            tag("small", foreign(", ".join(filter(None, platform)))),
        ],
        *(f"{number:,}" for _, number in counters(counts)),
        f"{counts.tests:,}",
        f"{counts.specs:,}",
        duration(group.duration_ms),
    ])


def slowest_specs(executions: Iterable[Execution]) -> Content:
    """Return the spec files that took longest."""
    columns: Columns = [
        "Spec file",
        "Group",
        _STATE,
        Column("Tests", "right"),
        Column("Duration", "right", nowrap=True),
    ]
    timed = ((_milliseconds(one), one) for one in executions)
    return _slowest("Spec files by duration", columns, timed, _spec, "spec file")


def _milliseconds(execution: Execution) -> int | None:
    measured = None if execution.instance is None else execution.instance.duration
    return execution.spec.duration if measured is None else measured


def _spec(execution: Execution) -> list[Content]:
    spec, instance = execution.spec, execution.instance
    failed = spec.failed if instance is None else instance.failed
    return [
        link(spec.url, foreign(spec.spec)),
        foreign(spec.group_id),
        state_in_words(Outcome.FAILED if failed else Outcome.PASSED),
        UNKNOWN if instance is None else f"{len(instance.tests):,}",
    ]


def slowest_tests(tests: Iterable[ExecutedTest]) -> Content:
    """Return the tests that took longest, with all their attempts."""
    columns: Columns = [
        "Test",
        "Spec file",
        "Group",
        _STATE,
        Column("Attempts", "right"),
        Column("Duration", "right", nowrap=True),
    ]
    timed = ((one.duration_ms, one) for one in tests)
    return _slowest("Tests by duration", columns, timed, _test, "test")


def _test(test: ExecutedTest) -> list[Content]:
    return [
        link(test.url, foreign(test.full_title)),
        foreign(test.spec),
        foreign(test.group_id),
        state_in_words(test.state, is_flaky=test.is_flaky),
        f"{test.attempts:,}",
    ]


def _slowest(
    caption: str,
    columns: Columns,
    timed: Iterable[tuple[int | None, T]],
    cells: Callable[[T], list[Content]],
    noun: str,
) -> Content:
    known = [(took, one) for took, one in timed if took is not None]
    if not known:
        return tag("p", "No durations are known.")
    known.sort(key=lambda pair: -pair[0])
    longest = known[0][0] or 1

    def row(pair: tuple[int, T]) -> Row:
        return Row([*cells(pair[1]), _timed(pair[0], longest)])

    return top_table(caption, columns, known, row, max_rows=_MAX_SLOWEST, noun=noun)


def _timed(took: int, longest: int) -> Markup:
    bar = tag("rect", width=_BAR * took / longest, height=10, fill=BLUE)
    return markup(tag("svg", bar, width=_BAR, height=10, aria_hidden="true"), " ", duration(took))


def owners_table(tests: Iterable[ExecutedTest]) -> Content:
    """Return how the tests of each owner went, the worst first."""
    counts: dict[str, Counter[str]] = {}
    for test in tests:
        for owner in test.owners or ("",):
            counts.setdefault(owner, Counter()).update(
                failed=test.failed, flaky=test.is_flaky, tests=1
            )
    if not counts.keys() - {""}:
        return tag("p", "No test names its owner.")
    owners = sorted(counts, key=lambda one: (-counts[one]["failed"], -counts[one]["flaky"], one))
    columns: Columns = ["Owner", *(Column(name, "right") for name in ("Failed", "Flaky", "Tests"))]

    def row(owner: str) -> Row:
        numbers = (f"{counts[owner][name]:,}" for name in ("failed", "flaky", "tests"))
        return Row([foreign(owner) if owner else "no owner", *numbers])

    return top_table("Tests by owner", columns, owners, row, max_rows=_MAX_ROWS, noun="owner")


def lacking_table(executions: Iterable[Execution]) -> Content:
    """Return the spec files that threw, or whose results are missing, and why."""
    lacking = [(one, *why) for one in executions for why in _lacking(one)]
    if not lacking:
        return tag("p", "All spec files ran to their end.")

    def row(found: tuple[Execution, str, str]) -> Row:
        execution, state, reason = found
        spec = execution.spec
        page = link(spec.url, foreign(spec.spec))
        return Row([page, foreign(spec.group_id), state, foreign(reason)])

    columns: Columns = ["Spec file", "Group", _STATE, "Reason"]
    caption = "Spec files whose results are missing or incomplete"
    return top_table(caption, columns, lacking, row, max_rows=_MAX_ROWS, noun="spec file")


def _lacking(execution: Execution) -> Iterator[tuple[str, str]]:
    spec, instance = execution.spec, execution.instance
    reports = [spec.results] if instance is None else [instance.results, spec.results]
    if execution.error:
        yield "could not be fetched", execution.error
    elif instance is None and spec.claimed_at is None and spec.results is None:
        yield "not claimed", "no machine has claimed it"
    elif instance is None:
        yield "missing", "its instance is not part of this report"
    elif instance.results is None:
        yield "no results", "it has been claimed, and has not reported anything"
    elif spec.completed_at is None and instance.completed_at is None:
        yield "incomplete", "it has not reported all its results"
    thrown = next((one.exception for one in reports if one and one.exception is not None), None)
    if thrown is not None:
        yield "threw", thrown
