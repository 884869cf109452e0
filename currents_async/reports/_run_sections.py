"""The parts of a report on a run in Markdown, the most important ones first."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple

from currents_async._text import counted, duration, utc_time
from currents_async.analysis.clusters import FailureCluster, cluster_failures
from currents_async.analysis.details import RunDetails
from currents_async.analysis.executed import ExecutedTest
from currents_async.analysis.failures import Failure, FlakyTest
from currents_async.analysis.timeline import Timeline, timeline_of
from currents_async.models.runs import Run, RunSpec
from currents_async.reports._fitting import Item, Listing, Section, Size, Whole
from currents_async.reports._markdown import code, code_in_html, fenced, folded, link, row, table
from currents_async.reports._mermaid import mermaid_gantt
from currents_async.reports._page import Column
from currents_async.reports._verdict import FAILED, FLAKY, PASSED, RUNNING, SKIPPED

_MAX_CLUSTERS = 100
_MAX_TESTS = 10
"""Tests of a cluster; the others are counted."""
_MAX_ROWS = 50
_SLOWEST = 10
_SHORT = 120
"""Characters of a title, a path or a message where several share a line."""
_MAX_MESSAGE = 1_500
_MAX_FRAMES = 8
_LEGEND = f"{PASSED} passed, {FAILED} failed, {FLAKY} flaky, {SKIPPED} skipped, {RUNNING} running."


def run_sections(details: RunDetails) -> Iterator[Section]:
    """Yield the parts: facts, failures by their causes, flaky tests, owners, specs, timeline."""
    failures, flaky = details.failures(), details.flaky_tests()
    timeline = timeline_of(details)
    yield Whole("facts of the run", " · ".join(_facts(details.run)))
    yield _failed(failures)
    yield _flaky(flaky)
    yield _owners(failures, flaky)
    yield _slowest(details.specs)
    yield Chart(timeline)
    yield _lanes(timeline)


def _facts(run: Run) -> Iterator[str]:
    yield link(run.url, code(run.title, _SHORT))
    if run.branch:
        yield f"branch {code(run.branch, _SHORT)}"
    if run.head_sha:
        yield f"commit {code(run.head_sha[:10])}"
    if run.author_name:
        yield f"by {code(run.author_name, _SHORT)}"
    if run.duration_ms is not None:
        yield duration(run.duration_ms)
    if run.created_at is not None:
        yield utc_time(run.created_at)


def _failed(failures: list[Failure]) -> Listing:
    clusters = cluster_failures(failures)
    return Listing(
        name=f"Failures: {counted(len(clusters), 'cause')}",
        items=[*map(_cluster, clusters[:_MAX_CLUSTERS])],
        rest="more causes",
        total=len(clusters),
        gap="\n\n",
        share=0.7,
    )


def _cluster(cluster: FailureCluster) -> Item:
    message = cluster.message or "no message"
    number = counted(len(cluster.failures), "failure")
    tests = [f"- {_place(failure.test)}" for failure in cluster.failures[:_MAX_TESTS]]
    if len(cluster.failures) > _MAX_TESTS:
        tests.append(f"- … and {len(cluster.failures) - _MAX_TESTS:,} more")
    return Item(
        full=folded(
            f"{FAILED} {code_in_html(message, _SHORT)} ({number})",
            "\n".join(tests),
            fenced(_text(cluster.failures[0]), max_length=_MAX_MESSAGE),
        ),
        brief=f"- {FAILED} {code(message, _SHORT)} ({number})",
    )


def _place(test: ExecutedTest) -> str:
    """Return a link to a test, with its spec file and its owners."""
    spec = "" if test.is_file else f" in {code(test.spec, _SHORT)}"
    owners = ", ".join(code(owner, _SHORT) for owner in test.owners[:3])
    return f"{_title(test)}{spec}{f', owned by {owners}' if owners else ''}"


def _title(test: ExecutedTest) -> str:
    return link(test.url, code(test.full_title or "no title", _SHORT))


def _text(failure: Failure) -> str:
    """Return the message of an error, and the first frames of its stack."""
    error = failure.error
    if error is None:
        return failure.test.error
    lines = (error.stack or "")[:20_000].splitlines()
    frames = [line for line in lines if line.lstrip().startswith("at ")]
    message = (error.message or failure.test.error)[: 8 * _MAX_MESSAGE]
    return "\n".join((message.strip(), *frames[:_MAX_FRAMES]))


def _flaky(flaky: list[FlakyTest]) -> Listing:
    columns = ("Test", "Spec file", Column("Attempts", "right"), "Last error")
    return Listing(
        name=f"Flaky: {counted(len(flaky), 'test')}",
        items=[
            Item(
                row((
                    f"{FLAKY} {_title(one.test)}",
                    code(one.test.spec, _SHORT),
                    f"{len(one.attempts)}",
                    code(
                        one.test.error or (one.errors[-1].first_line if one.errors else ""), _SHORT
                    ),
                ))
            )
            for one in flaky[:_MAX_ROWS]
        ],
        rest="more flaky tests",
        total=len(flaky),
        head=table(columns, ()),
    )


def _owners(failures: list[Failure], flaky: list[FlakyTest]) -> Listing:
    numbers: dict[str, list[int]] = {}
    for column, tests in enumerate(([one.test for one in failures], [one.test for one in flaky])):
        for owner in chain.from_iterable(test.owners for test in tests):
            numbers.setdefault(owner, [0, 0])[column] += 1
    worst = sorted(numbers, key=lambda owner: [-number for number in numbers[owner]])
    columns = ("Owner", Column("Failed", "right"), Column("Flaky", "right"))
    return Listing(
        name="Owners",
        items=[
            Item(row((code(owner, _SHORT), *(f"{number:,}" for number in numbers[owner]))))
            for owner in worst[:_MAX_ROWS]
        ],
        rest="more owners",
        total=len(worst),
        head=table(columns, ()),
    )


def _slowest(specs: Iterable[RunSpec]) -> Listing:
    timed = [spec for spec in specs if spec.duration is not None]
    slowest = sorted(timed, key=lambda spec: -(spec.duration or 0))
    return Listing(
        name="Slowest spec files",
        items=[
            Item(
                row((link(spec.url, code(spec.spec or "no path", _SHORT)), duration(spec.duration)))
            )
            for spec in slowest[:_SLOWEST]
        ],
        rest="faster spec files",
        total=len(slowest),
        head=table(("Spec file", Column("Duration", "right")), ()),
        is_folded=True,
    )


class Chart(NamedTuple):
    """The timeline as a chart, with what it comes to in words."""

    timeline: Timeline
    name: str = "Timeline"
    share: float = 0.7

    def __bool__(self) -> bool:
        return bool(self.timeline.lanes)

    def within(self, room: int, size: Size) -> str:
        """Return the chart with as many spec files as fit."""
        words = f"From start to end: {duration(self.timeline.duration_ms)}"
        if self.timeline.balanced_ms is not None:
            words += f"; with perfect balance: {duration(self.timeline.balanced_ms)}"
        before = f"### {self.name}\n\n{words}.\n\n```mermaid\n"
        after = f"```\n\n{_LEGEND} Times are in the time zone of your browser."
        note = f" {counted(len(self.timeline.bars), 'shorter spec file')} left out."
        gantt = mermaid_gantt(self.timeline, room=room - size(before + after + note), size=size)
        if gantt.missing:
            after += f" {counted(gantt.missing, 'shorter spec file')} left out."
        return f"{before}{gantt.text}{after}" if gantt.text else ""


def _lanes(timeline: Timeline) -> Listing:
    numbers = [Column(name, "right") for name in ("Spec files", "Busy", "Idle")]
    return Listing(
        name="Machines",
        items=[
            Item(
                row((
                    lane.name,
                    f"{len(lane.bars):,}",
                    duration(lane.busy_ms),
                    duration(lane.idle_ms),
                ))
            )
            for lane in timeline.lanes[:_MAX_ROWS]
        ],
        rest="more lanes",
        total=len(timeline.lanes),
        head=table(["Lane", *numbers], ()),
        is_folded=True,
    )
