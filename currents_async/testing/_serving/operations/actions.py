"""Actions: the rules of a project that skip, quarantine or tag tests.

Source: `docs/api/operations.md`, "Actions". What is archived stays so: changing it is a conflict.
"""

from typing import Any

import msgspec

from currents_async._resources.actions import (
    CREATE_ACTION,
    DELETE_ACTION,
    DISABLE_ACTION,
    ENABLE_ACTION,
    GET_ACTION,
    LIST_ACTIONS,
    UPDATE_ACTION,
)
from currents_async.testing._serving.call import Call, Route, known_project, read_body
from currents_async.testing._serving.filters import contains
from currents_async.testing._serving.params import Params, no_params, read_moment
from currents_async.testing._serving.replies import Refusal, Reply
from currents_async.testing._serving.rules import Changes, NewAction
from currents_async.testing._world.actions import STATUSES, WorldAction
from currents_async.testing.world import World

_LONGEST_SEARCH = 100


def list_actions(world: World, call: Call) -> Reply:
    """GET /actions: those of a project, with any status unless some are asked for."""
    asked = Params(call)
    project_id = known_project(world, asked.required("projectId"))
    statuses = asked.choices("status", STATUSES)
    search = asked.text("search", longest=_LONGEST_SEARCH)
    asked.end()
    data = [
        action.payload(call.now)
        for action in world.actions.values()
        if action.project_id == project_id
        and (not statuses or action.status(call.now) in statuses)
        and contains(search, [action.fields["name"]])
    ]
    return Reply(lambda: data)


def create_action(world: World, call: Call) -> Reply:
    """POST /actions."""
    asked = Params(call)
    project_id = known_project(world, asked.required("projectId"))
    asked.end()
    fields, expires = _read(call, NewAction)
    action = world.actions.add(project_id, fields, expires, call.now)
    return _reply(action, call, status=201)


def get_action(world: World, call: Call) -> Reply:
    """GET /actions/{actionId}."""
    return _reply(find_action(world, call), call)


def update_action(world: World, call: Call) -> Reply:
    """PUT /actions/{actionId}: at least one of the fields."""
    action = _find_living(world, call)
    fields, expires = _read(call, Changes)
    if not fields:
        raise Refusal(400, "Invalid request body: at least one field is needed")
    world.actions.change(action, fields, expires, call.now)
    return _reply(action, call)


def delete_action(world: World, call: Call) -> Reply:
    """DELETE /actions/{actionId}: archives it, once and for all."""
    action = find_action(world, call)
    world.actions.archive(action, call.now)
    return Reply(lambda: {"actionId": action.action_id, "archived": True})


def enable_action(world: World, call: Call) -> Reply:
    """PUT /actions/{actionId}/enable: nothing happens when it is enabled."""
    action = _find_living(world, call)
    world.actions.enable(action, call.now)
    return _reply(action, call)


def disable_action(world: World, call: Call) -> Reply:
    """PUT /actions/{actionId}/disable: nothing happens when it is disabled."""
    action = _find_living(world, call)
    world.actions.disable(action, call.now)
    return _reply(action, call)


def find_action(world: World, call: Call) -> WorldAction:
    """Return the action that the path is about; without a query."""
    no_params(call)
    action = world.actions.get(call.path_args["action_id"])
    if action is None:
        raise Refusal(404, "Action not found")
    return action


def _find_living(world: World, call: Call) -> WorldAction:
    action = find_action(world, call)
    if action.status(call.now) == "archived":
        raise Refusal(409, "Action is archived")
    return action


def _read(call: Call, kind: type[Changes | NewAction]) -> tuple[dict[str, Any], int | None]:
    """Return the fields as they were sent, and when the rule expires."""
    asked = read_body(call, kind)
    fields: dict[str, Any] = msgspec.json.decode(call.body)
    expires = asked.expires_after
    moment = read_moment("expiresAfter", expires) if isinstance(expires, str) else None
    return fields, moment


def _reply(action: WorldAction, call: Call, status: int = 200) -> Reply:
    data = action.payload(call.now)
    return Reply(lambda: data, status=status)


ROUTES = (
    Route(LIST_ACTIONS, list_actions),
    Route(CREATE_ACTION, create_action),
    Route(GET_ACTION, get_action),
    Route(UPDATE_ACTION, update_action),
    Route(DELETE_ACTION, delete_action),
    Route(ENABLE_ACTION, enable_action),
    Route(DISABLE_ACTION, disable_action),
)
