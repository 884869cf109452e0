"""The runs of a project, and its pull requests with their recent runs.

Source: `docs/api/operations.md`, "Projects" and "Pull requests", which does not say all that is on
the card of a pull request. Lists start with the newest.
"""

from itertools import pairwise

from currents_async._resources._run_requests import LIST_PROJECT_RUNS
from currents_async._resources.projects import LIST_PROJECT_PULL_REQUESTS
from currents_async.testing._serving.api_request import ApiRequest, Route, known_project
from currents_async.testing._serving.api_response import ApiResponse
from currents_async.testing._serving.filters import (
    BOOLEAN,
    contains,
    fits_globs,
    has_any,
    has_tags,
)
from currents_async.testing._serving.paging import read_cursor_request
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
    "meta",
    "completionState",
    "status",
)
_SEARCHED = ("message", "branch", "sha", "authorName", "authorEmail")
_MAX_PULL_REQUESTS = 50
_MAX_RUNS = 10
_RUNS = 3


def list_project_runs(world: World, request: ApiRequest) -> ApiResponse:
    """GET /projects/{projectId}/runs: without specs.

    All tags must be there unless `tag_operator` says OR. `search` looks into the CI build ID, and
    the commit's message, branch, SHA and author.
    """
    paging = read_cursor_request(request)
    tags, every = request.texts("tags[]"), request.choice("tag_operator", BOOLEAN, "AND") == "AND"
    branches, authors = request.texts("branches[]"), request.texts("authors[]")
    search = request.text("search", max_length=_MAX_SEARCH_LENGTH)
    pull_request = request.text("pr_id")
    statuses = request.choices("status", _STATUSES)
    states = set[str]().union(
        *(COMPLETION[state] for state in request.choices("completion_state", COMPLETION))
    )
    start, end = request.moment("date_start"), request.moment("date_end")
    request.end()

    def matches(run: WorldRun) -> bool:
        context = world.view.context(run)
        commit = context.commit
        return (
            has_tags(tags, run.tags, every=every)
            and (not branches or run.branch in branches)
            and (not authors or has_any(authors, context.authors))
            and contains(search, [run.ci_build_id, *map(commit.get, _SEARCHED)])
            and pull_request in {None, _pull_request_of(run).get("id")}
            and (not statuses or run.status.upper() in statuses)
            and (not states or run.completion_state in states)
            and (start is None or start <= context.created)
            and (end is None or context.created <= end)
        )

    runs = world.view.runs(known_project(world, request.path_args["project_id"]))
    previous = {run.run_id: older.run_id for run, older in pairwise(runs)}
    return paging.respond(
        filter(matches, runs),
        lambda run: (parse_iso(run.created_at), run.run_id),
        lambda run: {**_without_specs(run), "previousRunId": previous.get(run.run_id)},
    )


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


def list_project_pull_requests(world: World, request: ApiRequest) -> ApiResponse:
    """GET /projects/{projectId}/pull-requests: a card for each `meta.pr.id` that runs have.

    A pull request is listed if one of its runs matches, with matching runs only; `status` is that
    of the newest of them. Pull requests are in the order of their first runs, the newest first, so
    that another run moves no card. Branches and authors may be patterns with `*`; all tags must be
    there unless `tag_operator` says OR.
    """
    paging = read_cursor_request(request, max_limit=_MAX_PULL_REQUESTS)
    max_runs = request.number("runs_per_pr", _RUNS, min_value=1, max_value=_MAX_RUNS)
    tags, every = request.texts("tags[]"), request.choice("tag_operator", BOOLEAN, "AND") == "AND"
    branches, authors = request.texts("branches[]"), request.texts("authors[]")
    statuses = request.choices("status", _STATUSES)
    request.end()

    def matches(run: WorldRun) -> bool:
        return (
            has_tags(tags, run.tags, every=every)
            and fits_globs(branches, [run.branch])
            and fits_globs(authors, world.view.context(run).authors)
        )

    found: dict[str, list[WorldRun]] = {}
    first: dict[str, WorldRun] = {}
    for run in world.view.runs(known_project(world, request.path_args["project_id"])):
        number: str | None = _pull_request_of(run).get("id")
        if number is not None:
            first[number] = run
            if matches(run):
                found.setdefault(number, []).append(run)
    return paging.respond(
        (
            number
            for number, runs in found.items()
            if not statuses or runs[0].status.upper() in statuses
        ),
        lambda number: (parse_iso(first[number].created_at), number),
        lambda number: _card(found[number], max_runs),
    )


def _card(runs: list[WorldRun], max_runs: int) -> Wire:
    newest = runs[0]
    return {
        "projectId": newest.project_id,
        "pr": _pull_request_of(newest),
        "lastRunAt": newest.created_at,
        "runsCount": len(runs),
        "runs": [_without_specs(run) for run in runs[:max_runs]],
    }


ROUTES = (
    Route(LIST_PROJECT_RUNS, list_project_runs),
    Route(LIST_PROJECT_PULL_REQUESTS, list_project_pull_requests),
)
