"""A run on a terminal: the verdict, a bar for each worker, failures by cause, flaky tests."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import itemgetter

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from currents_async._text import counted, duration, one_line
from currents_async.analysis import (
    Bar,
    ExecutedTest,
    FailureCluster,
    Lane,
    RunCounts,
    RunDetails,
    Timeline,
    cluster_failures,
    timeline_of,
)
from currents_async.cli._output.columns import local_time
from currents_async.cli._output.tables import write
from currents_async.cli._run_report import RunReport, SlowSpec
from currents_async.models import Run
from currents_async.reports._verdict import (
    FAILED,
    FLAKY,
    PASSED,
    RUNNING,
    SKIPPED,
    Sign,
    sign_of,
    verdict_of,
)

_MAX_ROWS = 20
_MAX_WIDTH = 120
_MIN_BAR = 10
_INDENT = 2
_IDLE, _BAR, _END = "·", "━", "╸"
_STYLES = {PASSED: "green", FAILED: "red", FLAKY: "yellow"}
_WORST = (FAILED, FLAKY, RUNNING, PASSED, SKIPPED)
"""Of several spec files in one cell, the sign of the first of these is shown."""
_Marked = tuple[Text, Text]
"""A text, and the marker before it."""


def show_run(details: RunDetails, report: RunReport, console: Console, *, show_all: bool) -> None:
    """Print a run; each list is cut off, unless all is to be shown."""
    screen = _Screen(console, show_all=show_all)
    timeline = timeline_of(details)
    screen.head(details.run, report.counts)
    screen.workers(timeline)
    screen.failures(cluster_failures(details.failures()))
    screen.rows("Flaky", map(_flaky_row, report.flaky))
    screen.rows("Slowest specs", map(_slow_row, report.slowest))
    screen.rows("Missing", map(_plain, report.errors))


class _Screen:
    """Writes lines, and wraps those that are too long."""

    def __init__(self, console: Console, *, show_all: bool) -> None:
        self._console = console
        self._limit = None if show_all else _MAX_ROWS
        self._width = min(console.width, _MAX_WIDTH)

    def head(self, run: Run, counts: RunCounts) -> None:
        verdict = verdict_of(run)
        style = f"bold {_STYLES.get(verdict.sign, '')}"
        self._print(
            Text.assemble((f"{verdict.sign} {verdict.words}", style), f"  {one_line(run.title)}")
        )
        self._facts(
            run.branch,
            (run.head_sha or "")[:8],
            run.author_name,
            None if run.created_at is None else local_time(run.created_at),
            None if run.duration_ms is None else duration(run.duration_ms, short=True),
        )
        self._facts(f"run {run.run_id}", run.url)
        self._facts(
            f"{counted(counts.tests, 'test')} in {counted(counts.specs, 'spec')}",
            f"{counts.passed:,} passed",
            f"{counts.failed:,} failed",
            f"{counts.flaky:,} flaky",
            counts.pending and f"{counts.pending:,} pending",
            counts.skipped and f"{counts.skipped:,} skipped",
            counts.unclaimed and f"{counted(counts.unclaimed, 'spec')} not claimed",
        )

    def workers(self, timeline: Timeline) -> None:
        if not timeline.lanes:
            return
        self._heading("Machines", _balance(timeline))
        names = [f"{lane.name} " for lane in timeline.lanes]
        words = [f" {_said(lane)}" for lane in timeline.lanes]
        room = self._width - _INDENT - max(map(len, names))
        cells = room - max(map(len, words))
        if cells < _MIN_BAR:  # the signs in the bars have to do
            words, cells = [""] * len(words), max(_MIN_BAR, room)
        self._lines(
            Text.assemble(name.ljust(max(map(len, names))), _drawn(lane, timeline, cells), said)
            for name, lane, said in zip(names, timeline.lanes, words, strict=True)
        )

    def failures(self, clusters: Sequence[FailureCluster]) -> None:
        if not clusters:
            return
        total = sum(len(cluster.failures) for cluster in clusters)
        self._heading("Failures", f"{total:,}, of {counted(len(clusters), 'cause')}")
        for cluster in clusters[: self._limit]:
            count = len(cluster.failures)
            times = f"{count:,} × " if count > 1 else ""  # noqa: RUF001
            self._print(_plain(cluster.message), marker=Text(f"{FAILED} {times}", "red"))
            self._lines(Text(_place(one.test)) for one in cluster.failures)
        self._rest(len(clusters), "cause")

    def rows(self, heading: str, rows: Iterable[Text | _Marked]) -> None:
        """Write a heading and lines, or nothing if there are no lines."""
        rows = list(rows)
        if rows:
            self._heading(heading, f"{len(rows):,}")
            self._lines(rows)

    def _heading(self, name: str, note: str) -> None:
        self._console.print()
        self._print(Text.assemble((name, "bold"), (f"  {note}" if note else "", "dim")))

    def _facts(self, *facts: str | int | None) -> None:
        """Write facts beside each other, each as a whole where it fits into a line."""
        line = ""
        for fact in (one_line(str(fact)) for fact in facts if fact):
            longer = f"{line} · {fact}" if line else fact
            if line and cell_len(longer) > self._width - _INDENT:
                self._print(Text(line), indent=_INDENT)
                longer = fact
            line = longer
        if line:
            self._print(Text(line), indent=_INDENT)

    def _lines(self, rows: Iterable[Text | _Marked]) -> None:
        rows = list(rows)
        for row in rows[: self._limit]:
            text, marker = (row, None) if isinstance(row, Text) else row
            self._print(text, indent=_INDENT, marker=marker)
        self._rest(len(rows), "line")

    def _rest(self, total: int, noun: str) -> None:
        if self._limit is not None and total > self._limit:
            rest = counted(total - self._limit, f"more {noun}")
            self._print(Text(f"and {rest}: --all shows them", "dim"), indent=_INDENT)

    def _print(self, text: Text, *, indent: int = 0, marker: Text | None = None) -> None:
        """Write a text behind a marker; what goes on below stands further in."""
        room = self._width - indent
        marker = marker or Text("" if text.cell_len <= room else " " * _INDENT)
        hang = " " * marker.cell_len
        first = marker if marker.plain.strip() else Text()
        for line in text.wrap(self._console, room - len(hang), overflow="fold"):
            write(self._console, Text.assemble(" " * indent, first, line))
            first = Text(hang)


def _drawn(lane: Lane, timeline: Timeline, width: int) -> Text:
    """Draw a lane: the bar of each spec file, which begins with its sign unless it passed."""
    cells = [(_IDLE, "dim")] * width
    for bar in sorted(lane.bars, key=_rank, reverse=True):
        sign, style = _sign(bar), _STYLES.get(_sign(bar), "")
        place = _cells_of(bar, timeline, width)
        drawn = _BAR * (len(place) - 1) + _END
        first = drawn[0] if sign == PASSED else sign
        for cell, shown in zip(place, first + drawn[1:], strict=True):
            cells[cell] = shown, style
    runs = groupby(cells, key=itemgetter(1))
    return Text.assemble(*(("".join(cell for cell, _ in run), style) for style, run in runs))


def _sign(bar: Bar) -> Sign:
    return sign_of(bar.state, is_flaky=bar.is_flaky, is_running=bar.is_running)


def _rank(bar: Bar) -> int:
    return _WORST.index(_sign(bar))


def _cells_of(bar: Bar, timeline: Timeline, width: int) -> range:
    if timeline.started_at is None or not timeline.duration_ms:
        return range(width)
    seconds = timeline.duration_ms / 1000
    first, last = (
        int((when - timeline.started_at).total_seconds() / seconds * width)
        for when in (bar.started_at, bar.ended_at)
    )
    return range(min(first, width - 1), min(max(last, first + 1), width))


def _balance(timeline: Timeline) -> str:
    took = duration(timeline.duration_ms, short=True)
    if timeline.balanced_ms is None:
        return took
    return f"{took}; with perfect balance {duration(timeline.balanced_ms, short=True)}"


def _said(lane: Lane) -> str:
    failed = sum(_sign(bar) == FAILED for bar in lane.bars)
    return counted(len(lane.bars), "spec") + (f", {failed} failed" if failed else "")


def _flaky_row(test: ExecutedTest) -> _Marked:
    error = Text(f"\n{one_line(test.error)}" if test.error else "", "dim")
    return Text(_place(test)).append_text(error), Text(f"{FLAKY} ", "yellow")


def _slow_row(slow: SlowSpec) -> _Marked:
    return Text(one_line(slow.spec)), Text(f"{duration(slow.duration_ms, short=True):>7}  ")


def _place(test: ExecutedTest) -> str:
    where = one_line(test.spec)
    return where if test.is_file else f"{where} › {one_line(test.full_title)}"  # noqa: RUF001


def _plain(text: str) -> Text:
    return Text(one_line(text, 1_000))
