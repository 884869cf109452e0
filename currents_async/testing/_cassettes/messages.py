"""Convert requests and responses between the wire and a tape."""

import asyncio
from collections.abc import Mapping

from aiohttp import web

from currents_async.testing._cassettes.tape import TapedRequest, read_content
from currents_async.testing._faulty.message import compress
from currents_async.testing._serving.api import BASE
from currents_async.testing._serving.api_response import encode_failure
from currents_async.testing._serving.requests import RecordedRequest
from currents_async.testing._serving.sending import WireResponse


def refuse(request: web.Request, recorded: RecordedRequest) -> WireResponse | None:
    """Return the refusal of a request that is not for the API, or lacks the server's key."""
    if not recorded.authorized:
        return fail(401, "Invalid API key provided")
    if not request.path.startswith(f"{BASE}/"):
        return fail(404, "Not found")
    return None


def fail(status: int, message: str) -> WireResponse:
    """Make a failure of our own, in the service's envelope."""
    return WireResponse(status, encode_failure(message), {})


def read_request(request: web.Request, body: bytes) -> TapedRequest:
    """Return a request as a tape has it."""
    query: dict[str, list[str]] = {}
    for name, value in request.query.items():
        query.setdefault(name, []).append(value)
    return TapedRequest(
        method=request.method,
        path=request.rel_url.path_safe.removeprefix(BASE),
        query=query,
        **read_content(body),
    )


async def make_response(
    status: int, headers: Mapping[str, str], body: bytes, *, gzip: bool
) -> WireResponse:
    """Make the response with a body, which may be large."""
    if not gzip or not body:
        return WireResponse(status, body, headers)
    compressed = await asyncio.to_thread(compress, body)
    return WireResponse(status, compressed, {**headers, "Content-Encoding": "gzip"})
