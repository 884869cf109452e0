"""The parts of a heat map: its columns, and its rows from what each test did in each of them."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Literal, NamedTuple, get_args

from currents_async._checks import check_choice, check_int
from currents_async.models._model import Model
from currents_async.models.common import Outcome
from currents_async.models.dashboard import run_url, test_url

HeatMapSpan = Literal["runs", "days"]
"""What a column of a heat map stands for."""

_FIRST = datetime.min.replace(tzinfo=UTC)
_DAY = timedelta(days=1)
_WORST_FIRST = ("failed", "flaky", "passed", "skipped")
"""The counters of a cell."""


class HeatMapColumn(Model, frozen=True, gc=False, kw_only=True):
    """A run, or all runs of a day."""

    day: date | None = None
    """The day on which it began, in UTC; None if that is unknown."""
    run_id: str | None = None
    """None for a day."""
    started_at: datetime | None = None
    """When the run began; None for a day."""
    branch: str | None = None
    """The branch of the run; None for a day."""

    @property
    def url(self) -> str | None:
        """The page of the run on the dashboard of Currents."""
        return None if self.run_id is None else run_url(self.run_id)


class HeatMapCell(Model, frozen=True, gc=False, kw_only=True):
    """How a test ended in a run or on a day. The counters do not overlap."""

    failed: int = 0
    flaky: int = 0
    """Passed only after a failed attempt."""
    passed: int = 0
    """Passed, and not flaky."""
    skipped: int = 0
    """Skipped on purpose, interrupted, or never reached."""
    url: str | None = None
    """The page of one of the worst executions on the dashboard of Currents."""

    @property
    def judged(self) -> int:
        """How many executions passed or failed."""
        return self.failed + self.flaky + self.passed

    @property
    def unstable(self) -> int:
        """How many executions failed or were flaky."""
        return self.failed + self.flaky


class HeatMapRow(Model, frozen=True, gc=False, kw_only=True):
    """A test, in all groups together."""

    project_id: str = ""
    """Empty if it is unknown."""
    spec: str = ""
    """The path of the spec file."""
    title: tuple[str, ...] = ()
    """The titles of the suites around the test, then its own."""
    signature: str | None = None
    """Only test results have one."""
    test_ids: tuple[str, ...] = ()
    """The test's IDs in its framework, of which each group may have its own."""
    cells: tuple[HeatMapCell | None, ...] = ()
    """A cell for each column; None where the test neither ran nor was skipped."""

    @property
    def total(self) -> HeatMapCell:
        """The executions in all columns."""
        cells = [cell for cell in self.cells if cell is not None]
        return HeatMapCell(
            failed=sum(cell.failed for cell in cells),
            flaky=sum(cell.flaky for cell in cells),
            passed=sum(cell.passed for cell in cells),
            skipped=sum(cell.skipped for cell in cells),
        )


class Columns(NamedTuple):
    """The columns of a heat map."""

    span: HeatMapSpan
    shown: Sequence[HeatMapColumn]
    earlier: int
    """How many are older than those."""


class Tally(NamedTuple):
    """Executions of a test that ended alike, in one column."""

    column: str | date | None
    """See `key_of`."""
    project_id: str
    spec: str
    title: tuple[str, ...]
    state: str | None
    is_flaky: bool
    instance_id: str | None
    test_id: str
    signature: str | None = None
    executions: int = 1


def key_of(column: HeatMapColumn, span: HeatMapSpan) -> str | date | None:
    """Return what distinguishes a column."""
    return column.run_id if span == "runs" else column.day


def choose_columns(runs: Iterable[HeatMapColumn], span: HeatMapSpan, max_columns: int) -> Columns:
    """Return the newest of some runs, or their newest days."""
    check_choice("span", span, get_args(HeatMapSpan))
    check_int("max_columns", max_columns)
    if span == "days":
        days = {run.day for run in runs}
        shown = [HeatMapColumn(day=day) for day in _newest_days(days, max_columns)]
        return Columns(span, shown, len(days - {column.day for column in shown}))
    ordered = sorted(
        runs, key=lambda run: (run.started_at or _FIRST, run.run_id or ""), reverse=True
    )
    return Columns(span, ordered[:max_columns], len(ordered[max_columns:]))


def _newest_days(days: Iterable[date | None], max_days: int) -> list[date | None]:
    """Return the days from the last back to the first, and then the unknown one."""
    known = [day for day in days if day is not None]
    shown: list[date | None] = []
    if known:
        last = max(known)
        number = min((last - min(known)).days + 1, max_days)
        shown += [last - _DAY * ago for ago in range(number)]
    if len(known) < len({*days}):
        shown.append(None)
    return shown[:max_days]


class Rows(NamedTuple):
    """The rows of a heat map."""

    unstable: list[HeatMapRow]
    """Tests that failed or were flaky, the worst first."""
    tests: int
    """How many tests ran or were skipped."""


def rows_of(columns: Columns, tallies: Iterable[Tally]) -> Rows:
    """Make the rows of the tests that did something in the columns."""
    places = {key_of(one, columns.span): place for place, one in enumerate(columns.shown)}
    found: dict[Hashable, _Executions] = {}
    for tally in tallies:
        outcome = _outcome(tally)
        if outcome is not None and tally.column in places:
            key = tally.project_id, tally.signature or (tally.spec, tally.title)
            if key not in found:
                found[key] = _Executions()
            found[key].add(places[tally.column], outcome, tally)
    rows = [one.row(len(places)) for one in found.values() if one.is_unstable]
    return Rows(sorted(rows, key=_rank), len(found))


class _Executions:
    """The executions of a test."""

    is_unstable = False

    def __init__(self) -> None:
        self._by_place: defaultdict[int, defaultdict[str, list[Tally]]] = defaultdict(
            lambda: defaultdict(list)
        )

    def add(self, place: int, outcome: str, tally: Tally) -> None:
        self._by_place[place][outcome].append(tally)
        self.is_unstable = self.is_unstable or outcome in {"failed", "flaky"}

    def row(self, width: int) -> HeatMapRow:
        tallies = [
            one for ended in self._by_place.values() for ones in ended.values() for one in ones
        ]
        ids = dict.fromkeys(one.test_id for one in tallies if one.test_id)
        return HeatMapRow(
            project_id=tallies[-1].project_id,
            spec=tallies[-1].spec,
            title=tallies[-1].title,
            signature=tallies[-1].signature,
            test_ids=tuple(ids),
            cells=tuple(_cell(self._by_place.get(place)) for place in range(width)),
        )


def _cell(ended: dict[str, list[Tally]] | None) -> HeatMapCell | None:
    if ended is None:
        return None
    counts = {outcome: sum(one.executions for one in ones) for outcome, ones in ended.items()}
    worst = next(ended[outcome][-1] for outcome in _WORST_FIRST if outcome in ended)
    return HeatMapCell(url=test_url(worst.instance_id, worst.test_id), **counts)


def _outcome(tally: Tally) -> str | None:
    """Return the counter of a cell; None if the test has not ended, or of a newer outcome."""
    match tally.state:
        case Outcome.PASSED:
            return "flaky" if tally.is_flaky else "passed"
        case Outcome.FAILED:
            return "failed"
        case Outcome.PENDING | Outcome.SKIPPED:
            return "skipped"
        case _:
            return None


def _rank(row: HeatMapRow) -> tuple[object, ...]:
    total = row.total
    return -total.unstable, total.judged, row.project_id, row.spec, row.title
