"""A server from its first byte to Ctrl-C."""

import asyncio
import signal
from collections.abc import Generator
from contextlib import AsyncExitStack, contextmanager
from types import FrameType

from currents_async.cli import _exit
from currents_async.cli._execute import complain
from currents_async.cli._mock.announcement import announce, write_json, write_text
from currents_async.cli._mock.request_log import request_log
from currents_async.testing import FakeCurrents


async def serve_until_stopped(server: FakeCurrents, *, log: bool, as_json: bool) -> int:
    """Serve until Ctrl-C or SIGTERM, and return the exit code."""
    async with AsyncExitStack() as stack:
        stopped = stack.enter_context(_stop_signals())
        try:
            await stack.enter_async_context(server)
        except OSError as error:
            complain(f"cannot serve: {error.strerror}")
            return _exit.FAILED
        if log:
            await stack.enter_async_context(request_log(server))
        told = announce(server)
        # Flushed, for whoever waits for it at the other end of a pipe.
        print(write_json(told) if as_json else write_text(told), flush=True)  # noqa: T201 - a command line prints
        await stopped.wait()
    return _exit.OK


@contextmanager
def _stop_signals() -> Generator[asyncio.Event]:
    """Set an event on the first SIGINT or SIGTERM, and ignore all that come after it.

    A shell or a process manager may send one to the process and one to its group.
    """
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(stopped.set)

    # Not `loop.add_signal_handler`, which Windows has not.
    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_IGN if stopped.is_set() else handler)
