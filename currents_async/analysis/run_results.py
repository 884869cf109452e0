"""The results of one run, and which of its spec files lack them."""

from collections.abc import Iterable, Sequence
from typing import Self

from currents_async.analysis.executed import (
    ExecutedTest,
    as_listed,
    executed_results,
    executed_test,
    failure_of_file,
)
from currents_async.errors import InvalidArgumentError
from currents_async.models._model import Model
from currents_async.models._unlisted import unlisted
from currents_async.models.instances import Instance
from currents_async.models.runs import Run, RunSpec
from currents_async.models.test_results import TestResult


class FileResults(Model, frozen=True, gc=False, kw_only=True):
    """The results of one spec file in one run."""

    spec: str = ""
    """The path of the spec file."""
    group_id: str | None = None
    instance_id: str | None = None
    """None while no machine has claimed the file."""
    machine_id: str | None = None
    run_id: str
    is_complete: bool = False
    """Whether `tests` are all of the file's tests: not without results, not if the file threw, and
    not if the server counts more tests, or more failures, than it lists."""
    exception: str | None = None
    """The error that stopped the whole file, if any."""
    unlisted_failures: int = 0
    """How many more failures the server counts than are in `tests`."""
    tests: tuple[ExecutedTest, ...] = ()

    @property
    def failure(self) -> str | None:
        """Why the file as a whole counts as failed, whatever its tests did; None if it does not."""
        return failure_of_file([self.exception], self.unlisted_failures)


class RunResults(Model, frozen=True, gc=False, kw_only=True):
    """The results of one run, file by file: made by `of` or `of_test_results`.

    Both need all spec files of the run, to find those without results. Pass them as `specs` if
    `run` lacks them, as from `runs.instances` (each result has its spec) or from a list. They raise
    `InvalidArgumentError` without spec files, and for results of another run.
    """

    run_id: str
    ci_build_id: str | None = None
    is_complete: bool = False
    """Whether all spec files have reported and are listed; otherwise there may be more."""
    files: tuple[FileResults, ...] = ()

    @property
    def tests(self) -> list[ExecutedTest]:
        """All tests, in the order of the files."""
        return [test for file in self.files for test in file.tests]

    @property
    def incomplete(self) -> list[FileResults]:
        """The spec files that did not run to their end."""
        return [file for file in self.files if not file.is_complete]

    @classmethod
    def of(
        cls, run: Run, instances: Iterable[Instance], *, specs: Iterable[RunSpec] | None = None
    ) -> Self:
        """Make the results of a run from its instances, in their order."""
        listing = _Listing(run, specs)
        found = [
            _file_of_instance(instance, listing.take(instance), run.run_id)
            for instance in instances
        ]
        return cls._of(run, [*found, *listing.rest()], listing)

    @classmethod
    def of_test_results(
        cls, run: Run, results: Iterable[TestResult], *, specs: Iterable[RunSpec] | None = None
    ) -> Self:
        """Make the results of a run from test results, which have signatures.

        A file is incomplete if it has fewer results than the run counts tests in it.
        """
        listing = _Listing(run, specs)
        by_file: dict[tuple[str | None, ...], list[TestResult]] = {}
        for result in results:
            place = (result.instance_id, result.group_id, result.spec)
            by_file.setdefault(place, []).append(result)
        found = [
            _file_of_spec(listing.take(ones[0]), run.run_id, executed_results(ones))
            for ones in by_file.values()
        ]
        return cls._of(run, [*found, *listing.rest()], listing)

    @classmethod
    def _of(cls, run: Run, files: Iterable[FileResults], listing: "_Listing") -> Self:
        return cls(
            run_id=run.run_id,
            ci_build_id=None if run.meta is None else run.meta.ci_build_id,
            is_complete=run.is_complete and listing.has_all_specs,
            files=tuple(files),
        )


class _Listing:
    """The spec files of a run, each until its results have been found."""

    def __init__(self, run: Run, specs: Iterable[RunSpec] | None) -> None:
        self._run_id = run.run_id
        self._specs = run.specs if specs is None else tuple(specs)
        self._by_instance = {spec.instance_id: spec for spec in self._specs if spec.instance_id}
        self._taken: set[str] = set()
        lacking = run.unlisted_specs(len(self._specs))
        self.has_all_specs: bool = not lacking
        if specs is None and lacking and not self._specs:
            raise InvalidArgumentError(f"pass specs=: run {run.run_id} lacks its spec files")

    def take(self, found: Instance | TestResult) -> RunSpec:
        """Return the spec of an instance or a result; a made-up one if it is not listed."""
        if found.run_id not in {None, self._run_id}:
            raise InvalidArgumentError(
                f"instance {found.instance_id} is of run {found.run_id}, not of {self._run_id}"
            )
        made_up = RunSpec(spec=found.spec, group_id=found.group_id, instance_id=found.instance_id)
        if found.instance_id is None:
            return made_up
        self._taken.add(found.instance_id)
        return self._by_instance.get(found.instance_id, made_up)

    def rest(self) -> list[FileResults]:
        """Return the results that the run itself has of specs that have not been taken."""
        return [
            _file_of_spec(spec, self._run_id)
            for spec in self._specs
            if spec.instance_id not in self._taken
        ]


def _file_of_instance(instance: Instance, listed: RunSpec, run_id: str) -> FileResults:
    instance = as_listed(instance, listed)
    report = instance.results
    exception = None if report is None else report.exception
    # Documented Playwright instances lack the time of completion; their runs have it.
    has_ended = instance.completed_at is not None or listed.is_complete
    missing = unlisted(instance.tests, [report, listed.results])
    return FileResults(
        spec=instance.spec,
        group_id=instance.group_id,
        instance_id=instance.instance_id,
        machine_id=instance.machine_id or listed.machine_id,
        run_id=run_id,
        is_complete=report is not None and exception is None and has_ended and missing.has_none,
        exception=exception,
        unlisted_failures=missing.failures,
        tests=tuple(executed_test(instance, test) for test in instance.tests),
    )


def _file_of_spec(spec: RunSpec, run_id: str, tests: Sequence[ExecutedTest] = ()) -> FileResults:
    report = spec.results
    exception = None if report is None else report.exception
    has_stats = report is not None and report.stats is not None
    missing = unlisted(tests, [report])
    return FileResults(
        spec=spec.spec,
        group_id=spec.group_id,
        instance_id=spec.instance_id,
        machine_id=spec.machine_id,
        run_id=run_id,
        is_complete=spec.is_complete and exception is None and has_stats and missing.has_none,
        exception=exception,
        unlisted_failures=missing.failures,
        tests=tuple(tests),
    )
