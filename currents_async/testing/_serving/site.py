"""A host on a socket: every request is recorded, and gets a response or a fault."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import cache
from typing import NamedTuple, Protocol

from aiohttp import web
from aiohttp.typedefs import Handler
from multidict import CIMultiDict
from yarl import URL

from currents_async.errors import MisuseError
from currents_async.testing._serving.faults import (
    BEFORE_RESPONSE,
    OURS,
    Faults,
    ScriptedFault,
    break_off,
    damage,
    needs_gzip,
)
from currents_async.testing._serving.recording import Recorder
from currents_async.testing._serving.requests import RecordedRequest
from currents_async.testing._serving.sending import WireResponse, accepts_gzip, send

_MAX_BODY = 1024**3
"""Bytes of a request: no upload is larger."""
_SHUTDOWN_SECONDS = 0.01
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what URLs contain instead


class OperationPath(NamedTuple):
    """The path of an operation."""

    operation: str
    method: str
    path: str


class Host(Protocol):
    """What a site serves."""

    async def respond(
        self, request: web.Request, recorded: RecordedRequest, *, gzip: bool
    ) -> WireResponse:
        """Make the right response, which may be a refusal."""
        ...

    def failure(self, status: int) -> WireResponse:
        """Make a failure that a test asks for."""
        ...


class Site:
    """A host on a socket, with the faults that tests ask for."""

    def __init__(
        self,
        host: Host,
        paths: Iterable[OperationPath],
        recorder: Recorder,
        faults: Faults,
        before_response: Callable[[RecordedRequest], Awaitable[None]],
        on_arrival: Callable[[RecordedRequest], None] | None = None,
    ) -> None:
        """`on_arrival` is called with each request that is going to be carried out."""
        self.host = host
        """May be replaced at any time."""
        self.routes: Sequence[web.RouteDef] = ()
        """What is served besides, and not recorded."""
        self._paths = tuple(paths)
        self._recorder = recorder
        self._faults = faults
        self._before_response = before_response
        self._on_arrival = on_arrival
        self._runner: web.AppRunner | None = None
        self._origin: URL | None = None

    @asynccontextmanager
    async def listen(self, host: str, port: int) -> AsyncGenerator[None]:
        """Serve on a port, 0 for a free one; on exit, wait until no request is in flight."""
        app = web.Application(middlewares=[self._serve_unmatched], client_max_size=_MAX_BODY)
        app[_SITE] = self
        for resource in _resources(self._paths):
            app.router.register_resource(resource)
        app.router.add_routes(self.routes)
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
            # A client that does not read would keep its connection open.
            if connection.transport is not None:
                connection.transport.abort()
        await self._recorder.idle()
        await asyncio.sleep(0)

    def __str__(self) -> str:
        return "not open" if self._origin is None else str(self._origin)

    @property
    def origin(self) -> URL:
        """Its scheme, host and port, while it listens."""
        if self._origin is None:
            raise MisuseError("the server has a URL only inside the `async with`")
        return self._origin

    @property
    def open_connections(self) -> int:
        """How many TCP connections are open, idle ones included."""
        if self._runner is None or self._runner.server is None:
            return 0
        return sum(one.transport is not None for one in self._runner.server.connections)

    @web.middleware
    async def _serve_unmatched(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Serve a request that no route matches too, instead of aiohttp's own 404 or 405."""
        is_matched = request.match_info.http_exception is None
        return await (handler if is_matched else self._serve)(request)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        recorded = self._recorder.start(request)
        try:
            recorded.body = await request.read()
            fault = self._faults.take(recorded.operation, recorded.path_args)
            if self._on_arrival is not None and not (fault and fault.replaces_response):
                self._on_arrival(recorded)
            await self._before_response(recorded)
            response = await self._respond(request, recorded, fault)
            return await send(request, recorded, response, self._recorder)
        except (ConnectionError, asyncio.CancelledError):
            recorded.aborted = recorded.last_byte is None and recorded.fault not in OURS
            raise
        finally:
            self._recorder.finish(recorded)

    async def _respond(
        self, request: web.Request, recorded: RecordedRequest, fault: ScriptedFault | None
    ) -> WireResponse:
        if fault is None:
            return await self.host.respond(request, recorded, gzip=accepts_gzip(request))
        recorded.fault = fault.kind or "status"
        if fault.kind is None:
            return _fail(self.host.failure(fault.status), fault)
        if fault.kind in BEFORE_RESPONSE:
            await break_off(request, fault.kind)
        gzip = needs_gzip(fault.kind) or accepts_gzip(request)
        response = await self.host.respond(request, recorded, gzip=gzip)
        return damage(response, fault.kind)


_SITE = web.AppKey("site", Site)


@cache
def _resources(paths: tuple[OperationPath, ...]) -> Sequence[web.AbstractResource]:
    """Make what all sites with these paths share: it would take long for each site of each test."""

    async def serve(request: web.Request) -> web.StreamResponse:
        return await request.app[_SITE]._serve(request)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - its route

    router = web.UrlDispatcher()
    for one in paths:
        router.add_route(one.method, one.path, serve, name=one.operation)
    return tuple(router.resources())


def _fail(response: WireResponse, fault: ScriptedFault) -> WireResponse:
    """Return a failure with the headers and the body that a test asks for."""
    headers = CIMultiDict(response.headers)
    headers.update(fault.headers)
    return WireResponse(fault.status, response.body if fault.body is None else fault.body, headers)


def _origin_of(runner: web.AppRunner) -> URL:
    host: str
    host, port, *_ = runner.addresses[0]
    return URL.build(scheme="http", host=_ANYWHERE.get(host, host), port=port)
