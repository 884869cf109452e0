"""The tests that actions affect, and their executions.

Source: `docs/api/operations.md`, "Actions", which does not say what an item looks like. An
action affects all executions in its project that its matcher matches, whatever its status, also
those from before it was made: a world has all of its runs before any action is made.
"""

from collections.abc import Callable, Iterable, Sequence

from currents_async._resources.actions import (
    GET_AFFECTED_TEST_EXECUTIONS,
    GET_AFFECTED_TEST_EXECUTIONS_BY_ACTION,
    LIST_AFFECTED_TESTS,
)
from currents_async.testing._serving.api_request import ApiRequest, Route, known_project
from currents_async.testing._serving.api_response import ApiResponse, found
from currents_async.testing._serving.filters import Range, contains, read_range
from currents_async.testing._serving.operations.test_results import result_to_wire
from currents_async.testing._serving.paging import (
    CursorRequest,
    read_cursor_request,
    read_page_request,
)
from currents_async.testing._world.actions import STATUSES, WorldAction
from currents_async.testing._world.executions import join_title
from currents_async.testing._world.facts import Wire
from currents_async.testing._world.matching import matches
from currents_async.testing.world import World, WorldExecution

_EFFECTS = ("quarantine", "skip", "tag")
_MAX_LIMIT = 50
_MAX_SEARCH_LENGTH = 100
_Affected = tuple[WorldExecution, list[WorldAction]]


def list_affected_tests(world: World, request: ApiRequest) -> ApiResponse:
    """GET /actions/tests: the test that was executed last comes first, unless `dir` is asc.

    `action_type` is one of the effects of an action; `search` looks into spec and title.
    """
    paging = read_page_request(request)
    project_id = known_project(world, request.required("projectId"))
    dates, search = read_range(request), request.text("search", max_length=_MAX_SEARCH_LENGTH)
    effects, action_id = request.choices("action_type", _EFFECTS), request.text("action_id")
    ascending = request.ascending()
    statuses = request.choices("status", STATUSES)
    request.end()

    def is_wanted(action: WorldAction) -> bool:
        return (
            action_id in {None, action.action_id}
            and (not statuses or action.status(request.now) in statuses)
            and (not effects or any(one["op"] in effects for one in action.fields["action"]))
        )

    by_test: dict[str, list[_Affected]] = {}
    for one, actions in _affected(world, project_id, is_wanted):
        if _is_within(one, dates, search):
            by_test.setdefault(one.signature, []).append((one, actions))
    tests = sorted(by_test)
    tests.sort(key=lambda signature: by_test[signature][0][0].run.created, reverse=not ascending)
    return paging.respond(tests, lambda signature: _test_to_wire(by_test[signature]))


def get_affected_test_executions(world: World, request: ApiRequest) -> ApiResponse:
    """GET /actions/tests/{signature}: the newest first; an unaffected test has none."""
    paging = read_cursor_request(request, max_limit=_MAX_LIMIT)
    project_id = known_project(world, request.required("projectId"))
    dates, search = read_range(request), request.text("search")
    request.end()
    signature = request.path_args["signature"]
    affected = (
        (one, actions)
        for one, actions in _affected(world, project_id, lambda _: True)
        if one.signature == signature and _is_within(one, dates, search)
    )
    return _response(world, paging, affected)


def get_affected_test_executions_by_action(world: World, request: ApiRequest) -> ApiResponse:
    """GET /actions/{actionId}/tests: the newest first."""
    paging = read_cursor_request(request, max_limit=_MAX_LIMIT)
    dates, search = read_range(request), request.text("search")
    request.end()
    action = found(world.actions.get(request.path_args["action_id"]), "Action")
    affected = (
        (one, [action]) for one in _executions_of(world, action) if _is_within(one, dates, search)
    )
    return _response(world, paging, affected)


def _executions_of(world: World, action: WorldAction) -> list[WorldExecution]:
    return world.view.cached(
        ("affected", action.action_id),
        lambda: [one for one in world.executions(action.project_id) if matches(action, one)],
    )


def _affected(
    world: World, project_id: str, is_wanted: Callable[[WorldAction], bool]
) -> list[_Affected]:
    """List executions with the wanted actions, the newest first."""
    found: dict[tuple[int, str, int, int], _Affected] = {}
    for action in world.actions.values():
        if action.project_id == project_id and is_wanted(action):
            for one in _executions_of(world, action):
                found.setdefault(one.order, (one, []))[1].append(action)
    return [found[order] for order in sorted(found, reverse=True)]


def _is_within(one: WorldExecution, dates: Range, search: str | None) -> bool:
    return dates.start <= one.run.created <= dates.end and contains(
        search, [one.spec, join_title(one.title)]
    )


def _response(world: World, paging: CursorRequest, affected: Iterable[_Affected]) -> ApiResponse:
    return paging.respond(
        affected,
        lambda pair: pair[0].order,
        lambda pair: {**result_to_wire(world, pair[0]), "actions": _actions_to_wire(pair[1])},
    )


def _test_to_wire(affected: Sequence[_Affected]) -> Wire:
    newest = affected[0][0]
    actions = {action.action_id: action for _, mine in affected for action in mine}
    return {
        "signature": newest.signature,
        "title": newest.title,
        "spec": newest.spec,
        "projectId": newest.run.project_id,
        "executions": len(affected),
        "lastSeen": newest.run.created_at,
        "actions": _actions_to_wire(actions.values()),
    }


def _actions_to_wire(actions: Iterable[WorldAction]) -> list[Wire]:
    return [
        {
            "actionId": action.action_id,
            "name": action.fields["name"],
            "action": action.fields["action"],
        }
        for action in actions
    ]


ROUTES = (
    Route(LIST_AFFECTED_TESTS, list_affected_tests),
    Route(GET_AFFECTED_TEST_EXECUTIONS, get_affected_test_executions),
    Route(GET_AFFECTED_TEST_EXECUTIONS_BY_ACTION, get_affected_test_executions_by_action),
)
