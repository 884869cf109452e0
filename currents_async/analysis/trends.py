"""How runs and their tests went, by day and by branch."""

from datetime import date

from currents_async.models._model import Model


class TrendFigures(Model, frozen=True, gc=False, kw_only=True):
    """Figures of some runs: of a day, of a branch, or of both.

    What is None is not in the export, or not defined: there is no share of nothing.
    """

    runs: int = 0
    """Runs that began, whatever became of them."""
    complete: int = 0
    """Runs of which every spec file has reported: neither cancelled, timed out nor in progress."""
    passed: int = 0
    """Complete runs with the verdict passed."""
    duration_ms: float | None = None
    """The median of how long complete runs took."""
    judged_tests: int | None = None
    """Executions of tests that passed or failed; skipped ones count nowhere."""
    passed_tests: int | None = None
    """Executions of tests that passed, flaky or not."""
    flaky_tests: int | None = None
    """Executions of tests that passed only after a failed attempt."""
    retries: int | None = None
    """Attempts at tests that were followed by another one."""
    retries_ms: int | None = None
    """How long those took, on all machines together: all attempts but the last of each test.

    The last attempt is not counted because a test without retries has one too. An attempt of
    unknown duration counts as nothing.
    """

    @property
    def run_pass_rate(self) -> float | None:
        """The share of complete runs that passed, from 0 to 1."""
        return _share(self.passed, self.complete)

    @property
    def test_pass_rate(self) -> float | None:
        """The share of executions of tests that passed among those that passed or failed."""
        return _share(self.passed_tests, self.judged_tests)

    @property
    def flakiness_rate(self) -> float | None:
        """The share of executions of tests that were flaky among those that passed or failed."""
        return _share(self.flaky_tests, self.judged_tests)

    @property
    def retries_minutes(self) -> float | None:
        """`retries_ms` in minutes."""
        return None if self.retries_ms is None else self.retries_ms / 60_000


class BranchTrend(Model, frozen=True, gc=False, kw_only=True):
    """The figures of a branch, or of several together."""

    branch: str | None = None
    """None for runs without a branch, and for several branches."""
    days: tuple[TrendFigures | None, ...] = ()
    """The figures of each day; None if no run began on it."""
    total: TrendFigures = TrendFigures()
    """The figures of all days together."""


class Trends(Model, frozen=True, gc=False, kw_only=True):
    """Figures by day and branch. A run counts on the day on which it began, in UTC."""

    days: tuple[date, ...] = ()
    """All days from the first to the last with runs."""
    overall: BranchTrend = BranchTrend()
    """All branches together."""
    branches: tuple[BranchTrend, ...] = ()
    """The branches with most runs, the busiest first."""
    other: BranchTrend | None = None
    """The other branches together."""
    other_branches: int = 0
    """How many those are."""
    earlier_days: int = 0
    """How many days with runs are older than `days`, and count nowhere."""
    missing_tables: tuple[str, ...] = ()
    """Tables that the export lacks, and that some of the figures need."""
    only_failed: bool = False
    """Whether the export has only the tests of failed spec files, so that their rates are of
    those."""


def _share(part: int | None, whole: int | None) -> float | None:
    return part / whole if part is not None and whole else None
