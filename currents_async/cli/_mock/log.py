"""What `mock serve` says while it serves: a line for each request, and for each delivery."""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from itertools import takewhile
from urllib.parse import quote, urlencode, urlsplit

from currents_async.cli._streams import note
from currents_async.testing import Delivery, FakeCurrents, RecordedRequest

_LOOK_EVERY_SECONDS = 0.05


def note_delivery(delivery: Delivery) -> None:
    """Write what became of a delivery."""
    outcome = delivery.error if delivery.status is None else delivery.status
    note(delivery_line(delivery.event, delivery.url, outcome))


def delivery_line(event: str, url: str, outcome: object) -> str:
    """Return what became of a delivery, without the secrets that its URL may have."""
    parts = urlsplit(url)
    return f"{event} to {parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path} {outcome}"


@asynccontextmanager
async def request_log(server: FakeCurrents) -> AsyncGenerator[None]:
    """Write lines as long as the context is open, and what is left when it ends."""
    logs = _Log(server.requests), _Log(server.asset_requests)
    task = asyncio.create_task(_keep_writing(logs))
    try:
        yield
    finally:
        task.cancel()
        _write_new(logs)


class _Log:
    """The requests that have finished since the last look."""

    def __init__(self, requests: list[RecordedRequest]) -> None:
        self._requests = requests
        self._last_mark = 0
        self._open: list[RecordedRequest] = []

    def finished(self) -> list[RecordedRequest]:
        # By their marks: the server forgets the first of too many.
        new = list(takewhile(lambda one: one.started > self._last_mark, reversed(self._requests)))
        if new:
            self._last_mark = new[0].started
        seen = self._open + new[::-1]
        self._open = [request for request in seen if request.finished is None]
        return [request for request in seen if request.finished is not None]


async def _keep_writing(logs: tuple[_Log, ...]) -> None:
    while True:
        _write_new(logs)
        await asyncio.sleep(_LOOK_EVERY_SECONDS)


def _write_new(logs: tuple[_Log, ...]) -> None:
    for log in logs:
        for request in log.finished():
            print(_line(request), file=sys.stderr, flush=True)  # noqa: T201 - a command line prints


def _line(request: RecordedRequest) -> str:
    # Quoted again: what a client sends must not draw on the terminal.
    query = f"?{urlencode(request.query)}" if request.query else ""
    status = request.status or "aborted"
    return f"{request.method} {quote(request.path)}{query} {status} {request.bytes_sent} bytes"
