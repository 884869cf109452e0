"""An application on a socket: every request is recorded, answered or failed, and sent."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import NamedTuple, Protocol

from aiohttp import web
from aiohttp.typedefs import Handler
from multidict import CIMultiDict
from yarl import URL

from currents_async.testing._serving.breaking import (
    BEFORE_ANY_ANSWER,
    OURS,
    break_off,
    harm,
    needs_gzip,
)
from currents_async.testing._serving.faults import Fault, Faults
from currents_async.testing._serving.recording import Recorder
from currents_async.testing._serving.requests import RecordedRequest
from currents_async.testing._serving.sending import Answer, accepts_gzip, send

_SHUTDOWN_SECONDS = 0.01
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what a URL says instead


class Path(NamedTuple):
    """Where an operation is."""

    operation: str
    method: str
    path: str


class Host(Protocol):
    """What a site serves."""

    async def answer(
        self, request: web.Request, recorded: RecordedRequest, *, gzip: bool
    ) -> Answer:
        """Make the right answer, also to what is asked in a wrong way."""
        ...

    def failure(self, status: int) -> Answer:
        """Make a failure that a test asked for."""
        ...


class Site:
    """A host on a socket, with the faults that tests want of it."""

    def __init__(
        self,
        host: Host,
        paths: Iterable[Path],
        recorder: Recorder,
        faults: Faults,
        before_answer: Callable[[RecordedRequest], Awaitable[None]],
    ) -> None:
        self._host = host
        self._paths = tuple(paths)
        self._recorder = recorder
        self._faults = faults
        self._before_answer = before_answer
        self._runner: web.AppRunner | None = None
        self._origin: URL | None = None

    @asynccontextmanager
    async def listen(self, host: str, port: int) -> AsyncGenerator[None]:
        """Serve on a port, 0 for any; in the end, wait until nothing is under way."""
        app = web.Application(middlewares=[self._serve])
        for one in self._paths:
            app.router.add_route(one.method, one.path, _unreached, name=one.operation)
        runner = web.AppRunner(
            app,
            access_log=None,
            handler_cancellation=True,
            shutdown_timeout=_SHUTDOWN_SECONDS,
        )
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port).start()
            self._runner, self._origin = runner, _origin_of(runner)
            yield
        finally:
            self._runner = self._origin = None
            await self._close(runner)

    async def _close(self, runner: web.AppRunner) -> None:
        connections = [] if runner.server is None else runner.server.connections
        await runner.cleanup()
        for connection in connections:
            # A client that does not read would keep its connection open until it does.
            if connection.transport is not None:
                connection.transport.abort()
        await self._recorder.idle()
        await asyncio.sleep(0)

    @property
    def origin(self) -> URL:
        """Where it is, while it is there."""
        if self._origin is None:
            raise RuntimeError("there is a URL only inside the `async with`")
        return self._origin

    @property
    def open_connections(self) -> int:
        """How many TCP connections are open, idle ones included."""
        if self._runner is None or self._runner.server is None:
            return 0
        return sum(one.transport is not None for one in self._runner.server.connections)

    @web.middleware
    async def _serve(
        self,
        request: web.Request,
        handler: Handler,  # noqa: ARG002 - aiohttp passes it by this name
    ) -> web.StreamResponse:
        """Answer every request, also those that aiohttp knows no route for."""
        recorded = self._recorder.start(request)
        try:
            recorded.body = await request.read()
            await self._before_answer(recorded)
            answer = await self._answer(request, recorded)
            return await send(request, recorded, answer, self._recorder)
        except (ConnectionError, asyncio.CancelledError):
            recorded.aborted = recorded.last_byte is None and recorded.fault not in OURS
            raise
        finally:
            self._recorder.finish(recorded)

    async def _answer(self, request: web.Request, recorded: RecordedRequest) -> Answer:
        fault = self._faults.take(recorded.operation, recorded.path_args)
        if fault is None:
            return await self._host.answer(request, recorded, gzip=accepts_gzip(request))
        recorded.fault = fault.breakage or "status"
        if fault.breakage is None:
            return _fail(self._host.failure(fault.status), fault)
        if fault.breakage in BEFORE_ANY_ANSWER:
            await break_off(request, fault.breakage)
        gzip = needs_gzip(fault.breakage) or accepts_gzip(request)
        answer = await self._host.answer(request, recorded, gzip=gzip)
        return harm(answer, fault.breakage)


def _fail(answer: Answer, fault: Fault) -> Answer:
    """Return a failure with what a test wants otherwise about it."""
    headers = CIMultiDict(answer.headers)
    headers.update(fault.headers)
    return Answer(fault.status, answer.body if fault.body is None else fault.body, headers)


def _origin_of(runner: web.AppRunner) -> URL:
    host: str
    host, port, *_ = runner.addresses[0]
    return URL.build(scheme="http", host=_ANYWHERE.get(host, host), port=port)


async def _unreached(_: web.Request) -> web.StreamResponse:
    raise NotImplementedError("the middleware answers")
