"""What `runs` does, but for watching and comparing."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from currents_async import Currents
from currents_async._resources._run_operations import CompletionStateFilter, RunStatusFilter
from currents_async.cli import _exit
from currents_async.cli._confirm import confirm
from currents_async.cli._moments import read_optional_moment
from currents_async.cli._options import Output
from currents_async.cli._output.sheet import Sheet
from currents_async.models import ListedRun, Run, RunCancellation

_SHOWN = ("runId", "createdAt", "status", "completionState", "meta.commit.branch", "durationMs")
_CARD = (
    "runId",
    "projectId",
    "createdAt",
    "status",
    "completionState",
    "durationMs",
    "tags",
    "meta.commit.branch",
    "meta.commit.sha",
    "meta.commit.message",
    "meta.commit.authorName",
    "meta.ciBuildId",
    "meta.framework.name",
    "meta.framework.version",
)


class RunFilters(NamedTuple):
    """Which runs to list."""

    project: str | None
    branches: Sequence[str]
    tags: Sequence[str]
    tag_operator: Literal["AND", "OR"] | None
    authors: Sequence[str]
    search: str | None
    pull_request: str | None
    statuses: Sequence[RunStatusFilter]
    states: Sequence[CompletionStateFilter]
    since: str | None
    until: str | None


async def list_runs(
    currents: Currents, *, filters: RunFilters, output: Output, limit: int | None
) -> int:
    """List runs."""
    sheet = Sheet(ListedRun, _SHOWN, output)
    pager = currents.runs.list(
        filters.project,
        branches=filters.branches,
        tags=filters.tags,
        tag_operator=filters.tag_operator,
        authors=filters.authors,
        search=filters.search,
        pr_id=filters.pull_request,
        status=filters.statuses,
        completion_state=filters.states,
        date_start=read_optional_moment("since", filters.since),
        date_end=read_optional_moment("until", filters.until),
    )
    await sheet.fill(pager if limit is None else pager.limit(limit))
    return _exit.OK


async def get(currents: Currents, *, run_id: str, output: Output) -> int:
    """Print a run."""
    sheet = Sheet(Run, _CARD, output)
    sheet.fill_in(await currents.runs.get(run_id))
    return _exit.OK


async def find(
    currents: Currents,
    *,
    project: str | None,
    branch: str | None,
    tags: Sequence[str],
    ci_build_id: str | None,
    last_failed: bool,
    output: Output,
) -> int:
    """Print the run that is found."""
    sheet = Sheet(Run, _CARD, output)
    run = await currents.runs.find(
        project,
        branch=branch,
        tags=tags,
        ci_build_id=ci_build_id,
        pw_last_run=last_failed or None,
    )
    sheet.fill_in(run)
    return _exit.OK


async def cancel(currents: Currents, *, run_id: str, yes: bool, output: Output) -> int:
    """Cancel a run, and print what the service says."""
    sheet = Sheet(RunCancellation, ("runId", "cancelledAt", "actor", "reason"), output)
    if not confirm(f"Cancel run {run_id}?", yes=yes):
        return _exit.FAILED
    sheet.fill_in(await currents.runs.cancel(run_id))
    return _exit.OK
