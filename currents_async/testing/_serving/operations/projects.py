"""Projects, and what is counted and listed of all runs of one: insights and terms.

Source: `docs/api/operations.md`, "Projects", which does not say what a term looks like. What each
number of the insights counts is in `_world/insights.py`.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Annotated

import msgspec
from msgspec import Meta

from currents_async._resources.projects import (
    CREATE_PROJECT,
    GET_PROJECT,
    GET_PROJECT_INSIGHTS,
    LIST_PROJECT_TERMS,
    LIST_PROJECTS,
)
from currents_async.testing._serving.api_request import ApiRequest, Route, known_project
from currents_async.testing._serving.api_response import ApiResponse, RefusedError, found
from currents_async.testing._serving.filters import contains, read_scope
from currents_async.testing._serving.paging import MAX_LIMIT, cache_key, read_cursor_request
from currents_async.testing._world.executions import RunContext, WorldExecution
from currents_async.testing._world.insights import SPANS, insights
from currents_async.testing.world import World

_MAX_SEARCH_LENGTH = 128
_OF_RUNS: dict[str, Callable[[RunContext], Iterable[str | None]]] = {
    "tag": lambda run: run.tags,
    "group": lambda run: run.groups,
    "branch": lambda run: [run.branch],
    "authorName": lambda run: [run.commit.get("authorName")],
    "authorEmail": lambda run: [run.commit.get("authorEmail")],
    "framework": lambda run: [run.framework],
    "frameworkVersion": lambda run: [run.framework_version],
}
_OF_EXECUTIONS: dict[str, Callable[[WorldExecution], Iterable[str | None]]] = {
    "clientVersion": lambda one: [one.client_version],
    "ann_type": lambda one: [kind for kind, _ in one.annotations],
    "ann_desc": lambda one: [text for _, text in one.annotations],
}


def list_projects(world: World, request: ApiRequest) -> ApiResponse:
    """GET /projects."""
    paging = read_cursor_request(request)
    request.end()
    return paging.respond(
        world.projects, lambda one: (one.created_at, one.project_id), lambda one: one.payload
    )


def create_project(world: World, request: ApiRequest) -> ApiResponse:
    """POST /projects."""
    request.end()
    project = world.project(request.read_body(_NewProject).name)
    created = {
        "projectId": project.project_id,
        "name": project.name,
        "recordKey": project.record_key,
    }
    return ApiResponse(created, status=201)


def get_project(world: World, request: ApiRequest) -> ApiResponse:
    """GET /projects/{projectId}."""
    request.end()
    project_id = request.path_args["project_id"]
    known = (one for one in world.projects if one.project_id == project_id)
    return ApiResponse(found(next(known, None), "Project").payload)


def get_project_insights(world: World, request: ApiRequest) -> ApiResponse:
    """GET /projects/{projectId}/insights: in days by default."""
    environments = request.texts("environments[]")
    scope = msgspec.structs.replace(read_scope(request), environments=environments)
    start, end = request.required("date_start"), request.required("date_end")
    resolution = request.choice("resolution", tuple(SPANS), "1d")
    request.end()
    project_id = known_project(world, request.path_args["project_id"])
    runs, executions = scope.runs(world, project_id), scope.of(world.executions(project_id))
    return ApiResponse({
        "projectId": project_id,
        "orgId": world.org_id,
        "dateStart": start,
        "dateEnd": end,
        "resolution": resolution,
        "results": insights(runs, executions, resolution),
    })


def list_project_terms(world: World, request: ApiRequest) -> ApiResponse:
    """GET /projects/{projectId}/terms/{termType}: in alphabetical order, or reversed.

    Each is listed once. `search` matches a part, ignoring case.
    """
    paging = read_cursor_request(request, default=MAX_LIMIT)
    backwards = request.choice("dir", ("asc", "desc"), "asc") == "desc"
    search = request.text("search", max_length=_MAX_SEARCH_LENGTH)
    request.end()
    kind = request.path_args["term_type"]
    if kind not in _OF_RUNS and kind not in _OF_EXECUTIONS:
        kinds = ", ".join((*_OF_RUNS, *_OF_EXECUTIONS))
        raise RefusedError(400, f"termType must be one of {kinds}, not {kind!r}")
    project_id = known_project(world, request.path_args["project_id"])
    terms = world.view.cached(
        cache_key(request)[:2],
        lambda: {term for term in _terms(world, project_id, kind) if term},
    )
    return paging.respond(
        (term for term in terms if contains(search, [term])),
        lambda term: (term,),
        lambda term: {"term": term, "type": kind},
        newest_first=backwards,
    )


def _terms(world: World, project_id: str, kind: str) -> Iterator[str | None]:
    if kind in _OF_RUNS:
        for run in world.view.runs(project_id):
            yield from _OF_RUNS[kind](world.view.context(run))
    else:
        for execution in world.executions(project_id):
            yield from _OF_EXECUTIONS[kind](execution)


class _NewProject(msgspec.Struct, forbid_unknown_fields=True):
    name: Annotated[str, Meta(min_length=1)]


ROUTES = (
    Route(LIST_PROJECTS, list_projects),
    Route(CREATE_PROJECT, create_project),
    Route(GET_PROJECT, get_project),
    Route(GET_PROJECT_INSIGHTS, get_project_insights),
    Route(LIST_PROJECT_TERMS, list_project_terms),
)
