"""The spec files explorer.

Source: `docs/api/operations.md`, "Spec files, tests, results, errors". What each number
counts is in `_world/spec_files.py`.
"""

from currents_async._resources.spec_files import GET_SPEC_FILES
from currents_async.testing._serving.api_request import ApiRequest, Route, known_project
from currents_async.testing._serving.api_response import ApiResponse
from currents_async.testing._serving.filters import contains, read_scope
from currents_async.testing._serving.paging import cache_key, read_page_request
from currents_async.testing._serving.params import Params
from currents_async.testing._world.facts import Wire
from currents_async.testing._world.spec_files import count_spec_files
from currents_async.testing.world import World

_MAX_LIMIT = 50
_ORDERS = (
    "avgDuration",
    "failedExecutions",
    "failureRate",
    "flakeRate",
    "flakyExecutions",
    "fullyReported",
    "overallExecutions",
    "suiteSize",
    "timeoutExecutions",
    "timeoutRate",
)


def get_spec_files(world: World, request: ApiRequest) -> ApiResponse:
    """GET /spec-files/{projectId}: by `avgDuration`, the largest first by default."""
    params = Params(request)
    paging = read_page_request(params, max_limit=_MAX_LIMIT)
    scope = read_scope(params)
    order = params.choice("order", _ORDERS, "avgDuration")
    ascending = params.choice("dir", ("asc", "desc"), "desc") == "asc"
    name, failed_too = params.text("specNameFilter"), params.flag("includeFailedInDuration")
    params.end()
    project_id = known_project(world, request.path_args["project_id"])

    def count() -> list[Wire]:
        runs = [run for run in world.view.runs(project_id) if scope.covers(world.view.context(run))]
        files = [
            file
            for file in count_spec_files(runs, scope.groups, failed_in_duration=bool(failed_too))
            if contains(name, [file["spec"]])
        ]
        files.sort(key=lambda file: file["signature"])
        files.sort(key=lambda file: file["metrics"][order], reverse=not ascending)
        return files

    return paging.respond(
        world.view.cached(cache_key(request, "getSpecFiles"), count), lambda file: file
    )


ROUTES = (Route(GET_SPEC_FILES, get_spec_files),)
