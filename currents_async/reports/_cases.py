"""A run as other tools list it: suites, which are spec files, and cases, which are tests.

What became of a whole spec file is a case too, where its tests do not show it: the file threw, was
never executed, or its results could not be fetched.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from currents_async._text import in_utc, one_line, readable
from currents_async.analysis.artifacts import Artifact, list_artifacts, url_of
from currents_async.analysis.details import Execution, RunDetails
from currents_async.analysis.failures import failures_of, unlisted_failures
from currents_async.models.common import Outcome, Platform
from currents_async.models.instances import AssetKind, Attempt, AttemptError, Instance, InstanceTest
from currents_async.models.runs import Run, RunSpec

AssetPaths = Mapping[str, str] | None
"""The paths of downloaded artifacts, by their signed URLs."""

MAX_NAME = 1_000
"""Characters of a name: other tools know tests by it, so it is cut late."""
MAX_PATH = 4_096
_MAX_TRACE = 10_000
_SKIPS = frozenset({"skip", "fixme"})
"""Annotations with which Playwright says why a test was skipped."""


class Case(NamedTuple):
    """A test, or what became of its spec file."""

    test: InstanceTest
    is_file: bool = False
    """The file as a whole: failed, skipped, or in no state if its results are missing."""


class Attached(NamedTuple):
    """A downloaded artifact."""

    kind: AssetKind
    artifact: Artifact
    path: str


class Suite(NamedTuple):
    """A spec file."""

    execution: Execution
    group: str
    """Empty without a group, or if it is named after the CI build, as by Cypress."""
    platform: Platform
    cases: Sequence[Case]
    attached: Sequence[Attached]

    @property
    def spec(self) -> str:
        return name_of(self.execution.spec.spec, "(unknown spec file)")

    @property
    def group_id(self) -> str | None:
        return _group_id(self.execution)

    @property
    def browser(self) -> str:
        """The name and the version of the browser."""
        return " ".join(filter(None, (self.platform.browser_name, self.platform.browser_version)))

    @property
    def machine_id(self) -> str | None:
        machines = (one.machine_id for one in self._parts)
        return next(filter(None, machines), None)

    @property
    def started_at(self) -> datetime | None:
        """When the execution started, in UTC."""
        reports = (one.results for one in self._parts)
        stats = [one.stats for one in reports if one is not None and one.stats is not None]
        starts = (one.wall_clock_started_at or one.started_at for one in stats)
        claims = (one.claimed_at for one in self._parts)
        first = next(filter(None, (*starts, *claims)), None)
        return None if first is None else in_utc(first)

    @property
    def duration(self) -> int | None:
        """Milliseconds."""
        return next((one.duration for one in self._parts if one.duration is not None), None)

    @property
    def _parts(self) -> tuple[Instance | RunSpec, ...]:
        """Who knows of the execution; the instance knows it better."""
        instance, spec = self.execution.instance, self.execution.spec
        return (spec,) if instance is None else (instance, spec)


def suites_of(details: RunDetails, assets: AssetPaths) -> Iterator[Suite]:
    """List the spec files of a run, and last those that the run only counts, if it failed."""
    for execution in details.executions:
        yield _suite(details.run, execution, assets or {})
    for failure in unlisted_failures(details.run, len(details.executions)):
        spec = RunSpec(spec="(unlisted spec files)")
        case = _of_file(spec, Outcome.FAILED, failure.test.error)
        yield Suite(Execution(spec=spec), "", Platform(), [case], [])


def _suite(run: Run, execution: Execution, assets: Mapping[str, str]) -> Suite:
    instance = execution.instance
    artifacts = list_artifacts(None if instance is None else instance.results)
    attached = (
        Attached(one.kind, one.artifact, assets.get(url_of(one.artifact) or "", ""))
        for one in artifacts
    )
    return Suite(
        execution,
        _group_of(run, execution),
        _platform_of(run, execution),
        list(_cases(execution)),
        [one for one in attached if one.path],
    )


def _group_of(run: Run, execution: Execution) -> str:
    group = one_line(_group_id(execution))
    build = "" if run.meta is None else one_line(run.meta.ci_build_id)
    # A name that changes with each build would make every test a new one.
    if build and f"{group}-".startswith(f"{build}-"):
        return group.removeprefix(build).lstrip("-")
    return group


def _group_id(execution: Execution) -> str | None:
    instance = execution.instance
    return execution.spec.group_id or (None if instance is None else instance.group_id)


def _platform_of(run: Run, execution: Execution) -> Platform:
    group_id = _group_id(execution)
    of_groups = (one for one in run.groups if one.group_id == group_id)
    places = (execution.instance, *of_groups, run.meta)
    found = (one.platform for one in places if one is not None)
    return next((one for one in found if one is not None), Platform())


def _cases(execution: Execution) -> Iterator[Case]:
    instance, spec = execution.instance, execution.spec
    instances = [] if instance is None else [instance]
    failures = failures_of(instances, specs=[spec])
    failure = next((one.error for one in failures if one.test.is_file), None)
    if failure is not None:
        yield _of_file(spec, Outcome.FAILED, failure.message or "failed")
    elif execution.error:
        yield _of_file(spec, None, f"the results could not be fetched: {execution.error}")
    elif instance is None and spec.claimed_at is not None:
        yield _of_file(spec, None, "the results are missing")
    elif instance is None:
        yield _of_file(spec, Outcome.SKIPPED, "no machine has claimed the spec file")
    elif instance.results is None:
        yield _of_file(spec, Outcome.SKIPPED, "the spec file has not been executed yet")
    if instance is not None:
        yield from map(Case, instance.tests)


def _of_file(spec: RunSpec, state: Outcome | None, message: str) -> Case:
    test = InstanceTest(title=(spec.spec,), state=state, display_error=message)
    return Case(test, is_file=True)


def name_of(text: str, otherwise: str) -> str:
    """Return a name in one line that is not empty."""
    return one_line(text, MAX_NAME).strip() or otherwise


def failed_attempts(test: InstanceTest) -> list[Attempt]:
    """List the failed attempts at a test that failed or is flaky, at least one."""
    failed = [one for one in test.attempts if one.state == Outcome.FAILED]
    return failed or [Attempt(state=Outcome.FAILED, error=test.error)]


class Problem(NamedTuple):
    """Why an attempt failed, as texts that are fit to be shown."""

    line: str
    """The first line of the message."""
    message: str
    trace: str
    snippet: str
    """The lines of source around."""

    @property
    def text(self) -> str:
        """All of it; the message stands in most traces already."""
        message = "" if self.line in self.trace else self.message
        return "\n\n".join(filter(None, (message, self.trace, self.snippet)))


def problem_of(test: InstanceTest, attempt: Attempt) -> Problem:
    """Return why an attempt at a test failed."""
    error = attempt.error or AttemptError(message=test.display_error or _unknown(test, attempt))
    frame = None if error.code_frame is None else error.code_frame.frame
    return Problem(
        one_line(error.first_line) or "failed",
        readable(error.message),
        readable(error.stack, _MAX_TRACE),
        readable(frame),
    )


def _unknown(test: InstanceTest, attempt: Attempt) -> str:
    if not test.attempts:
        return "failed in attempts that the server does not list"
    return f"{attempt.raw_status or 'failed'} without an error"


def why_not_run(test: InstanceTest) -> str:
    """Return why a test neither passed nor failed."""
    if test.state == Outcome.PENDING:
        reasons = (one.description for one in test.annotations if one.type in _SKIPS)
        return one_line(next(filter(None, reasons), None)) or "skipped on purpose"
    if test.state == Outcome.SKIPPED:
        return one_line(test.display_error) or "interrupted, or never run"
    return "no result yet" if test.state is None else one_line(f"ended as {test.state}")


def start_of(test: InstanceTest) -> datetime | None:
    """Return when a test started."""
    starts = (test.start_time, *(one.wall_clock_started_at for one in test.attempts))
    return next(filter(None, starts), None)
