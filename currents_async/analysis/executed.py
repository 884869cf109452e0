"""Tests as a run left them, in one form for instances and test results."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from msgspec.structs import replace

from currents_async.models._model import Model
from currents_async.models.common import Outcome
from currents_async.models.dashboard import instance_url, test_url
from currents_async.models.instances import Attempt, AttemptError, Instance, InstanceTest
from currents_async.models.runs import RunSpec
from currents_async.models.test_results import ResultAttempt, TestResult


class ExecutedTest(Model, frozen=True, gc=False, kw_only=True):
    """A test as one run left it, or a spec file as a whole: see `is_file`."""

    spec: str = ""
    """The path of the spec file."""
    title: tuple[str, ...] = ()
    """The titles of the suites around the test, then its own; empty for a spec file."""
    group_id: str | None = None
    signature: str | None = None
    """Identifies the test in all runs; None if unknown, as instances do not have it."""
    test_id: str = ""
    instance_id: str | None = None
    run_id: str | None = None
    state: Outcome | None = None
    is_flaky: bool = False
    """Whether it passed only after a failed attempt."""
    attempts: int = 0
    duration_ms: int | None = None
    """Milliseconds of all attempts, and in instances of the time between them; None if unknown."""
    error: str = ""
    """The first line of the last error; empty without one."""
    owners: tuple[str, ...] = ()
    """The people or teams that own it, by its annotations; none for a spec file."""
    is_file: bool = False
    """Whether this is a spec file. It failed if it threw by itself, whatever its tests did, or if
    the server counts failures in it that it does not list."""

    @property
    def full_title(self) -> str:
        """The title in one line, outermost suite first; the path of a spec file."""
        return self.spec if self.is_file else " > ".join(self.title)

    @property
    def url(self) -> str | None:
        """The page on the dashboard of Currents; on another, `dashboard_url`. None without IDs."""
        if not self.is_file:
            return test_url(self.instance_id, self.test_id)
        return instance_url(self.instance_id) if self.instance_id else None

    @property
    def passed(self) -> bool:
        """Whether the last attempt passed."""
        return self.state == Outcome.PASSED

    @property
    def failed(self) -> bool:
        """Whether the last attempt failed, or the spec file as a whole."""
        return self.state == Outcome.FAILED

    def _label(self) -> str:
        return f"{self.state} {self.full_title}"


def executed_tests(instances: Iterable[Instance]) -> list[ExecutedTest]:
    """List the tests of instances, including skipped ones."""
    return [executed_test(instance, test) for instance in instances for test in instance.tests]


def executed_results(results: Iterable[TestResult]) -> list[ExecutedTest]:
    """List the tests of test results, which have signatures."""
    return [
        ExecutedTest(
            spec=result.spec,
            title=result.title,
            group_id=result.group_id,
            signature=result.signature,
            test_id=result.test_id,
            instance_id=result.instance_id,
            run_id=result.run_id,
            state=result.status,
            is_flaky=result.flaky,
            attempts=len(result.attempts),
            duration_ms=None if result.duration is None else round(result.duration),
            error=first_line(result.attempts, result.display_error),
            owners=result.owners,
        )
        for result in results
    ]


def executed_test(instance: Instance, test: InstanceTest) -> ExecutedTest:
    """Describe a test of an instance."""
    return ExecutedTest(
        spec=instance.spec,
        title=test.title,
        group_id=instance.group_id,
        test_id=test.test_id,
        instance_id=instance.instance_id,
        run_id=instance.run_id,
        state=test.state,
        is_flaky=test.is_flaky,
        attempts=len(test.attempts),
        duration_ms=test.duration,
        error=first_line(test.attempts, test.display_error),
        owners=test.owners,
    )


def as_listed(instance: Instance, spec: RunSpec | None) -> Instance:
    """Return an instance whose spec and group, if missing, are those that its run lists."""
    if spec is None or (instance.spec and instance.group_id is not None):
        return instance
    return replace(
        instance,
        spec=instance.spec or spec.spec,
        group_id=spec.group_id if instance.group_id is None else instance.group_id,
    )


class _File(Protocol):
    @property
    def spec(self) -> str: ...
    @property
    def group_id(self) -> str | None: ...
    @property
    def instance_id(self) -> str | None: ...


def executed_file(
    file: _File, *, run_id: str | None, failure: str | None = None, is_flaky: bool = False
) -> ExecutedTest:
    """Describe a spec file as a whole; `failure` is why it counts as failed, if it does."""
    return ExecutedTest(
        spec=file.spec,
        group_id=file.group_id,
        instance_id=file.instance_id,
        run_id=run_id,
        state=Outcome.PASSED if failure is None else Outcome.FAILED,
        is_flaky=is_flaky,
        error=first_line((), failure),
        is_file=True,
    )


def failure_of_file(exceptions: Iterable[str | None], unlisted_failures: int) -> str | None:
    """Return why a spec file counts as failed, whatever its tests did; None if it does not."""
    thrown = next((one for one in exceptions if one is not None), None)
    if thrown is not None or not unlisted_failures:
        return thrown
    return f"failed tests that the server counts and does not list: {unlisted_failures}"


def first_line(attempts: Sequence[Attempt | ResultAttempt], displayed: str | None) -> str:
    """Return the first line of the last error of a test, or else of what is shown of it."""
    for attempt in reversed(attempts):
        if attempt.error is not None:
            return attempt.error.first_line
    return "" if displayed is None else AttemptError(message=displayed).first_line
