"""Webhooks: they are stored; `FakeCurrents.emit`, and runs that go on, call them.

Source: `docs/api/operations.md`, "Webhooks".
"""

import re
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from currents_async._resources.webhooks import (
    CREATE_WEBHOOK,
    DELETE_WEBHOOK,
    GET_WEBHOOK,
    LIST_WEBHOOKS,
    UPDATE_WEBHOOK,
)
from currents_async.testing._serving.api_request import ApiRequest, Route, known_project
from currents_async.testing._serving.api_response import ApiResponse, RefusedError, found
from currents_async.testing._world.webhooks import Event, WorldWebhook
from currents_async.testing.world import World

_UUID4 = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


def list_webhooks(world: World, request: ApiRequest) -> ApiResponse:
    """GET /webhooks: those of a project, in the order in which they were made."""
    project_id = _project(world, request)
    hooks = world.webhooks.values()
    return ApiResponse([hook.payload for hook in hooks if hook.project_id == project_id])


def create_webhook(world: World, request: ApiRequest) -> ApiResponse:
    """POST /webhooks: without `hookEvents`, it gets no events."""
    project_id = _project(world, request)
    fields: dict[str, Any] = {"hookEvents": [], **_read(request, _NewWebhook)}
    hook = world.webhooks.add(project_id, fields, request.now)
    return ApiResponse(hook.payload, status=201)


def get_webhook(world: World, request: ApiRequest) -> ApiResponse:
    """GET /webhooks/{hookId}."""
    return ApiResponse(_find(world, request).payload)


def update_webhook(world: World, request: ApiRequest) -> ApiResponse:
    """PUT /webhooks/{hookId}: at least one of the fields; null removes headers or label."""
    hook = _find(world, request)
    hook.fields.update(_read(request, _Changes))
    hook.updated = request.now
    return ApiResponse(hook.payload)


def delete_webhook(world: World, request: ApiRequest) -> ApiResponse:
    """DELETE /webhooks/{hookId}."""
    hook = _find(world, request)
    del world.webhooks[hook.hook_id]
    return ApiResponse({"hookId": hook.hook_id, "projectId": hook.project_id})


def _project(world: World, request: ApiRequest) -> str:
    project_id = request.required("projectId")
    request.end()
    return known_project(world, project_id)


def _find(world: World, request: ApiRequest) -> WorldWebhook:
    request.end()
    hook_id = request.path_args["hook_id"]
    if not re.fullmatch(_UUID4, hook_id, re.IGNORECASE):
        raise RefusedError(400, "hookId must be a UUID")
    return found(world.webhooks.get(hook_id.lower()), "Webhook")


def _read(request: ApiRequest, kind: type["_Optional"]) -> dict[str, Any]:
    headers = request.read_body(kind).headers
    if isinstance(headers, str):
        try:
            msgspec.json.decode(headers, type=dict[str, str])
        except msgspec.DecodeError:
            raise RefusedError(400, "headers must be the JSON text of an object of texts") from None
    return request.read_fields()


_URL = Annotated[str, Meta(min_length=1, max_length=2048, pattern="^https?://[^/]")]
_Label = Annotated[str, Meta(min_length=1, max_length=255)]


class _Optional(msgspec.Struct, rename="camel", forbid_unknown_fields=True, kw_only=True):
    headers: Annotated[str, Meta(max_length=4096)] | UnsetType | None = UNSET
    hook_events: list[Event] | UnsetType = UNSET
    label: _Label | UnsetType | None = UNSET


class _NewWebhook(_Optional, rename="camel", forbid_unknown_fields=True, kw_only=True):
    url: _URL


class _Changes(_Optional, rename="camel", forbid_unknown_fields=True, kw_only=True):
    url: _URL | UnsetType = UNSET


ROUTES = (
    Route(LIST_WEBHOOKS, list_webhooks),
    Route(CREATE_WEBHOOK, create_webhook),
    Route(GET_WEBHOOK, get_webhook),
    Route(UPDATE_WEBHOOK, update_webhook),
    Route(DELETE_WEBHOOK, delete_webhook),
)
