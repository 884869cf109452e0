"""`runs` and `instances`: runs of test suites, and executions of single spec files."""

from typing import Annotated, Literal

from cyclopts import App, Parameter

from currents_async.cli import _exit
from currents_async.cli._open import open_instance, open_run
from currents_async.cli._options import (
    COMMON,
    CommonOptions,
    Flag,
    InstanceID,
    Limit,
    Project,
    RunID,
    Several,
)
from currents_async.cli._output.columns import Column
from currents_async.cli._parts import SPECS, TESTS, run_status, specs_of, tests_of
from currents_async.cli._run_diff import diff
from currents_async.cli._run_filters import ALL_RUNS, RunFilters
from currents_async.cli._run_watch import watch
from currents_async.cli._run_writes import cancel, delete, reset
from currents_async.cli._streams import note, write_text
from currents_async.models import (
    CompletionStateFilter,
    Instance,
    ListedRun,
    Run,
    RunStatusFilter,
)
from currents_async.reports._run_summary import framework_of

runs = App(name="runs")
instances = App(name="instances")

Web = Annotated[Flag, Parameter(help="Open its page in a browser, and fetch nothing.")]


def _total(run: ListedRun, name: Literal["passes", "failures", "flaky"]) -> int:
    return sum(getattr(group.tests, name) for group in run.groups if group.tests is not None)


_LISTED: tuple[Column[ListedRun], ...] = (
    Column("status", run_status, "verdict"),
    Column("title", lambda run: run.title),
    Column("branch", lambda run: run.branch, rank=2),
    Column("author", lambda run: run.author_name, rank=5),
    Column("passed", lambda run: _total(run, "passes"), "number", rank=4),
    Column("failed", lambda run: _total(run, "failures"), "number", rank=3),
    Column("flaky", lambda run: _total(run, "flaky"), "number", rank=4),
    Column("duration", lambda run: run.duration_ms, "duration", rank=4),
    Column("age", lambda run: run.created_at, "age", rank=1),
    Column("id", lambda run: run.run_id, "id"),
)
_CARD: tuple[Column[Run], ...] = (
    Column("status", run_status, "verdict"),
    Column("title", lambda run: run.title),
    Column("id", lambda run: run.run_id),
    Column("link", lambda run: run.url),
    Column("project", lambda run: run.project_id),
    Column("branch", lambda run: run.branch),
    Column("commit", lambda run: run.head_sha),
    Column("author", lambda run: run.author_name),
    Column("created", lambda run: run.created_at, "age"),
    Column("duration", lambda run: run.duration_ms, "duration"),
    Column("tags", lambda run: run.tags),
    Column("CI build", lambda run: run.meta and run.meta.ci_build_id),
    Column("framework", lambda run: framework_of(run.framework)),
)
_INSTANCE = (
    "spec, instanceId as id, runId as run, projectId as project, groupId as group, "
    "machineId as machine, results.stats.tests, results.stats.passes as passed, "
    "results.stats.failures as failed, results.stats.pending, results.stats.skipped, "
    "results.exception"
)


@runs.command(name="list")
async def list_runs(
    *,
    project: Project | None = None,
    filters: RunFilters = ALL_RUNS,
    status: Several[RunStatusFilter] = (),
    state: Several[CompletionStateFilter] = (),
    limit: Limit | None = None,
    common: CommonOptions = COMMON,
) -> None:
    """List the runs of a project, the newest first, without their specs.

    currents-async runs list --branch main --status failed --since yesterday

    currents-async runs list --limit 20 -o csv --fields runId,status,meta.commit.branch

    Parameters
    ----------
    status
        Only runs of this status; several can be given.
    state
        Only runs that have got this far; several can be given.

    """
    async with common.open(ListedRun, _LISTED, nothing="no runs match") as (currents, printer):
        listed = currents.runs.list(
            project,
            **filters.arguments(),
            status=status,
            completion_state=state,
        )
        await printer.listed(listed, limit)


@runs.command
async def get(run_id: RunID, /, *, web: Web = False, common: CommonOptions = COMMON) -> None:
    """Fetch a run with all its specs, the worst first.

    currents-async runs get RUN_ID

    currents-async runs get RUN_ID --web

    """
    if web:
        await open_run(run_id)
        return
    async with common.open(Run, _CARD) as (currents, printer):
        run = await currents.runs.get(run_id)
        printer.one(run, parts=(SPECS, specs_of(run)))


@runs.command
async def find(
    *,
    project: Project | None = None,
    branch: str | None = None,
    tag: Several[str] = (),
    ci_build_id: str | None = None,
    last_failed: Flag = False,
    last_run_json: Flag = False,
    common: CommonOptions = COMMON,
) -> int:
    """Find the newest complete run that matches; exit code 3 when there is none.

    currents-async runs find --branch main

    currents-async runs find --ci-build-id ID --last-run-json

    Parameters
    ----------
    branch
        A branch, or a prefix and `*`.
    tag
        A tag that the run has; several can be given.
    ci_build_id
        The CI build of the run; not beside --branch.
    last_failed
        Ask for the failed tests of the last Playwright run too.
    last_run_json
        Print these alone, as Playwright reads them from .last-run.json for its own --last-failed.

    """
    async with common.open(Run, _CARD) as (currents, printer):
        run = await currents.runs.find(
            project,
            branch=branch,
            tags=tag,
            ci_build_id=ci_build_id,
            pw_last_run=last_failed or last_run_json or None,
        )
    if not last_run_json:
        printer.one(run, parts=(SPECS, specs_of(run)))
    elif run.last_run is None:
        note(f"run {run.run_id} has no last run of Playwright")
        return _exit.NOT_FOUND
    else:
        write_text(run.last_run.to_last_run_json().decode())
    return _exit.OK


runs.command(watch)
runs.command(cancel)
runs.command(reset)
runs.command(delete)
runs.command(diff)


@instances.command(name="get")
async def get_instance(
    instance_id: InstanceID,
    /,
    *,
    web: Web = False,
    common: CommonOptions = COMMON,
) -> None:
    """Fetch an instance with its tests, their attempts, errors and artifacts.

    Anyone who has the URL of an artifact can fetch it, until the time that the URL states.

    currents-async instances get INSTANCE_ID

    currents-async instances get INSTANCE_ID -o json --fields results.tests.title

    """
    if web:
        await open_instance(instance_id)
        return
    async with common.open(Instance, _INSTANCE) as (currents, printer):
        instance = await currents.instances.get(instance_id)
        printer.one(instance, parts=(TESTS, tests_of(instance)))
