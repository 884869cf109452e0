"""A server that costs next to nothing: prebuilt gzip bytes, with latency and throttling.

The first part of a URL's path may be a link: `/20ms,10000000Bps/runs/playwright`, with 0 for none.
"""

import asyncio
import re
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.payloads import ANY_INSTANCE

_REQUEST = re.compile(rb"GET (?:/(\d+)ms,(\d+)Bps)?/([^ ?]+)")
_CHUNK = 16 * 1024
_CATCH_UP = 0.005


class Site:
    """What the server has to send, and how fast its links are."""

    def __init__(self, folder: Path) -> None:
        self.responses = {
            path.relative_to(folder).as_posix().removesuffix(".json.gz"): _respond(
                path.read_bytes()
            )
            for path in folder.rglob("*.json.gz")
        }
        self.began = 0
        """When the last response began: `time.perf_counter_ns`, which all processes share."""
        self._free: dict[int, float] = {}

    def due(self, rate: int, size: int, now: float) -> float:
        """Reserve a link for some bytes; return when the last of them has passed it."""
        free = self._free.get(rate, 0.0)
        # A link that is busy goes on from when it was due, not from when a timer noticed.
        begin = free if free > now - _CATCH_UP else now
        self._free[rate] = begin + size / rate
        return self._free[rate]


def _respond(body: bytes) -> bytes:
    head = (
        "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\n"
        f"Content-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Connection(asyncio.Protocol):
    """One request after the other; nothing is checked."""

    _transport: asyncio.Transport

    def __init__(self, site: Site) -> None:
        self._site = site
        self._loop = asyncio.get_running_loop()
        self._request = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - TCP has no other
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Respond once the request's head is there; requests have no body here."""
        self._request += data
        if not self._request.endswith(b"\r\n\r\n"):
            return
        found, self._request = _REQUEST.match(self._request), b""
        assert found is not None  # noqa: S101 - no client of ours asks for anything else
        latency, rate, path = int(found[1] or 0) / 1000, int(found[2] or 0), found[3].decode()
        response = self._site.responses.get(path) or self._site.responses[ANY_INSTANCE]
        arrived = self._loop.time()
        self._at(arrived + latency, lambda: self._begin(response, rate))

    def _begin(self, response: bytes, rate: int) -> None:
        self._site.began = time.perf_counter_ns()
        if rate:
            self._trickle(memoryview(response), rate)
        else:
            self._transport.write(response)

    def _trickle(self, rest: memoryview, rate: int) -> None:
        """Send the next chunk when the link has passed it, then the rest."""
        chunk, rest = rest[:_CHUNK], rest[_CHUNK:]

        def send() -> None:
            self._transport.write(chunk)
            if rest:
                self._trickle(rest, rate)

        self._at(self._site.due(rate, len(chunk), self._loop.time()), send)

    def _at(self, due: float, call: Callable[[], None]) -> None:
        if due <= self._loop.time():
            call()
        else:
            self._loop.call_at(due, call)
