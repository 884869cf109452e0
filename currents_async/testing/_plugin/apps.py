"""An app on a loopback port, run as aiohttp runs apps: from start to end in one task."""

import asyncio

from aiohttp import web

_SHUTDOWN_SECONDS = 5.0
"""For requests that are being answered; aiohttp's own minute is long for a test that fails."""


class RunningApp:
    """An app in a task of its own: its startup and cleanup may share a task group."""

    def __init__(self, app: web.Application) -> None:
        """Begin to start it."""
        self._port = asyncio.get_running_loop().create_future()
        self._leave = asyncio.Event()
        self._task = asyncio.create_task(self._run(app))

    async def origin(self) -> str:
        """Wait until it has started, and return where it is; raise what it raised instead."""
        await asyncio.wait([self._task, self._port], return_when=asyncio.FIRST_COMPLETED)
        if self._task.done():
            await self._task
        return f"http://127.0.0.1:{self._port.result()}"

    async def stop(self) -> None:
        """Shut it down, gracefully; raise what its cleanup raises."""
        self._leave.set()
        await asyncio.wait([self._task])
        if self._port.done():
            await self._task

    async def _run(self, app: web.Application) -> None:
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
        try:
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self._port.set_result(runner.addresses[0][1])
            await self._leave.wait()
        finally:
            await runner.cleanup()
