"""What the page of a run has in tables: groups, owners, what was slowest, files without results."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from currents_async._text import counted, duration
from currents_async.analysis.details import Execution, RunDetails
from currents_async.analysis.executed import ExecutedTest
from currents_async.models.common import Outcome, Platform
from currents_async.models.runs import Run, RunGroup
from currents_async.reports._markup import Content, Markup, foreign, markup, separated, tag
from currents_async.reports._page import BLUE, Column, Columns, Row, link, top_table, trait
from currents_async.reports._verdict import state_in_words

_MAX_SLOWEST = 20
_MAX_ROWS = 100
_BAR = 80
"""Pixels of the longest bar."""

T = TypeVar("T")


def groups_table(details: RunDetails) -> Content:
    """Return what the tests of each group came to."""
    by_id: dict[str | None, list[Execution]] = {}
    for execution in details.executions:
        by_id.setdefault(execution.spec.group_id, []).append(execution)
    known = {group.group_id: group for group in details.run.groups}
    ids = [*known, *(one for one in by_id if one not in known)]
    columns: Columns = ["Group", Column("Failed", "right"), Column("Flaky", "right")]

    def row(group_id: str | None) -> Row:
        group = known.get(group_id) or RunGroup(group_id=group_id)
        return _group(group, details.run, by_id.get(group_id, ()))

    return top_table("Tests by group", columns, ids, row, max_rows=_MAX_ROWS, noun="group")


def _group(group: RunGroup, run: Run, executions: Iterable[Execution]) -> Row:
    counts = RunDetails(run=run, executions=tuple(executions)).counts()
    on = group.platform or Platform()
    platform = (on.os_name, on.os_version, on.browser_name, on.browser_version, group.environment)
    about = [
        f"{counted(counts.tests, 'test')} in {counted(counts.specs, 'spec file')}",
        f"{counts.passed:,} passed",
        f"{counts.pending:,} skipped" if counts.pending else None,
        f"{counts.skipped:,} not run" if counts.skipped else None,
        duration(group.duration_ms) if group.duration_ms is not None else None,
        foreign(", ".join(filter(None, platform))) if any(platform) else None,
    ]
    name = trait("Group", foreign(group.group_id or "no group"))
    return [_with_details(name, about), f"{counts.failed:,}", f"{counts.flaky:,}"]


def _with_details(name: Content, details: Iterable[Content]) -> Content:
    """Return a name with what else there is to say below it: columns of their own need room."""
    said = [one for one in details if one]
    return [name, [tag("br"), tag("small", separated(said))] if said else None]


def slowest_specs(executions: Iterable[Execution]) -> Content:
    """Return the spec files that took longest."""
    timed = ((_milliseconds(one), one) for one in executions)
    return _slowest("Spec file", timed, _spec, "spec file")


def _milliseconds(execution: Execution) -> int | None:
    measured = None if execution.instance is None else execution.instance.duration
    return execution.spec.duration if measured is None else measured


def _spec(execution: Execution) -> Content:
    spec, instance = execution.spec, execution.instance
    failed = spec.failed if instance is None else instance.failed
    about = [
        _state(Outcome.FAILED if failed else Outcome.PASSED),
        _in_group(spec.group_id),
        None if instance is None else counted(len(instance.tests), "test"),
    ]
    return _with_details(link(spec.url, foreign(spec.spec)), about)


def slowest_tests(tests: Iterable[ExecutedTest]) -> Content:
    """Return the tests that took longest, with all their attempts."""
    return _slowest("Test", ((one.duration_ms, one) for one in tests), _test, "test")


def _test(test: ExecutedTest) -> Content:
    about = [
        _state(test.state, is_flaky=test.is_flaky),
        _in_group(test.group_id),
        counted(test.attempts, "attempt"),
        foreign(test.spec),
    ]
    return _with_details(link(test.url, foreign(test.full_title)), about)


def _state(state: Outcome | None, *, is_flaky: bool = False) -> Markup:
    sign, word = state_in_words(state, is_flaky=is_flaky).split(" ", 1)
    return markup(f"{sign} ", trait("State", word))


def _in_group(group_id: str | None) -> Content:
    return trait("Group", foreign(group_id)) if group_id else None


def _slowest(
    heading: str,
    timed: Iterable[tuple[int | None, T]],
    name: Callable[[T], Content],
    noun: str,
) -> Content:
    known = [(took, one) for took, one in timed if took is not None]
    if not known:
        return tag("p", "No durations are known.")
    known.sort(key=lambda pair: -pair[0])
    longest = known[0][0] or 1

    def row(pair: tuple[int, T]) -> Row:
        return [name(pair[1]), _timed(pair[0], longest)]

    columns: Columns = [heading, Column("Duration", "right")]
    return top_table(
        f"{heading}s by duration", columns, known, row, max_rows=_MAX_SLOWEST, noun=noun
    )


def _timed(took: int, longest: int) -> Markup:
    bar = tag("rect", width=_BAR * took / longest, height=10, fill=BLUE)
    drawn = tag("svg", bar, width=_BAR, height=10, aria_hidden="true")
    return markup(duration(took), tag("br"), drawn)


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
        return [trait("Owner", foreign(owner or "no owner")), *numbers]

    return top_table("Tests by owner", columns, owners, row, max_rows=_MAX_ROWS, noun="owner")


def lacking_table(executions: Iterable[Execution]) -> Content:
    """Return the spec files that threw, or whose results are missing, and why."""
    lacking = [(one, *why) for one in executions for why in _lacking(one)]
    if not lacking:
        return tag("p", "All spec files ran to their end.")

    def row(found: tuple[Execution, str, str]) -> Row:
        execution, state, reason = found
        spec = execution.spec
        name = _with_details(link(spec.url, foreign(spec.spec)), [_in_group(spec.group_id)])
        return [name, trait("State", state), foreign(reason)]

    columns: Columns = ["Spec file", "State", "Reason"]
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
