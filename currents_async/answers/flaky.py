"""What passed only after a failed attempt, and why it had failed."""

from collections.abc import Iterable, Iterator

from currents_async.answers.artifacts import Artifact, artifacts_by_test
from currents_async.answers.executed import ExecutedTest, executed_test
from currents_async.models._model import Model
from currents_async.models.instances import Attempt, AttemptError, Instance

__all__ = ["FlakyTest", "flaky_tests_of"]


class FlakyTest(Model, frozen=True, gc=False, kw_only=True):
    """A test that passed only after a failed attempt."""

    test: ExecutedTest
    """Which one: its spec, group, title and instance, and the first line of the last error."""
    attempts: tuple[Attempt, ...] = ()
    errors: tuple[AttemptError, ...] = ()
    """Those of the failed attempts, the first one first."""
    artifacts: tuple[Artifact, ...] = ()
    """Of all attempts, and then of the whole file: Cypress has a video of that.

    The URLs are good for 2 hours after the answer that they came in.
    """


def flaky_tests_of(instances: Iterable[Instance]) -> list[FlakyTest]:
    """List the tests that were flaky, in the order of the instances."""
    return [flaky for instance in instances for flaky in _flaky_tests_in(instance)]


def _flaky_tests_in(instance: Instance) -> Iterator[FlakyTest]:
    flaky = [test for test in instance.tests if test.is_flaky]
    if not flaky:
        return
    artifacts = artifacts_by_test(instance)
    of_file = artifacts.pop(None, [])
    for test in flaky:
        yield FlakyTest(
            test=executed_test(instance, test),
            attempts=test.attempts,
            errors=tuple(attempt.error for attempt in test.attempts if attempt.error),
            artifacts=(*artifacts.get(test.test_id, ()), *of_file),
        )
