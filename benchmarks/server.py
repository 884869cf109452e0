"""A server in a process of its own: `python -m benchmarks.server`.

A line of its input is a `Service`, and says what to serve from now on: the response is its URL. The
line `null` asks what has been served since the last time. It ends when its input does.
"""

import asyncio
import selectors
import sys

import msgspec

from benchmarks.processes import pin, say
from benchmarks.services import Service


async def serve() -> None:
    """Serve one thing after the other."""
    line = await _next_line()
    while line:
        async with msgspec.json.decode(line, type=Service).open() as (url, counts):
            say(url)
            while (line := await _next_line()) == b"null\n":
                say(counts())


async def _next_line() -> bytes:
    return await asyncio.to_thread(sys.stdin.buffer.readline)


def _precise_loop() -> asyncio.AbstractEventLoop:
    # With epoll, asyncio's timers are up to a millisecond late; select counts microseconds.
    return asyncio.SelectorEventLoop(selectors.SelectSelector())


if __name__ == "__main__":
    pin("server")
    with asyncio.Runner(loop_factory=_precise_loop) as runner:
        runner.run(serve())
