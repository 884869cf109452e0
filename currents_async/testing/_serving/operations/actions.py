"""Actions: the rules of a project that skip, quarantine or tag tests.

Source: `docs/api/operations.md`, "Actions". An archived one cannot be changed: 409.
"""

import re
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from currents_async._resources.actions import (
    CREATE_ACTION,
    DELETE_ACTION,
    DISABLE_ACTION,
    ENABLE_ACTION,
    GET_ACTION,
    LIST_ACTIONS,
    UPDATE_ACTION,
)
from currents_async.testing._serving.api_request import (
    ApiRequest,
    Route,
    known_project,
    read_moment,
)
from currents_async.testing._serving.api_response import ApiResponse, RefusedError, found
from currents_async.testing._serving.filters import contains
from currents_async.testing._world.actions import STATUSES, WorldAction
from currents_async.testing._world.matching import LISTED, LISTED_OPERATORS, OPERATORS, TRAITS
from currents_async.testing.world import World

_MAX_SEARCH_LENGTH = 100
_EXPIRY = r"\d{4}-\d\d-\d\dT(?!24)\d\d:\d\d:\d\d(\.\d+)?Z"


def list_actions(world: World, request: ApiRequest) -> ApiResponse:
    """GET /actions: those of a project, with any status unless the query names some."""
    project_id = known_project(world, request.required("projectId"))
    statuses = request.choices("status", STATUSES)
    search = request.text("search", max_length=_MAX_SEARCH_LENGTH)
    request.end()
    return ApiResponse([
        action.payload(request.now)
        for action in world.actions.values()
        if action.project_id == project_id
        and (not statuses or action.status(request.now) in statuses)
        and contains(search, [action.fields["name"]])
    ])


def create_action(world: World, request: ApiRequest) -> ApiResponse:
    """POST /actions."""
    project_id = known_project(world, request.required("projectId"))
    request.end()
    expires, fields = _read_expiry(request, _NewAction), request.read_fields()
    action = world.actions.add(project_id, fields, expires, request.now)
    return ApiResponse(action.payload(request.now), status=201)


def get_action(world: World, request: ApiRequest) -> ApiResponse:
    """GET /actions/{actionId}."""
    return ApiResponse(find_action(world, request).payload(request.now))


def update_action(world: World, request: ApiRequest) -> ApiResponse:
    """PUT /actions/{actionId}: at least one of the fields."""
    action = _find_living(world, request)
    expires, fields = _read_expiry(request, _Changes), request.read_fields()
    world.actions.change(action, fields, expires, request.now)
    return ApiResponse(action.payload(request.now))


def delete_action(world: World, request: ApiRequest) -> ApiResponse:
    """DELETE /actions/{actionId}: archives it for good."""
    action = find_action(world, request)
    world.actions.archive(action, request.now)
    return ApiResponse({"actionId": action.action_id, "archived": True})


def enable_action(world: World, request: ApiRequest) -> ApiResponse:
    """PUT /actions/{actionId}/enable: does nothing if it is enabled."""
    action = _find_living(world, request)
    world.actions.enable(action, request.now)
    return ApiResponse(action.payload(request.now))


def disable_action(world: World, request: ApiRequest) -> ApiResponse:
    """PUT /actions/{actionId}/disable: does nothing if it is disabled."""
    action = _find_living(world, request)
    world.actions.disable(action, request.now)
    return ApiResponse(action.payload(request.now))


def find_action(world: World, request: ApiRequest) -> WorldAction:
    """Return the action that the path names; a query is refused."""
    request.end()
    return found(world.actions.get(request.path_args["action_id"]), "Action")


def _find_living(world: World, request: ApiRequest) -> WorldAction:
    action = find_action(world, request)
    if action.status(request.now) == "archived":
        raise RefusedError(409, "Action is archived")
    return action


def _read_expiry(request: ApiRequest, kind: "type[_Changes | _NewAction]") -> int | None:
    expires = request.read_body(kind).expires_after
    if not isinstance(expires, str):
        return None
    if not re.fullmatch(_EXPIRY, expires):
        raise RefusedError(400, "expiresAfter must be a date-time in UTC, with Z")
    return read_moment("expiresAfter", expires)


_Name = Annotated[str, Meta(min_length=1, max_length=255)]
_Description = Annotated[str, Meta(max_length=1000)] | None


class _Tags(msgspec.Struct, forbid_unknown_fields=True):
    tags: Annotated[list[str], Meta(min_length=1, max_length=10)]


class _Skip(msgspec.Struct, tag_field="op", tag="skip", forbid_unknown_fields=True):
    details: dict[str, Any] | None = None


class _Quarantine(msgspec.Struct, tag_field="op", tag="quarantine", forbid_unknown_fields=True):
    details: dict[str, Any] | None = None


class _Tag(msgspec.Struct, tag_field="op", tag="tag", forbid_unknown_fields=True):
    details: _Tags


class _Condition(msgspec.Struct, forbid_unknown_fields=True):
    type: str
    op: str
    value: str | list[str | dict[str, Any]] | None = None

    def __post_init__(self) -> None:
        if self.type not in TRAITS:
            raise ValueError(f"type must be one of {', '.join(TRAITS)}")
        operators = LISTED_OPERATORS if self.type in LISTED else OPERATORS
        if self.op not in operators:
            raise ValueError(f"op of {self.type} must be one of {', '.join(sorted(operators))}")
        if self.op not in {"any", "empty"} and self.value in (None, []):
            raise ValueError(f"op {self.op} needs a value")


class _Matcher(msgspec.Struct, forbid_unknown_fields=True):
    op: Literal["AND", "OR"]
    cond: Annotated[list[_Condition], Meta(min_length=1)]


_Effects = Annotated[list[_Skip | _Quarantine | _Tag], Meta(min_length=1)]


class _NewAction(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    name: _Name
    action: _Effects
    matcher: _Matcher
    description: _Description = None
    expires_after: str | None = None


class _Changes(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    name: _Name | UnsetType = UNSET
    action: _Effects | UnsetType = UNSET
    matcher: _Matcher | UnsetType = UNSET
    description: _Description | UnsetType = UNSET
    expires_after: str | UnsetType | None = UNSET


ROUTES = (
    Route(LIST_ACTIONS, list_actions),
    Route(CREATE_ACTION, create_action),
    Route(GET_ACTION, get_action),
    Route(UPDATE_ACTION, update_action),
    Route(DELETE_ACTION, delete_action),
    Route(ENABLE_ACTION, enable_action),
    Route(DISABLE_ACTION, disable_action),
)
