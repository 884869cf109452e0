"""Whole responses with correct framing: valid ones, and ones that a client does not want."""

from collections.abc import Mapping
from typing import Any

import msgspec

from currents_async.testing._faulty.exchange import Exchange, Fault
from currents_async.testing._faulty.message import message, plays

BODY = msgspec.json.encode({
    "status": "OK",
    "data": {
        "runId": "r",
        "projectId": "p",
        "completionState": "COMPLETE",
        "status": "PASSED",
        "instanceId": "i",
        "groupId": "g",
        "spec": "a.spec.ts",
        "specs": [{"spec": f"{name}.spec.ts", "groupId": "g"} for name in "abc"],
    },
})
"""A valid envelope: its data is valid for a run and for an instance."""

_HTML = b"<!DOCTYPE html><html><head><title>Error</title></head><body><h1>Error</h1></body></html>"


def response(
    body: bytes = BODY,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    *,
    gzip: bool = True,
) -> Fault:
    """Send a valid response; `headers` override the default ones."""
    return plays(message(body, status=status, headers=headers, gzip=gzip))


def json_response(data: Any, status: int = 200, *, gzip: bool = True) -> Fault:
    """Send a valid response with this data in the envelope."""
    return response(msgspec.json.encode({"status": "OK", "data": data}), status, gzip=gzip)


def plain(body: bytes = BODY) -> Fault:
    """Send a valid response without any content encoding."""
    return response(body, gzip=False)


def html(status: int = 200) -> Fault:
    """Send a page of HTML, as gateways and login screens do."""
    return response(_HTML, status, {"Content-Type": "text/html; charset=utf-8"})


def redirect(status: int = 302, location: str = "/v1/elsewhere") -> Fault:
    """Redirect the client to another URL."""
    return response(b"", status, {"Location": location}, gzip=False)


def redirect_loop(status: int = 302) -> Fault:
    """Redirect the client to the URL that it has requested."""

    async def fault(exchange: Exchange) -> None:
        await redirect(status, exchange.request.target)(exchange)

    return fault


def raw(data: bytes, *, close: bool = True) -> Fault:
    """Send these bytes and no others, head and framing included."""
    return plays(data, "close") if close else plays(data)
