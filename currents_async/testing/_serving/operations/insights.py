"""Insights: the runs of a project, and the tests in them, counted over time.

Source: `docs/api/operations.md`, "Projects". What each number counts is in `_world/insights.py`.
"""

from currents_async._resources.projects import GET_PROJECT_INSIGHTS
from currents_async.testing._serving.api_request import ApiRequest, Route, known_project
from currents_async.testing._serving.api_response import ApiResponse
from currents_async.testing._serving.filters import read_scope
from currents_async.testing._serving.params import Params
from currents_async.testing._world.insights import SPANS, insights
from currents_async.testing.world import World


def get_project_insights(world: World, request: ApiRequest) -> ApiResponse:
    """GET /projects/{projectId}/insights: in days by default."""
    params = Params(request)
    scope = read_scope(params)
    start, end = params.required("date_start"), params.required("date_end")
    resolution = params.choice("resolution", tuple(SPANS), "1d")
    params.end()
    project_id = known_project(world, request.path_args["project_id"])
    runs = [run for run in world.view.runs(project_id) if scope.covers(world.view.context(run))]
    executions = scope.of(world.executions(project_id))
    data = {
        "projectId": project_id,
        "orgId": world.org_id,
        "dateStart": start,
        "dateEnd": end,
        "resolution": resolution,
        "results": insights(runs, executions, resolution),
    }
    return ApiResponse(lambda: data)


ROUTES = (Route(GET_PROJECT_INSIGHTS, get_project_insights),)
