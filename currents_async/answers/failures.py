"""What failed, with everything that helps to find out why."""

from collections.abc import Iterable, Iterator

from currents_async.answers.artifacts import Artifact, artifacts_by_test
from currents_async.answers.executed import ExecutedTest, executed_file, executed_test
from currents_async.models._model import Model
from currents_async.models.instances import Attempt, AttemptError, Instance

__all__ = ["Failure", "failures_of"]


class Failure(Model, frozen=True, gc=False, kw_only=True):
    """A test that failed, or a spec file that threw: then `test.is_file` says so."""

    test: ExecutedTest
    """Which one: its spec, group, title and instance, and the first line of the error."""
    error: AttemptError | None = None
    """The error of the last attempt that has one; the exception of a spec file."""
    attempts: tuple[Attempt, ...] = ()
    """None for a spec file."""
    artifacts: tuple[Artifact, ...] = ()
    """Of all attempts, and then of the whole file: Cypress has a video of that.

    The URLs are good for 2 hours after the answer that they came in.
    """


def failures_of(instances: Iterable[Instance]) -> list[Failure]:
    """List the tests that failed and the spec files that threw, in the order of the instances.

    A spec file that threw comes before its tests, of which it may have none.
    """
    return [failure for instance in instances for failure in _failures_in(instance)]


def _failures_in(instance: Instance) -> Iterator[Failure]:
    if instance.results is None or not instance.failed:
        return
    artifacts = artifacts_by_test(instance)
    of_file = artifacts.pop(None, [])
    exception = instance.results.exception
    if exception is not None:
        yield Failure(
            test=executed_file(
                instance.spec,
                group_id=instance.group_id,
                instance_id=instance.instance_id,
                run_id=instance.run_id,
                exception=exception,
            ),
            error=AttemptError(message=exception),
            artifacts=tuple(of_file),
        )
    for test in instance.tests:
        if test.failed:
            yield Failure(
                test=executed_test(instance, test),
                error=test.error,
                attempts=test.attempts,
                artifacts=(*artifacts.get(test.test_id, ()), *of_file),
            )
