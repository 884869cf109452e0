"""Flaky tests, and the errors of their failed attempts."""

from collections.abc import Iterable, Iterator

from currents_async.analysis.artifacts import Artifact, artifacts_by_test
from currents_async.analysis.executed import ExecutedTest, executed_file, executed_test
from currents_async.models._model import Model
from currents_async.models._unlisted import unlisted
from currents_async.models.instances import Attempt, AttemptError, Instance
from currents_async.models.runs import RunSpec, SpecReport


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
