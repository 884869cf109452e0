"""Changes of the health of tests, as bots and people are told of them."""

from collections.abc import Iterable
from typing import Literal

import msgspec

from currents_async._checks import check_int
from currents_async.arrow._tables import Tabular
from currents_async.models._model import Model, Timestamp
from currents_async.models.common import Outcome
from currents_async.models.dashboard import test_url

TestHealth = Literal["healthy", "flaky", "broken"]
"""How a test does, as its newest runs show."""
TestChangeKind = Literal["became_flaky", "broke", "recovered"]
"""What happened to a test: see `changes_of`."""


class ChangeRules(msgspec.Struct, frozen=True, kw_only=True):
    """How much evidence it takes to call a test flaky, broken or healthy again.

    Raises `InvalidArgumentError` for counts below 1, or below 2 for `broken_after`.
    """

    flaky_after: int = 1
    """How often a test must have been flaky since it last was healthy, by `recovered_after`: it
    passed after a failed attempt, or both passed and failed on the same commit."""
    broken_after: int = 3
    """In how many runs in a row it must have failed, with all attempts."""
    recovered_after: int = 5
    """In how many runs in a row it must have passed at the first attempt."""

    def __post_init__(self) -> None:
        check_int("ChangeRules.flaky_after", self.flaky_after)
        check_int("ChangeRules.broken_after", self.broken_after, min_value=2)
        check_int("ChangeRules.recovered_after", self.recovered_after)


class ChangeEvidence(Model, frozen=True, gc=False, kw_only=True):
    """What became of a test in one run: its result, the worst of several groups or browsers."""

    run_id: str | None = None
    instance_id: str | None = None
    test_id: str = ""
    created_at: Timestamp
    status: Outcome
    flaky: bool = False
    """Whether it passed after a failed attempt."""
    branch: str | None = None
    sha: str | None = None
    error: str = ""
    """The first line of the error, also of an attempt that failed before another passed."""

    @property
    def url(self) -> str | None:
        """The page of the test on the dashboard of Currents; on another, `dashboard_url`."""
        return test_url(self.instance_id, self.test_id)


class TestChange(Model, frozen=True, gc=False, kw_only=True):
    """A change of the health of a test."""

    __test__ = False  # pytest would collect a class with this name

    kind: TestChangeKind
    signature: str
    """Identifies the test: the first argument of `test_results.list`."""
    spec: str = ""
    """The path of the spec file."""
    title: tuple[str, ...] = ()
    """The titles of the suites around the test, then its own."""
    at: Timestamp
    """When the result was created that decided it."""
    was: TestHealth | None = None
    """None if the results that were looked at do not show it."""
    error: str = ""
    """The first line of the newest error, of a test that recovered too."""
    url: str | None = None
    """The page of the result that decided it, on the dashboard of Currents."""
    before: ChangeEvidence | None = None
    """The run before those that decided it."""
    after: tuple[ChangeEvidence, ...] = ()
    """The runs that decided it, the newest first."""

    @property
    def full_title(self) -> str:
        """The title in one line, outermost suite first."""
        return " > ".join(self.title)

    def _label(self) -> str:
        return f"{self.kind} {self.full_title}"


class MissingChanges(Model, frozen=True, gc=False, kw_only=True):
    """A test whose results could not be fetched."""

    signature: str
    error: str


class TestChanges(Tabular, frozen=True, gc=False, kw_only=True):
    """The changes of tests since a point in time.

    As a table of Arrow it has a row for each change.
    """

    __test__ = False  # pytest would collect a class with this name

    changes: tuple[TestChange, ...] = ()
    """In the order in which they happened."""
    until: Timestamp
    """The time at which the results were fetched."""
    resume_token: str
    """The argument `since` of the next call, as text to be kept: then no change is missed or told
    twice, even if results arrive late."""
    missing: tuple[MissingChanges, ...] = ()
    """The tests that could not be looked at; the resume token remembers to do so next time."""

    def _rows(self) -> tuple[type[Model], Iterable[Model]]:
        return TestChange, self.changes

    def _label(self) -> str:
        return f"{len(self.changes)} changes until {self.until:%Y-%m-%d %H:%M}"
