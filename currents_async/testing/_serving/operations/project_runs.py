"""The runs of a project, and its pull requests with their recent runs.

Source: `docs/api/operations.md`, "Projects" and "Pull requests", which does not say all that is on
the card of a pull request. Lists start with the newest.
"""

from collections.abc import Callable
from itertools import pairwise

from currents_async._resources._run_requests import LIST_PROJECT_RUNS
from currents_async._resources.projects import LIST_PROJECT_PULL_REQUESTS
from currents_async.testing._serving.api_request import ApiRequest, Route, known_project
from currents_async.testing._serving.api_response import ApiResponse
from currents_async.testing._serving.filters import (
    BOOLEAN,
    PR_ID,
    contains,
    fits_globs,
    has_any,
    has_tags,
    read_range,
)
from currents_async.testing._serving.paging import read_cursor_request
from currents_async.testing._world.executions import RunContext
from currents_async.testing._world.facts import Wire
from currents_async.testing._world.ids import parse_iso
from currents_async.testing._world.state import COMPLETION
from currents_async.testing.world import World, WorldRun

_STATUSES = ("PASSED", "FAILED", "RUNNING", "FAILING")
_MAX_SEARCH_LENGTH = 200
_LISTED = (
    "runId",
    "projectId",
    "createdAt",
    "durationMs",
    "tags",
    "timeout",
    "cancellation",
    "groups",
    "environments",
    "meta",
    "completionState",
    "status",
)
_SEARCHED = ("message", "branch", "sha", "authorName", "authorEmail")
_MAX_PULL_REQUESTS = 50
_MAX_RUNS = 10
_ORDERS: dict[str, Callable[[list[WorldRun]], int]] = {
    "last_run": lambda runs: parse_iso(runs[0].created_at),
    "first_run": lambda runs: parse_iso(runs[-1].created_at),
    "run_count": len,
}
"""What cards are ordered by, from their runs, the newest first."""


def list_project_runs(world: World, request: ApiRequest) -> ApiResponse:
    """GET /projects/{projectId}/runs: without specs.

    All tags must be there unless `tag_operator` says OR.
    """
    paging = read_cursor_request(request)
    tags, every = request.texts("tags[]"), request.choice("tag_operator", BOOLEAN, "AND") == "AND"
    branches, authors = request.texts("branches[]"), request.texts("authors[]")
    environments = request.texts("environments[]")
    search = request.text("search", max_length=_MAX_SEARCH_LENGTH)
    pull_request = request.text("pr_id", pattern=PR_ID)
    has_outcome = _read_outcome(request)
    dates = read_range(request, required=False)
    request.end()

    def matches(run: WorldRun) -> bool:
        context = world.view.context(run)
        return (
            has_tags(tags, run.tags, every=every)
            and (not branches or run.branch in branches)
            and (not authors or has_any(authors, context.authors))
            and (not environments or has_any(environments, context.environments))
            and contains(search, _searched(run, context))
            and pull_request in {None, _pull_request_of(run).get("id")}
            and has_outcome(run)
            and dates.start <= context.created <= dates.end
        )

    runs = world.view.runs(known_project(world, request.path_args["project_id"]))
    previous = {run.run_id: older.run_id for run, older in pairwise(runs)}
    return paging.respond(
        filter(matches, runs),
        lambda run: (parse_iso(run.created_at), run.run_id),
        lambda run: {**_without_specs(run), "previousRunId": previous.get(run.run_id)},
    )


def _read_outcome(request: ApiRequest) -> Callable[[WorldRun], bool]:
    """Return a function that tells whether a run has the status and completion state of a query."""
    statuses = request.choices("status", _STATUSES)
    wanted = request.choices("completion_state", COMPLETION)
    states = set[str]().union(*(COMPLETION[state] for state in wanted))
    return lambda run: (
        (not statuses or run.status.upper() in statuses)
        and (not states or run.completion_state in states)
    )


def _searched(run: WorldRun, context: RunContext) -> list[str | None]:
    """Return the texts that `search` looks at."""
    pull_request = _pull_request_of(run)
    groups: list[Wire] = run.payload.get("groups") or []
    return [
        run.ci_build_id,
        *map(context.commit.get, _SEARCHED),
        *map(pull_request.get, ("title", "source", "destination")),
        _number_of(pull_request),
        *context.tags,
        *context.environments,
        context.framework,
        *(group["platform"].get("browserName") for group in groups),
    ]


def _without_specs(run: WorldRun) -> Wire:
    """Return a run as lists have it, whose `meta` has the framework of Cypress too."""
    listed = {name: run.payload[name] for name in _LISTED if name in run.payload}
    version = run.payload.get("cypressVersion")
    if version is not None:
        framework = {"type": "cypress", "version": version}
        listed["meta"] = {"framework": framework, **(listed.get("meta") or {})}
    return listed


def _pull_request_of(run: WorldRun) -> Wire:
    """Return what a run says about its pull request, an empty dict without one."""
    meta: Wire = run.payload.get("meta") or {}
    return meta.get("pr") or {}


def _number_of(pull_request: Wire) -> str | None:
    """Return the number in an ID such as `github:github.com/owner/repository#482`."""
    return pull_request["id"].rpartition("#")[2] if "id" in pull_request else None


def list_project_pull_requests(world: World, request: ApiRequest) -> ApiResponse:
    """GET /projects/{projectId}/pull-requests: a card for each `meta.pr.id` that runs have.

    A pull request is listed if one of its runs matches, with matching runs only. Branches and
    authors may be patterns with `*`; all tags must be there unless `tag_operator` says OR.
    """
    order, ascending = request.choice("order", _ORDERS, "last_run"), request.ascending()
    paging = read_cursor_request(
        request, max_limit=_MAX_PULL_REQUESTS, order=f"{order}:{ascending}"
    )
    max_runs = request.number("runs_per_pr", 1, min_value=0, max_value=_MAX_RUNS)
    tags, every = request.texts("tags[]"), request.choice("tag_operator", BOOLEAN, "AND") == "AND"
    branches, authors = request.texts("branches[]"), request.texts("authors[]")
    environments = request.texts("environments[]", pattern="[!-~]+")
    pull_request = request.text("pr_id", pattern=PR_ID)
    search = request.text("search", pattern="[ -~]{1,200}")
    dates = read_range(request, required=False)
    has_outcome = _read_outcome(request)
    pr_search = request.text("pr_search", pattern=r"[^\x00-\x1f\x7f]{1,200}")
    request.end()

    def counts(run: WorldRun) -> bool:
        context = world.view.context(run)
        return (
            has_tags(tags, run.tags, every=every)
            and fits_globs(branches, [run.branch])
            and fits_globs(authors, context.authors)
            and (not environments or has_any(environments, context.environments))
            and contains(search, [run.ci_build_id, context.commit.get("message")])
            and dates.start <= context.created <= dates.end
        )

    runs_of: dict[str, list[WorldRun]] = {}
    for run in world.view.runs(known_project(world, request.path_args["project_id"])):
        pr_id: str | None = _pull_request_of(run).get("id")
        if pr_id is not None and pull_request in {None, pr_id} and counts(run):
            runs_of.setdefault(pr_id, []).append(run)
    return paging.respond(
        (
            pr_id
            for pr_id, runs in runs_of.items()
            if has_outcome(runs[0]) and _is_found(pr_search, runs[0])
        ),
        lambda pr_id: (_ORDERS[order](runs_of[pr_id]), pr_id),
        lambda pr_id: _card(runs_of[pr_id], max_runs),
        newest_first=not ascending,
    )


def _is_found(pr_search: str | None, run: WorldRun) -> bool:
    pull_request = _pull_request_of(run)
    commit: Wire = run.payload["meta"].get("commit") or {}
    title: str | None = pull_request.get("title") or commit.get("message")
    return contains(pr_search, [title, pull_request.get("source")]) or (
        pr_search or ""
    ).strip().removeprefix("#") == _number_of(pull_request)


def _card(runs: list[WorldRun], max_runs: int) -> Wire:
    latest = [_without_specs(run) for run in runs[:_MAX_RUNS]]
    return {
        "pr": _pull_request_of(runs[0]),
        "recentRuns": latest,
        "timelinePreview": latest[:max_runs],
    }


ROUTES = (
    Route(LIST_PROJECT_RUNS, list_project_runs),
    Route(LIST_PROJECT_PULL_REQUESTS, list_project_pull_requests),
)
