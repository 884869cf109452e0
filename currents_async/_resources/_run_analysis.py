"""Questions about whole runs: what to fetch for them, and what of it to pass to `analysis`."""

import asyncio
from collections.abc import AsyncIterable, Callable, Iterable
from datetime import datetime
from typing import Protocol

from currents_async._error_words import in_words
from currents_async._fanout.plans import InstanceResult
from currents_async._fanout.pool import OnProgress, Progress
from currents_async._fanout.results import InstanceResults, instances_of
from currents_async.analysis import (
    Execution,
    Failure,
    FlakyTest,
    RunDetails,
    RunDiff,
    diff_runs,
    failures_of,
    flaky_tests_of,
)
from currents_async.analysis.executed import as_listed
from currents_async.analysis.failures import unlisted_failures
from currents_async.errors import InvalidArgumentError
from currents_async.models.projects import ListedRun
from currents_async.models.runs import Run, RunSpec

MAX_EARLIER_RUNS = 500
"""Earlier runs that are searched for a comparable one."""


class FetchInstances(Protocol):
    """Fetches the instances of a run whose specs meet a condition."""

    def __call__(self, *, only: Callable[[RunSpec], bool]) -> InstanceResults: ...


def branch_of(run: Run) -> str | None:
    """Return the branch that a run tested, if it is known."""
    commit = None if run.meta is None else run.meta.commit
    return None if commit is None else commit.branch or None


def created_at(run: Run) -> datetime:
    """Return when a run was created, or raise `InvalidArgumentError`."""
    if run.created_at is None:
        raise InvalidArgumentError(f"run {run.run_id} does not say when it was created")
    return run.created_at


def usable_as_filters(*texts: str | None) -> list[str]:
    """Return the texts that a list can be filtered by: no blanks, no control characters."""
    return [text for text in texts if text and text.strip() and text.isprintable()]


def is_comparable(run: Run, earlier: Run) -> bool:
    """Return whether a run is complete, was created earlier, and has the same branch and tags.

    Of two runs that were created in the same millisecond, neither is earlier.
    """
    return (
        earlier.is_complete
        and earlier.deleted_at is None
        and earlier.created_at is not None
        and run.created_at is not None
        and earlier.created_at < run.created_at
        and branch_of(earlier) == branch_of(run)
        and set(earlier.tags) == set(run.tags)
    )


async def first_comparable(run: Run, others: AsyncIterable[ListedRun]) -> ListedRun | None:
    async for other in others:
        if is_comparable(run, other):
            return other
    return None


async def fetch_failures(fetch: FetchInstances, on_progress: OnProgress | None) -> list[Failure]:
    """Fetch what failed in a run, in the order of the specs."""
    listed = 0

    def failed(spec: RunSpec) -> bool:
        nonlocal listed
        listed += 1
        return spec.failed

    async with fetch(only=failed) as results:
        found = await results.in_order(on_progress=on_progress)
        run = results.run
    failures = failures_of(instances_of(found), specs=_specs_of(found))
    return [*failures, *unlisted_failures(run, listed)]


async def fetch_flaky_tests(
    fetch: FetchInstances, on_progress: OnProgress | None
) -> list[FlakyTest]:
    """Fetch the flaky tests of a run, in the order of the specs."""
    async with fetch(only=lambda spec: spec.flaky > 0) as results:
        found = await results.in_order(on_progress=on_progress)
    return flaky_tests_of(instances_of(found), specs=_specs_of(found))


async def fetch_diff(
    before: InstanceResults, after: InstanceResults, on_progress: OnProgress | None
) -> RunDiff:
    """Fetch two runs one after the other, and compare them test by test."""
    fetched: list[RunDetails] = []

    def report(now: Progress) -> None:
        """Count both runs; how many there are in all is known once the later one is listed."""
        if on_progress is not None:
            earlier = sum(len(run.executions) for run in fetched)
            total = earlier + now.total if fetched and now.total is not None else None
            on_progress(Progress(done=earlier + now.done, total=total))

    for fan_out in (before, after):
        fetched.append(await fetch_details(fan_out, report))  # noqa: PERF401 - `report` reads it
    results = [run.results() for run in fetched]
    await asyncio.sleep(0)  # each takes about 10 ms for 5,000 tests
    return diff_runs(*results)


async def fetch_details(
    fan_out: InstanceResults, on_progress: OnProgress | None = None
) -> RunDetails:
    """Fetch a run with all its instances, in the order of the specs."""
    async with fan_out as results:
        found = await results.in_order(on_progress=on_progress)
        return RunDetails(run=results.run, executions=tuple(map(_execution, found)))


def _execution(found: InstanceResult) -> Execution:
    spec = found.spec or RunSpec(instance_id=found.instance_id)
    return Execution(
        spec=spec,
        instance=None if found.instance is None else as_listed(found.instance, spec),
        error="" if found.error is None else in_words(found.error),
    )


def _specs_of(found: Iterable[InstanceResult]) -> list[RunSpec]:
    return [one.spec for one in found if one.spec is not None]
