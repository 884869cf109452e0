"""Recorded requests, deliveries and faults as JSON."""

import base64
from typing import Any

import msgspec

from currents_async.testing._admin.nearest import near_miss
from currents_async.testing._serving.faults import ScriptedFault
from currents_async.testing._serving.requests import RecordedRequest
from currents_async.testing._serving.webhook_sender import Delivery

_SHOWN = (
    "operation",
    "method",
    "path",
    "path_args",
    "query",
    "authorized",
    "request_id",
    "at",
    "status",
    "error",
    "fault",
    "aborted",
)
_MAX_BODY = 64 * 1024
"""Bytes of a body that are shown: an upload may have a gigabyte."""


def request_to_json(request: RecordedRequest) -> dict[str, Any]:
    """Return a request as it was recorded: without its key."""
    return {
        **{name: getattr(request, name) for name in _SHOWN},
        "headers": dict(request.headers),
        "body": _text(request.body[:_MAX_BODY]),
    }


def miss_to_json(request: RecordedRequest) -> dict[str, Any]:
    """Return a request that matches nothing, with what it is nearest to, and the difference."""
    miss = near_miss(request)
    nearest = {"operation": miss.operation, "method": miss.method, "path": miss.path}
    return {
        "request": request_to_json(request),
        "nearest": nearest,
        "difference": miss.difference,
    }


def delivery_to_json(delivery: Delivery) -> dict[str, Any]:
    """Return a delivery without its headers, which carry a secret."""
    return dict(delivery.__rich_repr__())


def fault_to_json(fault: ScriptedFault) -> dict[str, Any]:
    """Return a fault as it is added, with the times that are left."""
    shown: dict[str, Any] = msgspec.to_builtins(msgspec.structs.replace(fault, body=None))
    shown["fault"] = shown.pop("kind")
    return {**shown, "body": None if fault.body is None else _text(fault.body)}


def _text(body: bytes) -> str:
    """Return a body as text, or in Base64 if it is none."""
    try:
        return body.decode()
    except UnicodeDecodeError:
        return "base64:" + base64.b64encode(body).decode()
