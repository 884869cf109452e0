"""`projects`, `pull-requests` and `terms`: projects, and what is listed of each."""

from typing import Annotated

from cyclopts import App, Parameter

from currents_async.cli._options import (
    COMMON,
    Choice,
    CommonOptions,
    Direction,
    Limit,
    Project,
    Several,
    Sorting,
)
from currents_async.cli._output.columns import Column, plain
from currents_async.cli._parts import run_status
from currents_async.cli._run_filters import ALL_RUNS, RunFilters
from currents_async.models import (
    CardRun,
    CompletionStateFilter,
    PullRequestCard,
    PullRequestOrder,
    RunStatusFilter,
    SortDirection,
    Term,
    TermType,
)
from currents_async.models import Project as ProjectModel

projects = App(name="projects")
pull_requests = App(name="pull-requests")
terms = App(name="terms")


def _latest(card: PullRequestCard) -> CardRun | None:
    return card.recent_runs[0] if card.recent_runs else None


def _number(card: PullRequestCard) -> str | None:
    number = None if card.pr is None else card.pr.id
    return number and f"#{number.rpartition('#')[2]}"


_CARD: tuple[Column[PullRequestCard], ...] = (
    Column("status", lambda card: (run := _latest(card)) and run_status(run), "verdict"),
    Column("number", _number, rank=1),
    Column("title", lambda card: card.pr and card.pr.title),
    Column("branch", lambda card: card.pr and card.pr.source, rank=3),
    Column("age", lambda card: (run := _latest(card)) and run.created_at, "age", rank=1),
    Column("last run", lambda card: (run := _latest(card)) and run.run_id, "id", rank=2),
)
_TIMEOUT = "inactivityTimeoutSeconds as inactivity timeout"
_PROJECT = "projectId as id, name, createdAt, defaultBranchName as default branch"


_TERM = (Column[Term]("term", lambda term: term.extra.get("term") or plain(term.extra)),)
"""What the service calls it is not documented."""


@projects.command(name="list")
async def list_projects(*, limit: Limit | None = None, common: CommonOptions = COMMON) -> None:
    """List the projects that the API key can see, the newest first.

    currents-async projects list

    currents-async projects list --limit 5 -o json

    """
    async with common.open(ProjectModel, _PROJECT, nothing="no projects") as (currents, printer):
        listed = currents.projects.list()
        await printer.listed(listed, limit)


@projects.command
async def get(
    project_id: Annotated[
        str | None,
        Parameter(help="Its ID; else CURRENTS_PROJECT_ID, else the profile's."),
    ] = None,
    /,
    *,
    common: CommonOptions = COMMON,
) -> None:
    """Fetch a project.

    currents-async projects get

    currents-async projects get PROJECT_ID -o json

    """
    async with common.open(ProjectModel, f"{_PROJECT}, failFast, {_TIMEOUT}") as (
        currents,
        printer,
    ):
        printer.one(await currents.projects.get(project_id))


@pull_requests.command(name="list")
async def list_pull_requests(
    *,
    project: Project | None = None,
    runs: Annotated[int | None, Parameter(show_default=False)] = None,
    filters: RunFilters = ALL_RUNS,
    status: Several[RunStatusFilter] = (),
    state: Several[CompletionStateFilter] = (),
    title: str | None = None,
    order: Sorting[PullRequestOrder] | None = None,
    direction: Direction | None = None,
    limit: Limit | None = None,
    common: CommonOptions = COMMON,
) -> None:
    """List the pull requests of a project, each with its latest runs.

    currents-async pull-requests list --status failed

    currents-async pull-requests list --title checkout --since '2 weeks ago'

    Parameters
    ----------
    runs
        How many runs the timeline of each has, at most 10.
    status
        Only those whose latest run has this status; several can be given.
    state
        Only those whose latest run has got this far; several can be given.
    title
        Only those with this text in the title or the source branch, or with this number.

    """
    async with common.open(PullRequestCard, _CARD, nothing="no pull requests match") as (
        currents,
        printer,
    ):
        listed = currents.projects.pull_requests(
            project,
            runs_per_pr=runs,
            **filters.arguments(),
            status=status,
            completion_state=state,
            pr_search=title,
            order=order,
            dir=direction,
        )
        await printer.listed(listed, limit)


@terms.command(name="list")
async def list_terms(
    kind: Choice[TermType],
    /,
    *,
    project: Project | None = None,
    search: str | None = None,
    direction: Choice[SortDirection] | None = None,
    limit: Limit | None = None,
    common: CommonOptions = COMMON,
) -> None:
    """List the tags, the branches, the authors or other terms that runs of a project have used.

    currents-async terms list branch

    currents-async terms list tag --search nightly

    Parameters
    ----------
    kind
        What to list; ann_type and ann_desc are the types and descriptions of annotations.
    search
        Only terms with this text in them.
    direction
        Which way they are sorted, by when they were last used.

    """
    async with common.open(Term, _TERM, nothing="no terms match") as (currents, printer):
        listed = currents.projects.terms(kind, project, search=search, dir=direction)
        await printer.listed(listed, limit)
