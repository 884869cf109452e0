"""A server from its first byte to Ctrl-C."""

import sys
from contextlib import AsyncExitStack

from currents_async.cli import _exit
from currents_async.cli._mock.announcement import announce, write_json, write_text
from currents_async.cli._mock.request_log import request_log
from currents_async.cli._signals import stop_signals
from currents_async.cli._streams import machine_stdout
from currents_async.cli._text import complain
from currents_async.testing import FakeCurrents


async def serve_until_stopped(
    server: FakeCurrents, *, assets: bool, log: bool, as_json: bool
) -> int:
    """Serve until Ctrl-C or SIGTERM, and return the exit code."""
    async with AsyncExitStack() as stack:
        stopped = stack.enter_context(stop_signals())
        try:
            await stack.enter_async_context(server)
        except OSError as error:
            besides = " (--assets takes the port after --port too)" if assets else ""
            complain(f"cannot serve: {error.strerror}{besides}")
            return _exit.FAILED
        if log:
            await stack.enter_async_context(request_log(server))
        told = announce(server, assets=assets)
        out = machine_stdout() if as_json else sys.stdout
        out.write((write_json(told) if as_json else write_text(told)) + "\n")
        out.flush()  # for whoever waits for it at the other end of a pipe
        await stopped.wait()
    return _exit.OK
