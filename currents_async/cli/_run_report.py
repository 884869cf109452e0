"""What a run came to: counted while its instances arrive, then printed."""

import heapq
from collections.abc import Iterator

import msgspec
from rich.console import Group
from rich.filesize import decimal
from rich.table import Table
from rich.text import Text

from currents_async import InstanceResult, Traffic
from currents_async.analysis import failures_of
from currents_async.cli import _exit
from currents_async.cli._output.tables import console
from currents_async.cli._output.writers import safe_json
from currents_async.cli._streams import machine_stdout
from currents_async.cli._text import one_line
from currents_async.models import Instance, InstanceTest, Outcome, RunSpec
from currents_async.models._unlisted import unlisted

_SLOWEST = 5
_MAX_LINES = 20


class FailingTest(msgspec.Struct, frozen=True):
    """A test that failed in its last attempt, or a spec file that failed as a whole."""

    spec: str
    title: str
    """Empty for a spec file."""
    error: str
    """The first line of its error."""


class SlowSpec(msgspec.Struct, frozen=True, order=True):
    """A spec file and how long it took."""

    duration_ms: int
    spec: str


class Report(msgspec.Struct):
    """The counts over all instances of a run, and its failing tests and slowest specs."""

    run_id: str
    specs: int = 0
    tests: int = 0
    passed: int = 0
    failed: int = 0
    flaky: int = 0
    pending: int = 0
    skipped: int = 0
    unclaimed: int = 0
    """Specs that no machine has claimed."""
    wall_seconds: float = 0
    traffic: Traffic = msgspec.field(default_factory=Traffic)
    failing: list[FailingTest] = []
    slowest: list[SlowSpec] = []
    """Slowest first."""
    errors: list[str] = []
    """Why instances could not be fetched, or not as a whole."""

    def add(self, result: InstanceResult) -> None:
        """Count one result."""
        self.specs += 1
        if result.error is not None:
            self.errors.append(one_line(str(result.error)))
        elif result.instance is None:
            self.unclaimed += 1
        else:
            self._add_instance(result.instance, result.spec)
        if result.spec is not None:
            self._add_duration(result.spec)

    def _add_instance(self, instance: Instance, spec: RunSpec | None = None) -> None:
        for failure in failures_of([instance], specs=[spec] if spec is not None else ()):
            if failure.test.is_file:
                self.failing.append(FailingTest(failure.test.spec, "", failure.test.error))
        for test in instance.tests:
            self._add_test(instance, test)
        missing = unlisted(
            instance.tests, [instance.results, None if spec is None else spec.results]
        )
        self.tests += missing.tests
        self.failed += missing.failures
        if missing.tests:
            reason = f"tests that the server counts and does not list: {missing.tests}"
            self.errors.append(f"{instance.spec}: {reason}")

    def _add_test(self, instance: Instance, test: InstanceTest) -> None:
        self.tests += 1
        self.flaky += test.is_flaky
        match test.state:
            case Outcome.PASSED:
                self.passed += 1
            case Outcome.PENDING:
                self.pending += 1
            case Outcome.SKIPPED:
                self.skipped += 1
            case _:
                pass
        if test.failed:
            self.failed += 1
            reason = test.error.first_line if test.error is not None else ""
            self.failing.append(FailingTest(instance.spec, test.full_title, reason))

    def _add_duration(self, spec: RunSpec) -> None:
        stats = spec.results.stats if spec.results is not None else None
        duration = stats.duration_ms if stats is not None else None
        if duration is not None:
            self.slowest = heapq.nlargest(_SLOWEST, [*self.slowest, SlowSpec(duration, spec.spec)])

    def show(self, *, as_json: bool) -> int:
        """Print it, as one JSON object on one line or as tables; return the exit code."""
        if as_json:
            machine_stdout().write(safe_json(msgspec.json.encode(self)) + "\n")
        else:
            console("auto").print(Group(*_tables(self)))
        return _exit.PARTIAL if self.errors else _exit.OK


def _tables(report: Report) -> Iterator[Table]:
    """Go over the counts, the failing tests, the slowest specs, and what is missing."""
    yield _summary(report)
    if report.failing:
        yield _failing(report)
    if report.slowest:
        yield _slowest(report)
    if report.errors:
        yield _errors(report)


def _summary(report: Report) -> Table:
    title = Text(f"Run {report.run_id}", style="table.title")
    table = Table(title=title, title_justify="left", show_header=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    for name, value in (
        ("specs", f"{report.specs:,}"),
        ("tests", f"{report.tests:,}"),
        ("passed", f"{report.passed:,}"),
        ("failed", f"{report.failed:,}"),
        ("flaky", f"{report.flaky:,}"),
        ("pending", f"{report.pending:,}"),
        ("skipped", f"{report.skipped:,}"),
        ("wall time", f"{report.wall_seconds:.2f} s"),
        ("on the wire", decimal(report.traffic.wire_bytes)),
        ("requests", f"{report.traffic.requests:,}"),
    ):
        table.add_row(name, value)
    return table


def _failing(report: Report) -> Table:
    table = Table("spec", "test", "error", title="Failing tests", title_justify="left")
    for test in report.failing[:_MAX_LINES]:
        table.add_row(_line(test.spec), _line(test.title), _line(test.error))
    if len(report.failing) > _MAX_LINES:
        table.caption = f"and {len(report.failing) - _MAX_LINES:,} more"
    return table


def _slowest(report: Report) -> Table:
    table = Table("spec", "seconds", title="Slowest specs", title_justify="left")
    table.columns[1].justify = "right"
    for slow in report.slowest:
        table.add_row(_line(slow.spec), f"{slow.duration_ms / 1000:.1f}")
    return table


def _errors(report: Report) -> Table:
    table = Table("error", title="Missing", title_justify="left")
    for error in report.errors[:_MAX_LINES]:
        table.add_row(_line(error))
    if len(report.errors) > _MAX_LINES:
        table.caption = f"and {len(report.errors) - _MAX_LINES:,} more"
    return table


def _line(text: str) -> Text:
    return Text(one_line(text), overflow="ellipsis", no_wrap=True)
