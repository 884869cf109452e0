"""The tests that actions have touched, and their executions.

Source: `docs/api/operations.md`, "Actions", which does not say what an item looks like. A rule
touches all executions in its project that its matcher is about, whatever its status, and also those
before it was made: a world has all of its runs before anybody makes a rule.
"""

from collections.abc import Callable, Iterable

from currents_async._resources.actions import (
    GET_AFFECTED_TEST_EXECUTIONS,
    GET_AFFECTED_TEST_EXECUTIONS_BY_ACTION,
    LIST_AFFECTED_TESTS,
)
from currents_async.testing._serving.call import Call, Route, known_project
from currents_async.testing._serving.filters import Range, contains, read_range
from currents_async.testing._serving.paging import Slice, read_sheet, read_slice
from currents_async.testing._serving.params import Params
from currents_async.testing._serving.replies import Refusal, Reply
from currents_async.testing._serving.results import spell_result
from currents_async.testing._world.actions import STATUSES, WorldAction
from currents_async.testing._world.executions import join_title
from currents_async.testing._world.facts import Wire
from currents_async.testing._world.matching import matches
from currents_async.testing.world import World, WorldExecution

_EFFECTS = ("quarantine", "skip", "tag")
_MOST_EXECUTIONS = 50
_Touched = list[tuple[WorldExecution, list[WorldAction]]]


def list_affected_tests(world: World, call: Call) -> Reply:
    """GET /actions/tests: the one that was executed last comes first, unless `dir` is asc.

    `action_type` is what one of the effects of an action is; `search` looks into spec and title.
    """
    asked = Params(call)
    sheet = read_sheet(asked)
    project_id = known_project(world, asked.required("projectId"))
    dates, search = read_range(asked), asked.text("search")
    effects, action_id = asked.choices("action_type", _EFFECTS), asked.text("action_id")
    ascending = asked.choice("dir", ("asc", "desc"), "desc") == "asc"
    statuses = asked.choices("status", STATUSES)
    asked.end()

    def is_asked_for(action: WorldAction) -> bool:
        return (
            action_id in {None, action.action_id}
            and (not statuses or action.status(call.now) in statuses)
            and (not effects or any(one["op"] in effects for one in action.fields["action"]))
        )

    found: dict[str, _Touched] = {}
    for one, actions in _touched(world, project_id, is_asked_for):
        if _is_within(one, dates, search):
            found.setdefault(one.signature, []).append((one, actions))
    tests = sorted(found)
    tests.sort(key=lambda signature: found[signature][0][0].run.created, reverse=not ascending)
    return sheet.reply(tests, lambda signature: _spell_test(found[signature]))


def get_affected_test_executions(world: World, call: Call) -> Reply:
    """GET /actions/tests/{signature}: the newest first; a test that nothing touched has none."""
    asked = Params(call)
    part = read_slice(asked, call, "getAffectedTestExecutions", most=_MOST_EXECUTIONS)
    project_id = known_project(world, asked.required("projectId"))
    dates, search = read_range(asked), asked.text("search")
    asked.end()
    signature = call.path_args["signature"]
    touched = (
        (one, actions)
        for one, actions in _touched(world, project_id, lambda _: True)
        if one.signature == signature and _is_within(one, dates, search)
    )
    return _reply(world, part, touched)


def get_affected_test_executions_by_action(world: World, call: Call) -> Reply:
    """GET /actions/{actionId}/tests: the newest first."""
    asked = Params(call)
    part = read_slice(asked, call, "getAffectedTestExecutionsByAction", most=_MOST_EXECUTIONS)
    dates, search = read_range(asked), asked.text("search")
    asked.end()
    action = world.actions.get(call.path_args["action_id"])
    if action is None:
        raise Refusal(404, "Action not found")
    touched = (
        (one, [action]) for one in _executions_of(world, action) if _is_within(one, dates, search)
    )
    return _reply(world, part, touched)


def _executions_of(world: World, action: WorldAction) -> list[WorldExecution]:
    return world.view.keep(
        ("affected", action.action_id),
        lambda: [one for one in world.executions(action.project_id) if matches(action, one)],
    )


def _touched(
    world: World, project_id: str, is_asked_for: Callable[[WorldAction], bool]
) -> _Touched:
    """List executions with the actions that are asked for, the newest first."""
    found: dict[tuple[int, str, int, int], tuple[WorldExecution, list[WorldAction]]] = {}
    for action in world.actions.values():
        if action.project_id == project_id and is_asked_for(action):
            for one in _executions_of(world, action):
                found.setdefault(one.order, (one, []))[1].append(action)
    return [found[order] for order in sorted(found, reverse=True)]


def _is_within(one: WorldExecution, dates: Range, search: str | None) -> bool:
    return dates.start <= one.run.created <= dates.end and contains(
        search, [one.spec, join_title(one.title)]
    )


def _reply(
    world: World, part: Slice, touched: Iterable[tuple[WorldExecution, list[WorldAction]]]
) -> Reply:
    return part.reply(
        touched,
        lambda pair: pair[0].order,
        lambda pair: {**spell_result(world, pair[0]), "actions": _spell_actions(pair[1])},
    )


def _spell_test(touched: _Touched) -> Wire:
    newest = touched[0][0]
    actions = {action.action_id: action for _, mine in touched for action in mine}
    return {
        "signature": newest.signature,
        "title": newest.title,
        "spec": newest.spec,
        "projectId": newest.run.project_id,
        "executions": len(touched),
        "lastSeen": newest.run.created_at,
        "actions": _spell_actions(actions.values()),
    }


def _spell_actions(actions: Iterable[WorldAction]) -> list[Wire]:
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
