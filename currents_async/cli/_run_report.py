"""What a run came to, as `run` prints it for programs and shows it to people."""

from heapq import nlargest

from currents_async.analysis import ExecutedTest, RunCounts, RunDetails
from currents_async.models import CompletionState, RunStatus
from currents_async.models._model import Model, Timestamp

_SLOWEST = 5


class SlowSpec(Model, frozen=True, gc=False, kw_only=True):
    """A spec file and how long it took."""

    spec: str
    group_id: str | None = None
    duration_ms: int


class Fetched(Model, frozen=True, gc=False, kw_only=True):
    """What it took to fetch a run."""

    seconds: float
    requests: int
    wire_bytes: int


class RunReport(Model, frozen=True, gc=False, kw_only=True):
    """What a run came to."""

    run_id: str
    project_id: str
    title: str
    status: RunStatus
    completion_state: CompletionState
    branch: str | None
    commit: str | None
    created_at: Timestamp | None
    duration_ms: int | None
    url: str
    counts: RunCounts
    failed: tuple[ExecutedTest, ...]
    flaky: tuple[ExecutedTest, ...]
    slowest: tuple[SlowSpec, ...]
    """Slowest first."""
    errors: tuple[str, ...]
    """Why instances could not be fetched, or not as a whole."""
    fetched: Fetched


def report_on(details: RunDetails, fetched: Fetched) -> RunReport:
    run = details.run
    return RunReport(
        run_id=run.run_id,
        project_id=run.project_id,
        title=run.title,
        status=run.status,
        completion_state=run.completion_state,
        branch=run.branch,
        commit=run.head_sha,
        created_at=run.created_at,
        duration_ms=run.duration_ms,
        url=run.url,
        counts=details.counts(),
        failed=tuple(failure.test for failure in details.failures()),
        flaky=tuple(flaky.test for flaky in details.flaky_tests()),
        slowest=_slowest(details),
        errors=errors_of(details),
        fetched=fetched,
    )


def _slowest(details: RunDetails) -> tuple[SlowSpec, ...]:
    timed = [
        SlowSpec(spec=spec.spec, group_id=spec.group_id, duration_ms=spec.duration)
        for spec in details.specs
        if spec.duration is not None
    ]
    return tuple(nlargest(_SLOWEST, timed, key=lambda one: one.duration_ms))


def errors_of(details: RunDetails) -> tuple[str, ...]:
    """Say what of a run could not be fetched, and what the server counts and does not list."""
    return tuple(error for one in details.executions if (error := one.incomplete))
