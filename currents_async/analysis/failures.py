"""Failures and flaky tests, with everything that helps to find their causes."""

from collections.abc import Iterable, Iterator

from currents_async.analysis.artifacts import Artifact, artifacts_by_test
from currents_async.analysis.executed import (
    ExecutedTest,
    as_listed,
    executed_file,
    executed_test,
    failure_of_file,
)
from currents_async.models._model import Model
from currents_async.models._unlisted import unlisted
from currents_async.models.instances import Attempt, AttemptError, Instance
from currents_async.models.runs import Run, RunSpec, SpecReport


class Failure(Model, frozen=True, gc=False, kw_only=True):
    """A failed test, or a failed spec file, whose `test.is_file` is true."""

    test: ExecutedTest
    """Its spec, group, title and instance, and the first line of the error."""
    error: AttemptError | None = None
    """The error of the last attempt that has one, or why the spec file failed."""
    attempts: tuple[Attempt, ...] = ()
    """Empty for a spec file."""
    artifacts: tuple[Artifact, ...] = ()
    """Those of all attempts, then those of the whole file, of which Cypress has a video.

    Each response has newly signed URLs, which contain their own expiry.
    """

    def _label(self) -> str:
        return f"{self.test.spec} {self.test.full_title}: {self.test.error}"


class FlakyTest(Model, frozen=True, gc=False, kw_only=True):
    """A test that passed only after a failed attempt."""

    test: ExecutedTest
    """Its spec, group, title and instance, and the first line of the last error."""
    attempts: tuple[Attempt, ...] = ()
    errors: tuple[AttemptError, ...] = ()
    """Those of the failed attempts, in order."""
    artifacts: tuple[Artifact, ...] = ()
    """Those of all attempts, then those of the whole file, of which Cypress has a video.

    Each response has newly signed URLs, which contain their own expiry.
    """

    def _label(self) -> str:
        return f"{self.test.spec} {self.test.full_title}: {self.test.error}"


def failures_of(instances: Iterable[Instance], *, specs: Iterable[RunSpec] = ()) -> list[Failure]:
    """List failed tests and failed spec files, in the order of the instances.

    A spec file failed as a whole if it threw, or if the server counts failures that it does not
    list. It comes before its failed tests, if any. Pass the `specs` of the run to include their
    counts; failed specs without an instance come last.
    """
    rest = {spec.instance_id or id(spec): spec for spec in specs}
    found = [
        failure
        for instance in instances
        for failure in _failures_in(instance, rest.pop(instance.instance_id, None))
    ]
    return found + [_failure_of_spec(spec) for spec in rest.values() if spec.failed]


def unlisted_failures(run: Run, listed: int) -> list[Failure]:
    """Describe a run that failed in spec files beyond those that are listed, if it did."""
    beyond = run.unlisted_specs(listed)
    if not (run.failed and beyond):
        return []
    failure = f"spec files that the server counts and does not list: {beyond}"
    test = executed_file(RunSpec(), run_id=run.run_id, failure=failure)
    return [Failure(test=test, error=AttemptError(message=failure))]


def _failures_in(instance: Instance, spec: RunSpec | None) -> Iterator[Failure]:
    instance = as_listed(instance, spec)
    reports = [instance.results, None if spec is None else spec.results]
    missing = unlisted(instance.tests, reports)
    failure = failure_of_file((one.exception for one in reports if one), missing.failures)
    failed = [test for test in instance.tests if test.failed]
    if failure is None and not failed:
        return
    artifacts = artifacts_by_test(instance)
    of_file = artifacts.pop(None, [])
    if failure is not None:
        yield Failure(
            test=executed_file(instance, run_id=instance.run_id, failure=failure),
            error=AttemptError(message=failure),
            artifacts=tuple(of_file),
        )
    for test in failed:
        yield Failure(
            test=executed_test(instance, test),
            error=test.error,
            attempts=test.attempts,
            artifacts=(*artifacts.get(test.test_id, ()), *of_file),
        )


def _failure_of_spec(spec: RunSpec) -> Failure:
    report = spec.results or SpecReport()
    counted = 0 if report.stats is None else report.stats.failures
    failure = failure_of_file([report.exception], counted)
    return Failure(
        test=executed_file(spec, run_id=None, failure=failure),
        error=AttemptError(message=failure),
    )


def flaky_tests_of(
    instances: Iterable[Instance], *, specs: Iterable[RunSpec] = ()
) -> list[FlakyTest]:
    """List flaky tests, in the order of the instances.

    If the server counts flaky tests that it does not list, their spec file comes before those that
    it lists, with `FlakyTest.test.is_file` true. Pass the `specs` of the run to include their
    counts.
    """
    counted = {spec.instance_id: spec.results for spec in specs}
    return [
        flaky
        for instance in instances
        for flaky in _flaky_tests_in(instance, counted.get(instance.instance_id))
    ]


def _flaky_tests_in(instance: Instance, listed: SpecReport | None) -> Iterator[FlakyTest]:
    flaky = [test for test in instance.tests if test.is_flaky]
    missing = unlisted(instance.tests, [instance.results, listed]).flaky
    if not flaky and not missing:
        return
    artifacts = artifacts_by_test(instance)
    of_file = artifacts.pop(None, [])
    if missing:
        yield FlakyTest(
            test=executed_file(instance, run_id=instance.run_id, is_flaky=True),
            artifacts=tuple(of_file),
        )
    for test in flaky:
        yield FlakyTest(
            test=executed_test(instance, test),
            attempts=test.attempts,
            errors=tuple(attempt.error for attempt in test.attempts if attempt.error),
            artifacts=(*artifacts.get(test.test_id, ()), *of_file),
        )
