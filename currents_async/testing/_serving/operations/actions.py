"""Actions: the rules of a project that skip, quarantine or tag tests.

Source: `docs/api/operations.md`, "Actions". An archived one cannot be changed: 409.
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
from currents_async.testing._serving.api_request import ApiRequest, Route, known_project, read_body
from currents_async.testing._serving.api_response import ApiResponse, RefusedError
from currents_async.testing._serving.filters import contains
from currents_async.testing._serving.params import Params, no_params, read_moment
from currents_async.testing._serving.rules import Changes, NewAction
from currents_async.testing._world.actions import STATUSES, WorldAction
from currents_async.testing.world import World

_MAX_SEARCH_LENGTH = 100


def list_actions(world: World, request: ApiRequest) -> ApiResponse:
    """GET /actions: those of a project, with any status unless the query names some."""
    params = Params(request)
    project_id = known_project(world, params.required("projectId"))
    statuses = params.choices("status", STATUSES)
    search = params.text("search", max_length=_MAX_SEARCH_LENGTH)
    params.end()
    data = [
        action.payload(request.now)
        for action in world.actions.values()
        if action.project_id == project_id
        and (not statuses or action.status(request.now) in statuses)
        and contains(search, [action.fields["name"]])
    ]
    return ApiResponse(lambda: data)


def create_action(world: World, request: ApiRequest) -> ApiResponse:
    """POST /actions."""
    params = Params(request)
    project_id = known_project(world, params.required("projectId"))
    params.end()
    fields, expires = _read(request, NewAction)
    action = world.actions.add(project_id, fields, expires, request.now)
    return _response(action, request, status=201)


def get_action(world: World, request: ApiRequest) -> ApiResponse:
    """GET /actions/{actionId}."""
    return _response(find_action(world, request), request)


def update_action(world: World, request: ApiRequest) -> ApiResponse:
    """PUT /actions/{actionId}: at least one of the fields."""
    action = _find_living(world, request)
    fields, expires = _read(request, Changes)
    if not fields:
        raise RefusedError(400, "Invalid request body: at least one field is needed")
    world.actions.change(action, fields, expires, request.now)
    return _response(action, request)


def delete_action(world: World, request: ApiRequest) -> ApiResponse:
    """DELETE /actions/{actionId}: archives it for good."""
    action = find_action(world, request)
    world.actions.archive(action, request.now)
    return ApiResponse(lambda: {"actionId": action.action_id, "archived": True})


def enable_action(world: World, request: ApiRequest) -> ApiResponse:
    """PUT /actions/{actionId}/enable: does nothing if it is enabled."""
    action = _find_living(world, request)
    world.actions.enable(action, request.now)
    return _response(action, request)


def disable_action(world: World, request: ApiRequest) -> ApiResponse:
    """PUT /actions/{actionId}/disable: does nothing if it is disabled."""
    action = _find_living(world, request)
    world.actions.disable(action, request.now)
    return _response(action, request)


def find_action(world: World, request: ApiRequest) -> WorldAction:
    """Return the action that the path names; a query is refused."""
    no_params(request)
    action = world.actions.get(request.path_args["action_id"])
    if action is None:
        raise RefusedError(404, "Action not found")
    return action


def _find_living(world: World, request: ApiRequest) -> WorldAction:
    action = find_action(world, request)
    if action.status(request.now) == "archived":
        raise RefusedError(409, "Action is archived")
    return action


def _read(
    request: ApiRequest, kind: type[Changes | NewAction]
) -> tuple[dict[str, Any], int | None]:
    """Return the fields as they were sent, and when the action expires."""
    body = read_body(request, kind)
    fields: dict[str, Any] = msgspec.json.decode(request.body)
    expires = body.expires_after
    moment = read_moment("expiresAfter", expires) if isinstance(expires, str) else None
    return fields, moment


def _response(action: WorldAction, request: ApiRequest, status: int = 200) -> ApiResponse:
    data = action.payload(request.now)
    return ApiResponse(lambda: data, status=status)


ROUTES = (
    Route(LIST_ACTIONS, list_actions),
    Route(CREATE_ACTION, create_action),
    Route(GET_ACTION, get_action),
    Route(UPDATE_ACTION, update_action),
    Route(DELETE_ACTION, delete_action),
    Route(ENABLE_ACTION, enable_action),
    Route(DISABLE_ACTION, disable_action),
)
