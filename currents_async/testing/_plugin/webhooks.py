"""The apps under test that webhooks call."""

import asyncio
from collections.abc import Collection, Mapping
from contextlib import AsyncExitStack
from typing import Self

import msgspec
from aiohttp import web

from currents_async.errors import InvalidArgumentError, MisuseError
from currents_async.testing._serving.webhook_sender import Delivery
from currents_async.testing._world.ids import seconds_ms
from currents_async.testing._world.webhooks import EVENTS
from currents_async.testing.server import FakeCurrents
from currents_async.testing.world import WorldProject, WorldRun

_SHUTDOWN_SECONDS = 5.0
"""For requests in flight; aiohttp's default of a minute is long for a test that fails."""


class WebhookApps:
    """Your apps, and the webhooks through which a `FakeCurrents` calls them.

        await webhooks.serve(app, "/hooks/currents", headers={"X-Secret": "s"})
        await webhooks.emit(run, "RUN_FINISH")
        await webhooks.aclose()

    A webhook belongs to the projects that the world has when it is made, or to one `project`.
    """

    def __init__(self, server: FakeCurrents) -> None:
        """Make it for one `async with`, inside that of the server."""
        self._server = server
        self._apps: list[_RunningApp] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    async def serve(
        self,
        app: web.Application,
        path: str = "/",
        *,
        project: WorldProject | None = None,
        events: Collection[str] = EVENTS,
        headers: Mapping[str, str] | None = None,
    ) -> str:
        """Run an app on a loopback port, make a webhook that calls a path of it, return that URL.

        The webhook is called with `headers`, such as a shared secret.
        """
        if asyncio.get_running_loop() is not self._loop:
            raise MisuseError(
                "this runs in another event loop than the test: an async fixture needs the same "
                "loop_scope, see asyncio_default_fixture_loop_scope of pytest-asyncio"
            )
        running = _RunningApp(app)
        self._apps.append(running)
        url = f"{await running.origin()}/{path.removeprefix('/')}"
        self.register(url, project=project, events=events, headers=headers)
        return url

    def register(
        self,
        url: str,
        *,
        project: WorldProject | None = None,
        events: Collection[str] = EVENTS,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Make a webhook that calls an app which runs already."""
        world = self._server.world
        projects = world.projects if project is None else [project]
        if not projects:
            raise InvalidArgumentError("the world has no project yet: make one before its webhook")
        unknown = set(events) - set(EVENTS)
        if unknown:
            raise InvalidArgumentError(f"events must be of {list(EVENTS)}, not {sorted(unknown)}")
        secret = msgspec.json.encode(headers or {}).decode()
        now = seconds_ms(self._server.clock.wall())
        for one in projects:
            fields = {"url": url, "headers": secret, "hookEvents": list(events)}
            world.webhooks.add(one.project_id, fields, now)

    async def emit(self, run: WorldRun, event: str) -> list[Delivery]:
        """Call the webhooks that want an event of a run, as `FakeCurrents.emit` does."""
        return await self._server.emit(run, event)

    async def aclose(self) -> None:
        """Shut the apps down as a deployment does: accepted requests are finished."""
        async with AsyncExitStack() as stack:
            for app in self._apps:
                stack.push_async_callback(app.stop)
            self._apps = []

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()


class _RunningApp:
    """An app in a task of its own: its startup and cleanup may share a task group."""

    def __init__(self, app: web.Application) -> None:
        """Start it in the background."""
        self._port = asyncio.get_running_loop().create_future()
        self._leave = asyncio.Event()
        self._task = asyncio.create_task(self._run(app))

    async def origin(self) -> str:
        """Wait until it has started, and return its origin, or raise what it raised."""
        await asyncio.wait([self._task, self._port], return_when=asyncio.FIRST_COMPLETED)
        if self._task.done():
            await self._task
        return f"http://127.0.0.1:{self._port.result()}"

    async def stop(self) -> None:
        """Shut it down gracefully, and raise what its cleanup raises."""
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
