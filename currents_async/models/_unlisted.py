"""Tests that a response counts, but does not list."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from currents_async.models.common import Stats


class Unlisted(NamedTuple):
    """How many tests the server counts beyond those that it lists."""

    tests: int = 0
    failures: int = 0
    """Tests that failed."""
    flaky: int = 0

    @property
    def has_none(self) -> bool:
        """Whether all tests and all failures that are counted are listed too."""
        return self.tests == self.failures == 0


class _Report(Protocol):
    @property
    def stats(self) -> Stats | None: ...
    @property
    def flaky(self) -> int: ...


class _Test(Protocol):
    @property
    def failed(self) -> bool: ...
    @property
    def is_flaky(self) -> bool: ...


def unlisted(tests: Sequence[_Test], reports: Iterable[_Report | None]) -> Unlisted:
    """Compare a list of tests with the counters of each report about them."""
    there = [report for report in reports if report is not None]
    stats = [report.stats for report in there if report.stats is not None]
    flaky = [report.flaky for report in there] + [one.flaky for one in stats]
    return Unlisted(
        tests=_beyond(len(tests), (one.total for one in stats)),
        failures=_beyond(sum(test.failed for test in tests), (one.failures for one in stats)),
        flaky=_beyond(sum(test.is_flaky for test in tests), flaky),
    )


def _beyond(listed: int, counted: Iterable[int]) -> int:
    return max(0, max(counted, default=0) - listed)
