"""Results of one test: the responses of GET /test-results/{signature}.

Source: `docs/api/operations.md`, "Spec files, tests, results, errors".
"""

from currents_async.models._model import Model, Timestamp
from currents_async.models.annotations import HasAnnotations
from currents_async.models.common import Commit, Outcome
from currents_async.models.dashboard import test_url
from currents_async.models.instances import AttemptError, InstanceFramework

__all__ = ["ResultAttempt", "TestResult"]


class ResultAttempt(Model, frozen=True, gc=False, kw_only=True):
    """One attempt at a test."""

    attempt_id: str | None = None
    state: Outcome | None = None
    error: AttemptError | None = None
    started_at: Timestamp | None = None
    duration: float | None = None
    """Milliseconds."""


class TestResult(HasAnnotations, frozen=True, gc=False, kw_only=True):
    """One execution of a test, with all its attempts."""

    __test__ = False  # pytest would take a class called Test… for tests

    cursor: str | None = None
    """Its position in the list."""
    signature: str | None = None
    framework: InstanceFramework | str | None = None
    created_at: Timestamp | None = None
    project_id: str | None = None
    group_id: str | None = None
    run_id: str | None = None
    instance_id: str | None = None
    spec: str = ""
    """The path of the spec file."""
    machine_id: str | None = None
    tags: tuple[str, ...] = ()
    title: tuple[str, ...] = ()
    """The titles of the suites around the test, then its own."""
    test_id: str = ""
    display_error: str | None = None
    commit: Commit | None = None
    duration: float | None = None
    """Milliseconds, all attempts together."""
    flaky: bool = False
    expected_status: Outcome | None = None
    """Playwright only."""
    status: Outcome | None = None
    attempts: tuple[ResultAttempt, ...] = ()

    @property
    def url(self) -> str | None:
        """The page of the test on the dashboard of Currents; on another, `dashboard_url`."""
        return test_url(self.instance_id, self.test_id)

    @property
    def full_title(self) -> str:
        """The title in one line, outermost suite first."""
        return " > ".join(self.title)

    @property
    def failed(self) -> bool:
        """Whether the last attempt failed."""
        return self.status == Outcome.FAILED

    @property
    def error(self) -> AttemptError | None:
        """The error of the last attempt that has one."""
        return next((attempt.error for attempt in reversed(self.attempts) if attempt.error), None)

    def _label(self) -> str:
        return f"{self.status} {self.full_title}"
