"""Insights: what the runs of a project, and the tests in them, came to over time.

Source: `docs/api/operations.md`, "Projects". What each number counts is in `_world/insights.py`.
"""

from currents_async._resources.projects import GET_PROJECT_INSIGHTS
from currents_async.testing._serving.call import Call, Route, known_project
from currents_async.testing._serving.filters import read_scope
from currents_async.testing._serving.params import Params
from currents_async.testing._serving.replies import Reply
from currents_async.testing._world.buckets import SPANS
from currents_async.testing._world.insights import insights
from currents_async.testing.world import World


def get_project_insights(world: World, call: Call) -> Reply:
    """GET /projects/{projectId}/insights: in days, unless `resolution` says otherwise."""
    asked = Params(call)
    scope = read_scope(asked)
    start, end = asked.required("date_start"), asked.required("date_end")
    resolution = asked.choice("resolution", tuple(SPANS), "1d")
    asked.end()
    project_id = known_project(world, call.path_args["project_id"])
    runs = [run for run in world.view.runs(project_id) if scope.covers(world.view.occasion(run))]
    executions = scope.of(world.executions(project_id))
    data = {
        "projectId": project_id,
        "orgId": world.org_id,
        "dateStart": start,
        "dateEnd": end,
        "resolution": resolution,
        "results": insights(runs, executions, resolution),
    }
    return Reply(lambda: data)


ROUTES = (Route(GET_PROJECT_INSIGHTS, get_project_insights),)
