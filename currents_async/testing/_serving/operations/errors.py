"""The errors explorer.

Source: `docs/api/operations.md`, "Spec files, tests, results, errors". What each number
counts is in `_world/errors.py`.
"""

from currents_async._resources.errors import GET_ERRORS_EXPLORER
from currents_async.testing._serving.api_request import ApiRequest, Route, known_project
from currents_async.testing._serving.api_response import ApiResponse, RefusedError
from currents_async.testing._serving.filters import contains, read_scope
from currents_async.testing._serving.paging import cache_key, read_page_request
from currents_async.testing._serving.params import Params
from currents_async.testing._world.errors import (
    KEYS,
    METRICS,
    ORDERS,
    error_timeline,
    group_errors,
    order_errors,
)
from currents_async.testing._world.facts import Wire
from currents_async.testing.world import World, WorldExecution

_TOP = 10
_MAX_TOP = 50


def get_errors_explorer(world: World, request: ApiRequest) -> ApiResponse:
    """GET /errors/{projectId}: by message and `count`, the largest first by default.

    `error_message` matches a part, ignoring case; the other filters match the whole. The timeline
    is in days, of the errors that match.
    """
    params = Params(request)
    paging = read_page_request(params)
    scope = read_scope(params, operator="tags_logical_operator")
    message = params.text("error_message")
    traits = {key: params.text(f"error_{key}") for key in ("target", "category", "action")}
    order = params.choice("order_by", (*ORDERS, "error"), "count")
    ascending = params.choice("dir", ("asc", "desc"), "desc") == "asc"
    group_by = params.choices("group_by[]", KEYS) or ["message"]
    metric = params.choice("metric", METRICS, "occurrence")
    top = params.number("top_n", _TOP, min_value=1, max_value=_MAX_TOP)
    params.end()
    if len(set(group_by)) != len(group_by):
        raise RefusedError(400, "group_by[] must not name anything twice")
    project_id = known_project(world, request.path_args["project_id"])

    def matches(one: WorldExecution) -> bool:
        error = one.error
        return (
            error is not None
            and contains(message, [error.message])
            and all(value in {None, KEYS[key][1](error)} for key, value in traits.items())
        )

    def explore() -> tuple[list[Wire], list[Wire]]:
        failed = [one for one in scope.of(world.executions(project_id)) if matches(one)]
        groups = group_errors(failed, group_by)
        items = order_errors(groups, group_by, order, ascending=ascending)
        return items, error_timeline(failed, group_by, metric, top)

    items, timeline = world.view.cached(cache_key(request, "getErrorsExplorer"), explore)
    return paging.respond(items, lambda item: item, {"timeline": timeline})


ROUTES = (Route(GET_ERRORS_EXPLORER, get_errors_explorer),)
