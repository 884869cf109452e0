"""How a response is sent: in chunks, and recorded as it goes."""

import asyncio
from collections.abc import Mapping
from email.utils import formatdate
from typing import NamedTuple, Never

from aiohttp import web

from currents_async.testing._serving.recording import Recorder
from currents_async.testing._serving.requests import RecordedRequest

_CHUNK = 16 * 1024
# A client on the server's loop needs a few iterations to react to a chunk with a request.
_ITERATIONS = 3


class WireResponse(NamedTuple):
    """A response that is ready to be sent."""

    status: int
    body: bytes
    headers: Mapping[str, str]
    """Headers besides those that every response has, which they override."""
    cut: int | None = None
    """After how many bytes of the body the connection is closed; None means never."""


async def send(
    request: web.Request, recorded: RecordedRequest, response: WireResponse, recorder: Recorder
) -> web.StreamResponse:
    """Send a response in chunks, and let other tasks of the loop run in between."""
    recorded.status = response.status
    stream = web.StreamResponse(status=response.status)
    stream.headers["Content-Type"] = "application/json; charset=utf-8"
    stream.headers["X-Request-Id"] = recorded.request_id
    stream.headers["Date"] = formatdate(recorder.clock.wall(), usegmt=True)
    stream.headers.update(response.headers)
    stream.content_length = len(response.body)
    # HEAD gets the length of a body that is not sent.
    body = b"" if request.method == "HEAD" else response.body
    size = len(body)
    await stream.prepare(request)
    if response.cut is not None:
        recorder.send(recorded, response.cut, last=False)
        await stream.write(body[: response.cut])
        await hang_up(request)
    for start in range(0, max(1, size), _CHUNK):
        for _ in range(_ITERATIONS if start else 0):
            await asyncio.sleep(0)
        chunk = body[start : start + _CHUNK]
        recorder.send(recorded, len(chunk), last=start + _CHUNK >= size)
        await stream.write(chunk)
    await stream.write_eof()
    return stream


async def hang_up(request: web.Request) -> Never:
    """Close the connection once what has been written is sent."""
    if request.transport is not None:
        request.transport.close()
    while True:
        await asyncio.Event().wait()  # cancelled when the connection has gone


def accepts_gzip(request: web.Request) -> bool:
    """Return whether the client accepts gzip."""
    codings = request.headers.get("Accept-Encoding", "").lower().replace(" ", "").split(",")
    return any(coding.split(";")[0] == "gzip" and coding[4:] != ";q=0" for coding in codings)
