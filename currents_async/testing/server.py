"""The Currents REST API on a loopback socket, backed by a `World`."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Self

from aiohttp import web
from aiohttp.typedefs import Handler

from currents_async.testing._serving.breaking import (
    BEFORE_ANY_ANSWER,
    OURS,
    break_off,
    harm,
    needs_gzip,
)
from currents_async.testing._serving.call import Call
from currents_async.testing._serving.faults import Breakage, Fault, Faults
from currents_async.testing._serving.rate import RatePolicy, RateWindow
from currents_async.testing._serving.recording import RecordedRequest, Recorder
from currents_async.testing._serving.replies import (
    Encoder,
    Refusal,
    Reply,
    compress,
    encode_failure,
)
from currents_async.testing._serving.routes import ROUTES
from currents_async.testing._serving.sending import Answer, accepts_gzip, send
from currents_async.testing._world.ids import seconds_ms
from currents_async.testing.world import World

__all__ = ["FakeCurrents", "RatePolicy", "RecordedRequest"]

_BASE = "/v1"
_SHUTDOWN_SECONDS = 0.01
_HANDLERS = {route.endpoint.operation: route.handle for route in ROUTES}


class FakeCurrents:
    """A fake of the service for tests: real HTTP, on 127.0.0.1, in the loop of the test.

        async with FakeCurrents() as server:
            async with Currents(server.api_key, base_url=server.url) as currents:
                ...

    Without a world it serves one project with one complete run of 40 specs.
    """

    before_answer: Callable[[RecordedRequest], Awaitable[None]] | None
    """Awaited before each answer is made: a test can hold answers back, or look at the order."""

    def __init__(
        self,
        world: World | None = None,
        *,
        api_key: str = "fake-currents-api-key",
        response_limit: int = 1_048_576,
        latency: float = 0.0,
        rate_limit: RatePolicy | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """Make a server for one `async with`.

        `response_limit` is in bytes on the wire, `latency` in seconds before each answer. The rate
        limit is measured with `clock`; `wall_clock`, in epoch seconds, is for what is told of it,
        and for the dates of actions and webhooks.
        """
        if world is None:
            world = World()
            world.project().run()
        self.world = world
        self.api_key = api_key
        self.before_answer = None
        self._response_limit = response_limit
        self._latency = latency
        self._wall_clock = wall_clock
        self._faults = Faults()
        self._rate = None if rate_limit is None else RateWindow(rate_limit, clock, wall_clock)
        self._encoder = Encoder()
        self._recorder = Recorder()
        self._runner: web.AppRunner | None = None
        self._url: str | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(middlewares=[self._serve])
        for endpoint, _ in ROUTES:
            app.router.add_route(
                endpoint.method, _BASE + endpoint.path, _unreached, name=endpoint.operation
            )
        self._runner = web.AppRunner(
            app,
            access_log=None,
            handler_cancellation=True,
            shutdown_timeout=_SHUTDOWN_SECONDS,
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0]
        self._url = f"http://{host}:{port}{_BASE}"
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        runner, self._runner, self._url = self._runner, None, None
        if runner is None or runner.server is None:
            return
        connections = runner.server.connections
        await runner.cleanup()
        for connection in connections:
            # A client that does not read would keep its connection open until it does.
            if connection.transport is not None:
                connection.transport.abort()
        await self._recorder.idle()
        await asyncio.sleep(0)

    @property
    def url(self) -> str:
        """The base URL for the client."""
        if self._url is None:
            raise RuntimeError("FakeCurrents has a URL only inside its `async with`")
        return self._url

    @property
    def requests(self) -> list[RecordedRequest]:
        """All requests, in the order in which they arrived."""
        return self._recorder.requests

    @property
    def in_flight(self) -> int:
        """How many requests have arrived and do not have their answer's last byte yet."""
        return self._recorder.in_flight

    @property
    def peak_in_flight(self) -> int:
        """The most there ever were of `in_flight`."""
        return self._recorder.peak_in_flight

    @property
    def bytes_sent(self) -> int:
        """Bytes of bodies sent so far, compressed where they were."""
        return self._recorder.bytes_sent

    @property
    def open_connections(self) -> int:
        """How many TCP connections are open, idle ones included."""
        if self._runner is None or self._runner.server is None:
            return 0
        return sum(one.transport is not None for one in self._runner.server.connections)

    async def idle(self) -> None:
        """Wait until no request is in flight."""
        await self._recorder.idle()

    def fail(
        self,
        operation: str | None,
        status: int = 503,
        times: int | None = 1,
        *,
        path_args: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        after: int = 0,
        probability: float | None = None,
        seed: int = 0,
        fault: Breakage | None = None,
    ) -> None:
        """Answer the next `times` requests of an operation with a failure.

        `operation` None means every request, `times` None for ever. Only those requests count
        whose path arguments include `path_args`, such as `{"instance_id": "2tniK8lM9j1rSoVh"}`.
        The first `after` of them are spared; then each fails, or fails with `probability`, drawn
        from random numbers of its own that depend on `seed` only. Without `body` the answer is the
        service's envelope.

        Instead of a status, `fault` harms the connection: `reset` and `close` end it without an
        answer, and `stall` never answers. Or it harms the right answer: `truncate` closes the
        connection after half of the body, `cut-gzip` sends half of the gzip stream, `corrupt`
        damages it in the middle; the last two in sound framing, and gzip even if not asked for.

        Faults come before anything else: the world is not touched, nor the API key looked at, and
        they do not count for the rate limit; but with the three that harm the right answer, the
        request is done. Several for the same request come one after the other: each sees only the
        requests that those before it leave alone.
        """
        if operation is not None and operation not in _HANDLERS:
            raise ValueError(f"operation must be one of {sorted(_HANDLERS)}, not {operation!r}")
        self._faults.add(
            Fault(
                operation=operation,
                status=status,
                times=times,
                path_args=path_args or {},
                headers=headers or {},
                body=body,
                after=after,
                probability=probability,
                seed=seed,
                breakage=fault,
            )
        )

    @web.middleware
    async def _serve(
        self,
        request: web.Request,
        handler: Handler,  # noqa: ARG002 - aiohttp passes it by this name
    ) -> web.StreamResponse:
        """Answer every request, also those that aiohttp knows no route for."""
        authorized = request.headers.get("Authorization") == f"Bearer {self.api_key}"
        recorded = self._recorder.start(request, base=_BASE, authorized=authorized)
        try:
            recorded.body = await request.read()
            if self.before_answer is not None:
                await self.before_answer(recorded)
            if self._latency:
                await asyncio.sleep(self._latency)
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
            return await self._right_answer(request, recorded, gzip=accepts_gzip(request))
        recorded.fault = fault.breakage or "status"
        if fault.breakage is None:
            return Answer(fault.status, fault.content(), fault.headers)
        if fault.breakage in BEFORE_ANY_ANSWER:
            await break_off(request, fault.breakage)
        gzip = needs_gzip(fault.breakage) or accepts_gzip(request)
        answer = await self._right_answer(request, recorded, gzip=gzip)
        return harm(answer, fault.breakage)

    async def _right_answer(
        self, request: web.Request, recorded: RecordedRequest, *, gzip: bool
    ) -> Answer:
        headers = {"Content-Encoding": "gzip"} if gzip else {}
        status = 200
        try:
            if self._rate is not None:
                verdict = self._rate.count()
                headers |= verdict.headers
                if not verdict.allowed:
                    raise Refusal(429, "Too Many Requests")  # noqa: TRY301 - like any other
            reply = self._reply(request, recorded)
            body = await self._encoder.encode(reply, gzip=gzip)
            self._check_size(body)
            status, headers = reply.status, headers | reply.headers
        except Refusal as refusal:
            status, failure = refusal.status, encode_failure(refusal.message)
            body = compress(failure) if gzip else failure
        return Answer(status, body, headers)

    def _check_size(self, body: bytes) -> None:
        if len(body) > self._response_limit:
            raise Refusal(
                413,
                f"Payload Too Large - {len(body)} bytes, the limit is {self._response_limit}. "
                "Use Accept-Encoding: gzip header.",
            )

    def _reply(self, request: web.Request, recorded: RecordedRequest) -> Reply:
        if not recorded.authorized:
            raise Refusal(401, "Invalid API key provided")
        if recorded.operation is None:
            wrong_method = isinstance(request.match_info.http_exception, web.HTTPMethodNotAllowed)
            raise Refusal(405, "Method not allowed") if wrong_method else Refusal(404, "Not found")
        now = seconds_ms(self._wall_clock())
        call = Call(recorded.path_args, recorded.query, recorded.body, now)
        return _HANDLERS[recorded.operation](self.world, call)


async def _unreached(_: web.Request) -> web.StreamResponse:
    raise NotImplementedError("the middleware answers")
