"""A server that costs next to nothing: prebuilt gzip bytes, with latency and throttling.

`python -m benchmarks.server FOLDER` prints its port, and ends when its standard input does. The
first part of a URL's path is the link: `/20ms,10000000Bps/runs/playwright`, with 0 for none.
"""

import asyncio
import re
import selectors
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.cores import pin

LAST = "/last"
"""Answers when the last response began, by `time.perf_counter`: all processes share its clock."""

_REQUEST = re.compile(rb"GET /(\d+)ms,(\d+)Bps/([^ ?]+)")
_PIECE = 16 * 1024
_CATCH_UP = 0.005


class Site:
    """What the server has to send, and how fast its links are."""

    def __init__(self, folder: Path) -> None:
        self.answers = {
            path.relative_to(folder).as_posix().removesuffix(".json.gz"): _answer(path.read_bytes())
            for path in folder.rglob("*.json.gz")
        }
        self.last = 0.0
        self._free: dict[int, float] = {}

    def due(self, rate: int, size: int, now: float) -> float:
        """Reserve a link for some bytes; return when the last of them has passed it."""
        free = self._free.get(rate, 0.0)
        # A link that is busy goes on from when it was due, not from when a timer noticed.
        begin = free if free > now - _CATCH_UP else now
        self._free[rate] = begin + size / rate
        return self._free[rate]


def _answer(body: bytes) -> bytes:
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
        """Answer once the request's head is there; requests have no body here."""
        self._request += data
        if self._request.endswith(b"\r\n\r\n"):
            request, self._request = self._request, b""
            self._respond(request)

    def _respond(self, request: bytes) -> None:
        found = _REQUEST.match(request)
        if found is None:
            self._transport.write(_plain(repr(self._site.last).encode()))
            return
        latency, rate, path = int(found[1]) / 1000, int(found[2]), found[3].decode()
        answer = self._site.answers[path]
        arrived = self._loop.time()
        self._at(arrived + latency, lambda: self._begin(answer, rate))

    def _begin(self, answer: bytes, rate: int) -> None:
        self._site.last = time.perf_counter()
        if rate:
            self._trickle(memoryview(answer), rate)
        else:
            self._transport.write(answer)

    def _trickle(self, rest: memoryview, rate: int) -> None:
        """Send the next piece when the link has passed it, then the rest."""
        piece, rest = rest[:_PIECE], rest[_PIECE:]

        def send() -> None:
            self._transport.write(piece)
            if rest:
                self._trickle(rest, rate)

        self._at(self._site.due(rate, len(piece), self._loop.time()), send)

    def _at(self, due: float, call: Callable[[], None]) -> None:
        if due <= self._loop.time():
            call()
        else:
            self._loop.call_at(due, call)


def _plain(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


async def serve(folder: Path) -> None:
    """Serve a folder on a free port until the standard input ends."""
    site = Site(folder)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(site), "127.0.0.1", 0)
    async with server:
        sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
        sys.stdout.flush()
        await loop.run_in_executor(None, sys.stdin.read)


def _precise_loop() -> asyncio.AbstractEventLoop:
    # With epoll, asyncio's timers are up to a millisecond late; select counts microseconds.
    return asyncio.SelectorEventLoop(selectors.SelectSelector())


if __name__ == "__main__":
    pin("server")
    with asyncio.Runner(loop_factory=_precise_loop) as runner:
        runner.run(serve(Path(sys.argv[1])))
