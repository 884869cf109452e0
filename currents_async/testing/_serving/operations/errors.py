"""The errors explorer.

Source: `docs/api/operations.md`, "Spec files, tests, results, errors". What each number
counts is in `_world/errors.py`.
"""

from currents_async._resources.errors import GET_ERRORS_EXPLORER
from currents_async.testing._serving.call import Call, Route, known_project
from currents_async.testing._serving.filters import contains, read_scope
from currents_async.testing._serving.paging import question, read_sheet
from currents_async.testing._serving.params import Params
from currents_async.testing._serving.replies import Refusal, Reply
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
_MOST_TOP = 50


def get_errors_explorer(world: World, call: Call) -> Reply:
    """GET /errors/{projectId}: by message and `count`, the largest first, unless asked otherwise.

    `error_message` is for a part of it, capitals or not; the other filters for the whole. The
    timeline is in days, of the errors that were asked for.
    """
    asked = Params(call)
    sheet = read_sheet(asked)
    scope = read_scope(asked, operator="tags_logical_operator")
    message = asked.text("error_message")
    traits = {key: asked.text(f"error_{key}") for key in ("target", "category", "action")}
    order = asked.choice("order_by", (*ORDERS, "error"), "count")
    ascending = asked.choice("dir", ("asc", "desc"), "desc") == "asc"
    group_by = asked.choices("group_by[]", KEYS) or ["message"]
    metric = asked.choice("metric", METRICS, "occurrence")
    top = asked.number("top_n", _TOP, least=1, most=_MOST_TOP)
    asked.end()
    if len(set(group_by)) != len(group_by):
        raise Refusal(400, "group_by[] must not name anything twice")
    project_id = known_project(world, call.path_args["project_id"])

    def is_asked_for(one: WorldExecution) -> bool:
        error = one.error
        return (
            error is not None
            and contains(message, [error.message])
            and all(value in {None, KEYS[key][1](error)} for key, value in traits.items())
        )

    def explore() -> tuple[list[Wire], list[Wire]]:
        failed = [one for one in scope.of(world.executions(project_id)) if is_asked_for(one)]
        groups = group_errors(failed, group_by)
        items = order_errors(groups, group_by, order, ascending=ascending)
        return items, error_timeline(failed, group_by, metric, top)

    items, timeline = world.view.keep(question(call, "getErrorsExplorer"), explore)
    return sheet.reply(items, lambda item: item, {"timeline": timeline})


ROUTES = (Route(GET_ERRORS_EXPLORER, get_errors_explorer),)
