"""A run with all its instances, and what its tests come to: what reports are made from."""

from collections.abc import Iterable
from typing import Self

from currents_async.analysis.executed import ExecutedTest, as_listed, executed_tests
from currents_async.analysis.failures import (
    Failure,
    FlakyTest,
    failures_of,
    flaky_tests_of,
    unlisted_failures,
)
from currents_async.analysis.run_results import RunResults
from currents_async.arrow._tables import Tabular
from currents_async.models._model import Model
from currents_async.models._unlisted import Unlisted, unlisted
from currents_async.models.common import Outcome
from currents_async.models.instances import Instance
from currents_async.models.runs import Run, RunSpec


class Execution(Model, frozen=True, gc=False, kw_only=True):
    """A spec file of a run, with its instance."""

    spec: RunSpec
    instance: Instance | None = None
    """None while no machine has claimed the file, or if the instance could not be fetched."""
    error: str = ""
    """Why the instance could not be fetched; empty if it could."""

    @property
    def unlisted(self) -> Unlisted:
        """How many tests the server counts beyond those that the instance lists."""
        if self.instance is None:
            return unlisted((), [self.spec.results])
        return unlisted(self.instance.tests, [self.instance.results, self.spec.results])

    @property
    def incomplete(self) -> str:
        """What is missing, in words; empty if nothing is, or if no machine has claimed the file."""
        if self.error:
            return f"{self.spec.spec}: {self.error}"
        beyond = self.unlisted.tests if self.instance is not None else 0
        return (
            f"{self.spec.spec}: tests that the server counts and does not list: {beyond}"
            if beyond
            else ""
        )


class RunCounts(Model, frozen=True, gc=False, kw_only=True):
    """What the tests of a run came to. The counters do not overlap, except for `flaky`."""

    specs: int = 0
    tests: int = 0
    passed: int = 0
    failed: int = 0
    flaky: int = 0
    """Passed after a failed attempt; also counted in `passed`."""
    pending: int = 0
    """Skipped on purpose."""
    skipped: int = 0
    """Interrupted, or never run."""
    unlisted: int = 0
    """Tests that the server counts and does not list; only counted in `tests`, or as failed."""
    missing: int = 0
    """Spec files whose instance could not be fetched."""
    unclaimed: int = 0
    """Spec files that no machine has claimed."""


class RunDetails(Tabular, frozen=True, gc=False, kw_only=True):
    """A run with the instances of its spec files, in the order of the run.

    As a table of Arrow it has a row for each test, an `ExecutedTest`. `export.tables_of` makes all
    tables of an export of it.
    """

    run: Run
    executions: tuple[Execution, ...] = ()

    @classmethod
    def of(
        cls, run: Run, instances: Iterable[Instance], *, specs: Iterable[RunSpec] | None = None
    ) -> Self:
        """Join a run and its instances by their IDs.

        Pass the `specs` if the run lacks them, as that of `runs.instances` does. Instances that no
        spec file names come last.
        """
        by_id = {instance.instance_id: instance for instance in instances}
        listed = [
            _execution(spec, by_id.pop(spec.instance_id or "", None))
            for spec in (run.specs if specs is None else specs)
        ]
        return cls(run=run, executions=(*listed, *map(_unlisted_execution, by_id.values())))

    @property
    def instances(self) -> list[Instance]:
        """The instances that there are."""
        return [one.instance for one in self.executions if one.instance is not None]

    @property
    def specs(self) -> list[RunSpec]:
        """The spec files."""
        return [one.spec for one in self.executions]

    def results(self) -> RunResults:
        """Return the results file by file, as `diff_runs` compares them."""
        return RunResults.of(self.run, self.instances, specs=self.specs)

    def failures(self) -> list[Failure]:
        """List what failed as `failures_of` does, and last what the run only counts."""
        found = failures_of(self.instances, specs=self.specs)
        return [*found, *unlisted_failures(self.run, len(self.executions))]

    def flaky_tests(self) -> list[FlakyTest]:
        """List the flaky tests: see `flaky_tests_of`."""
        return flaky_tests_of(self.instances, specs=self.specs)

    def _rows(self) -> tuple[type[Model], Iterable[Model]]:
        return ExecutedTest, executed_tests(self.instances)

    def counts(self) -> RunCounts:
        """Count the tests by how they ended."""
        states = [test.state for one in self.instances for test in one.tests]
        beyond = [one.unlisted for one in self.executions]
        return RunCounts(
            specs=len(self.executions),
            tests=len(states) + sum(one.tests for one in beyond),
            passed=states.count(Outcome.PASSED),
            failed=states.count(Outcome.FAILED) + sum(one.failures for one in beyond),
            flaky=sum(test.is_flaky for one in self.instances for test in one.tests)
            + sum(one.flaky for one in beyond),
            pending=states.count(Outcome.PENDING),
            skipped=states.count(Outcome.SKIPPED),
            unlisted=sum(one.tests for one in beyond),
            missing=sum(bool(one.error) for one in self.executions),
            unclaimed=sum(one.instance is None and not one.error for one in self.executions),
        )


def _execution(spec: RunSpec, instance: Instance | None) -> Execution:
    return Execution(spec=spec, instance=None if instance is None else as_listed(instance, spec))


def _unlisted_execution(instance: Instance) -> Execution:
    spec = RunSpec(
        spec=instance.spec,
        group_id=instance.group_id,
        instance_id=instance.instance_id,
        machine_id=instance.machine_id,
    )
    return Execution(spec=spec, instance=instance)
