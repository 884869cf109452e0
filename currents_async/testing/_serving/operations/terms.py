"""The terms of a project: its tags, branches, authors and so on.

Source: `docs/api/operations.md`, "Projects", which does not say what an item looks like.
"""

from collections.abc import Callable, Iterable, Iterator

from currents_async._resources.projects import LIST_PROJECT_TERMS
from currents_async.testing._serving.api_request import ApiRequest, Route, known_project
from currents_async.testing._serving.api_response import ApiResponse, RefusedError
from currents_async.testing._serving.filters import contains
from currents_async.testing._serving.paging import MAX_LIMIT, cache_key, read_cursor_request
from currents_async.testing._serving.params import Params
from currents_async.testing._world.executions import RunContext, WorldExecution
from currents_async.testing.world import World

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


def list_project_terms(world: World, request: ApiRequest) -> ApiResponse:
    """GET /projects/{projectId}/terms/{termType}: in alphabetical order, or reversed.

    Each is listed once. `search` matches a part, ignoring case.
    """
    params = Params(request)
    paging = read_cursor_request(params, request, "listProjectTerms", default=MAX_LIMIT)
    backwards = params.choice("dir", ("asc", "desc"), "asc") == "desc"
    search = params.text("search")
    params.end()
    kind = request.path_args["term_type"]
    if kind not in _OF_RUNS and kind not in _OF_EXECUTIONS:
        kinds = ", ".join((*_OF_RUNS, *_OF_EXECUTIONS))
        raise RefusedError(400, f"termType must be one of {kinds}, not {kind!r}")
    project_id = known_project(world, request.path_args["project_id"])
    terms = world.view.cached(
        cache_key(request, "terms")[:2],
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


ROUTES = (Route(LIST_PROJECT_TERMS, list_project_terms),)
