"""`run` and `demo`: fetch a run with all its instances, and report on them."""

import heapq
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated

import msgspec
from cyclopts import Parameter
from rich.console import Group
from rich.filesize import decimal
from rich.table import Column, Table
from rich.text import Text

import currents_async
from currents_async.analysis import failures_of
from currents_async.cli import _exit
from currents_async.cli._options import CONNECTION, Connection, Count, Flag, RunID
from currents_async.cli._output.tables import console
from currents_async.cli._progress import progress_bar
from currents_async.cli._streams import machine_stdout, one_line, safe_json
from currents_async.models import Instance, InstanceTest, Outcome, RunSpec
from currents_async.models._unlisted import unlisted

_SLOWEST = 5
_MAX_ROWS = 20

Concurrency = Annotated[Count, Parameter(help="Instances fetched at once.")]
AsJson = Annotated[Flag, Parameter(name="--json", help="Print one JSON object instead of tables.")]


async def run(
    run_id: RunID,
    /,
    *,
    concurrency: Concurrency = 16,
    as_json: AsJson = False,
    connection: Connection = CONNECTION,
) -> int:
    """Fetch a run and all its instances, and report on them."""
    limits = currents_async.Limits(concurrency=concurrency)
    async with connection.open(limits=limits) as currents:
        report = await _report_on(currents, run_id)
    return report.show(as_json=as_json)


async def demo(
    *,
    specs: Count = 400,
    seed: int = 1,
    concurrency: Concurrency = 16,
    as_json: AsJson = False,
) -> int:
    """Fetch a run and all its instances from a server in this process.

    Parameters
    ----------
    specs
        Spec files of the made-up run.
    seed
        Another number makes another run.

    """
    # Here, since --help does without a server.
    from currents_async.testing import FakeCurrents, World  # noqa: PLC0415

    world = World(seed=seed)
    made = world.project(name="Demo").run(specs=specs)
    limits = currents_async.Limits(concurrency=concurrency)
    async with (
        FakeCurrents(world) as server,
        currents_async.Currents(server.api_key, base_url=server.url, limits=limits) as currents,
    ):
        report = await _report_on(currents, made.run_id)
    return report.show(as_json=as_json)


async def _report_on(currents: "currents_async.Currents", run_id: RunID) -> "Report":
    report = Report(run_id)
    started = time.perf_counter()
    async with currents.runs.instances(run_id, on_error="collect") as results:
        with progress_bar("instances", currents) as advance:
            async for result in results:
                report.add(result)
                advance(report.specs, results.total, "")
    report.wall_seconds = time.perf_counter() - started
    report.traffic = currents.traffic
    return report


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
    """What a run came to: counted while its instances arrive, then printed."""

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
    traffic: "currents_async.Traffic" = msgspec.field(
        # Looked up when it is called, since --help does without aiohttp.
        default_factory=lambda: currents_async.Traffic()  # noqa: PLW0108
    )
    failing: list[FailingTest] = []
    slowest: list[SlowSpec] = []
    """Slowest first."""
    errors: list[str] = []
    """Why instances could not be fetched, or not as a whole."""

    def add(self, result: "currents_async.InstanceResult") -> None:
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
        self.passed += test.state == Outcome.PASSED
        self.pending += test.state == Outcome.PENDING
        self.skipped += test.state == Outcome.SKIPPED
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
            console("auto").print(Group(*self._tables()))
        return _exit.PARTIAL if self.errors else _exit.OK

    def _tables(self) -> Iterator[Table]:
        yield self._summary()
        if self.failing:
            failing = [
                (_line(one.spec), _line(one.title), _line(one.error)) for one in self.failing
            ]
            yield _table("Failing tests", ["spec", "test", "error"], failing)
        if self.slowest:
            slowest = [(_line(one.spec), f"{one.duration_ms / 1000:.1f}") for one in self.slowest]
            yield _table("Slowest specs", ["spec", Column("seconds", justify="right")], slowest)
        if self.errors:
            yield _table("Missing", ["error"], [(_line(error),) for error in self.errors])

    def _summary(self) -> Table:
        title = Text(f"Run {self.run_id}", style="table.title")
        table = Table(title=title, title_justify="left", show_header=False)
        table.add_column(style="bold")
        table.add_column(justify="right")
        for name in ("specs", "tests", "passed", "failed", "flaky", "pending", "skipped"):
            table.add_row(name, f"{getattr(self, name):,}")
        table.add_row("wall time", f"{self.wall_seconds:.2f} s")
        table.add_row("on the wire", decimal(self.traffic.wire_bytes))
        table.add_row("requests", f"{self.traffic.requests:,}")
        return table


def _table(
    title: str, columns: Iterable[Column | str], rows: Sequence[Iterable[Text | str]]
) -> Table:
    """Return a table of the first rows, which says how many more there are."""
    table = Table(*columns, title=title, title_justify="left")
    for row in rows[:_MAX_ROWS]:
        table.add_row(*row)
    if len(rows) > _MAX_ROWS:
        table.caption = f"and {len(rows) - _MAX_ROWS:,} more"
    return table


def _line(text: str) -> Text:
    return Text(one_line(text), overflow="ellipsis", no_wrap=True)
