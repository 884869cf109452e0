"""Projects, and the runs of each.

Source: `docs/api/operations.md`, "Projects". Lists start with the newest.
"""

from itertools import pairwise

from currents_async._resources._run_requests import LIST_PROJECT_RUNS
from currents_async._resources.projects import GET_PROJECT, LIST_PROJECTS
from currents_async.testing._serving.api_request import ApiRequest, Route, known_project
from currents_async.testing._serving.api_response import ApiResponse, RefusedError
from currents_async.testing._serving.filters import BOOLEAN, contains, has_any, has_tags
from currents_async.testing._serving.paging import read_cursor_request
from currents_async.testing._serving.params import Params, no_params
from currents_async.testing._world.facts import Wire
from currents_async.testing._world.ids import parse_iso
from currents_async.testing.world import World, WorldRun

STATUSES = ("PASSED", "FAILED", "RUNNING", "FAILING")
_COMPLETION = {
    "COMPLETE": {"COMPLETE", "complete"},
    "IN_PROGRESS": {"IN_PROGRESS", "incomplete"},
    "CANCELED": {"CANCELED", "cancelled"},
    "TIMEOUT": {"TIMEOUT", "timedOut"},
}
"""The values of a filter, and those of runs that match: payloads may use either vocabulary."""
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


def list_projects(world: World, request: ApiRequest) -> ApiResponse:
    """GET /projects."""
    params = Params(request)
    paging = read_cursor_request(params, request, "listProjects")
    params.end()
    return paging.respond(
        world.projects, lambda one: (one.created_at, one.project_id), lambda one: one.payload
    )


def get_project(world: World, request: ApiRequest) -> ApiResponse:
    """GET /projects/{projectId}."""
    no_params(request)
    project_id = request.path_args["project_id"]
    project = next((one for one in world.projects if one.project_id == project_id), None)
    if project is None:
        raise RefusedError(404, "Project not found")
    return ApiResponse(lambda: project.payload)


def list_project_runs(world: World, request: ApiRequest) -> ApiResponse:
    """GET /projects/{projectId}/runs: without specs.

    All tags must be there unless `tag_operator` says OR. `search` looks into the CI build ID, and
    the commit's message, branch, SHA and author.
    """
    params = Params(request)
    paging = read_cursor_request(params, request, "listProjectRuns")
    tags, every = params.texts("tags[]"), params.choice("tag_operator", BOOLEAN, "AND") == "AND"
    branches, authors = params.texts("branches[]"), params.texts("authors[]")
    search, pull_request = (
        params.text("search", max_length=_MAX_SEARCH_LENGTH),
        params.text("pr_id"),
    )
    statuses = params.choices("status", STATUSES)
    states = set[str]().union(
        *(_COMPLETION[state] for state in params.choices("completion_state", _COMPLETION))
    )
    start, end = params.moment("date_start"), params.moment("date_end")
    params.end()

    def matches(run: WorldRun) -> bool:
        context = world.view.context(run)
        commit = context.commit
        return (
            has_tags(tags, run.tags, every=every)
            and (not branches or run.branch in branches)
            and (not authors or has_any(authors, context.authors))
            and contains(search, [run.ci_build_id, *map(commit.get, _SEARCHED)])
            and pull_request in {None, pull_request_of(run).get("id")}
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
        lambda run: {**without_specs(run), "previousRunId": previous.get(run.run_id)},
    )


_SEARCHED = ("message", "branch", "sha", "authorName", "authorEmail")


def without_specs(run: WorldRun) -> Wire:
    """Return a run as lists have it, whose `meta` has the framework of Cypress too."""
    listed = {name: run.payload[name] for name in _LISTED if name in run.payload}
    version = run.payload.get("cypressVersion")
    if version is not None:
        framework = {"type": "cypress", "version": version}
        listed["meta"] = {"framework": framework, **(listed.get("meta") or {})}
    return listed


def pull_request_of(run: WorldRun) -> Wire:
    """Return what a run says about its pull request, an empty dict without one."""
    meta: Wire = run.payload.get("meta") or {}
    return meta.get("pr") or {}


ROUTES = (
    Route(LIST_PROJECTS, list_projects),
    Route(GET_PROJECT, get_project),
    Route(LIST_PROJECT_RUNS, list_project_runs),
)
