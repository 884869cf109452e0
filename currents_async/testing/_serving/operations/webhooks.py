"""Webhooks: they are kept, and called when a test says so: `FakeCurrents.emit`.

Source: `docs/api/operations.md`, "Webhooks".
"""

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
from currents_async.testing._serving.call import Call, Route, known_project, read_body
from currents_async.testing._serving.params import Params, no_params
from currents_async.testing._serving.replies import Refusal, Reply
from currents_async.testing._world.webhooks import Event, WorldWebhook
from currents_async.testing.world import World


def list_webhooks(world: World, call: Call) -> Reply:
    """GET /webhooks: those of a project, in the order in which they were made."""
    project_id = _project(world, call)
    data = [hook.payload for hook in world.webhooks.values() if hook.project_id == project_id]
    return Reply(lambda: data)


def create_webhook(world: World, call: Call) -> Reply:
    """POST /webhooks: without `hookEvents`, it is for none."""
    project_id = _project(world, call)
    fields: dict[str, Any] = {"hookEvents": [], **_read(call, _NewWebhook)}
    hook = world.webhooks.add(project_id, fields, call.now)
    return Reply(lambda: hook.payload, status=201)


def get_webhook(world: World, call: Call) -> Reply:
    """GET /webhooks/{hookId}."""
    hook = _find(world, call)
    return Reply(lambda: hook.payload)


def update_webhook(world: World, call: Call) -> Reply:
    """PUT /webhooks/{hookId}: at least one of the fields; null takes headers or label away."""
    hook = _find(world, call)
    fields = _read(call, _Changes)
    if not fields:
        raise Refusal(400, "Invalid request body: at least one field is needed")
    hook.fields.update(fields)
    hook.updated = call.now
    return Reply(lambda: hook.payload)


def delete_webhook(world: World, call: Call) -> Reply:
    """DELETE /webhooks/{hookId}."""
    hook = _find(world, call)
    del world.webhooks[hook.hook_id]
    return Reply(lambda: {"hookId": hook.hook_id, "projectId": hook.project_id})


def _project(world: World, call: Call) -> str:
    asked = Params(call)
    project_id = asked.required("projectId")
    asked.end()
    return known_project(world, project_id)


def _find(world: World, call: Call) -> WorldWebhook:
    no_params(call)
    hook = world.webhooks.get(call.path_args["hook_id"])
    if hook is None:
        raise Refusal(404, "Webhook not found")
    return hook


def _read(call: Call, kind: type["_Optional"]) -> dict[str, Any]:
    """Return the fields as they were sent."""
    headers = read_body(call, kind).headers
    if isinstance(headers, str):
        try:
            msgspec.json.decode(headers, type=dict[str, str])
        except msgspec.DecodeError:
            raise Refusal(400, "headers must be the JSON text of an object of texts") from None
    fields: dict[str, Any] = msgspec.json.decode(call.body)
    return fields


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
