"""The Currents REST API on a loopback socket, backed by a `World`."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from itertools import count
from types import TracebackType
from typing import Self

from aiohttp import web

from currents_async._checks import check_int
from currents_async.errors import Candidate, InvalidArgumentError, MisuseError
from currents_async.testing._limiters.fixed_window import RatePolicy
from currents_async.testing._limiters.meter import Limiter, check_limiter
from currents_async.testing._serving.api import BASE, Api, reason_of
from currents_async.testing._serving.api import PATHS as API_PATHS
from currents_async.testing._serving.api_response import encode_refusal
from currents_async.testing._serving.assets import PATHS as ASSET_PATHS
from currents_async.testing._serving.assets import AssetHost
from currents_async.testing._serving.credentials import Credentials
from currents_async.testing._serving.faults import FaultKind, Faults, ScriptedFault
from currents_async.testing._serving.life import Life
from currents_async.testing._serving.link_pages import LinkPages
from currents_async.testing._serving.recording import Recorder
from currents_async.testing._serving.requests import RecordedRequest, Requests, check_operation
from currents_async.testing._serving.site import Site
from currents_async.testing._serving.webhook_sender import Delivery, WebhookSender
from currents_async.testing._world.webhooks import Event
from currents_async.testing.clock import AnyClock, RunningClock
from currents_async.testing.world import World, WorldRun

__all__ = ["Delivery", "FakeCurrents", "RatePolicy", "RecordedRequest", "Requests"]


class FakeCurrents:
    """A fake of the service for tests: real HTTP, on 127.0.0.1, in the loop of the test.

        async with FakeCurrents() as server:
            async with Currents(server.api_key, base_url=server.url) as currents:
                ...

    Without a world it serves one project with one complete run of 40 specs.
    """

    clock: AnyClock
    """The server's clock: `advance` moves it forward."""
    before_response: Callable[[RecordedRequest], Awaitable[None]] | None
    """Awaited before each response is made: a test can delay responses, or watch their order."""
    on_delivery: Callable[[Delivery], object] | None
    """Called with the outcome of each delivery to a webhook."""

    def __init__(
        self,
        world: World | None = None,
        *,
        api_key: str = "fake-currents-api-key",
        host: str = "127.0.0.1",
        port: int = 0,
        assets: bool = False,
        asset_port: int | None = None,
        speed: float | None = None,
        max_response_bytes: int = 1_048_576,
        latency: float = 0.0,
        rate_limit: Limiter | None = None,
        max_requests: int | None = None,
        strict: bool = True,
        clock: AnyClock | None = None,
    ) -> None:
        """Make a server for one `async with`.

        Port 0 picks a free one. With `assets`, the URLs of assets are signed anew in each response:
        they lead to a second socket, on `asset_port`, by default the next port or again a free one,
        and expire after 3 days, as they say themselves. Shares and trace links lead there too, and
        the upload URLs of attachments, for ten minutes: `World.attachments` has what arrived.
        Otherwise they are those of the world, which no server is behind.
        `rate_limit` is any limiter of `currents_async.testing.limiters`; assets have none.
        `max_response_bytes` counts bytes on the wire. `requests` and `asset_requests` keep the
        last `max_requests` of each, for a server that runs for long; None keeps them all. Raises
        `InvalidArgumentError` if it is not a positive integer, or `rate_limit` not a limiter.

        With a `speed`, runs in progress go on by the clock, which counts that many times as fast
        for them, and webhooks are called by themselves: `RUN_START` for the runs that are in
        progress at first and those that are made later, and the event of each end. 0 lets no run
        progress.

        With `strict`, parameters that an operation does not have are refused with 400, so that a
        misspelt one does not go unnoticed. The service itself ignores them.

        The rate limit, the signatures and all dates follow `clock`, a `RunningClock` by default.
        With a `ManualClock` that the client follows too, no wait takes real time. `latency`, in
        seconds before each response, is real time, as is everything that happens on sockets.
        """
        if world is None:
            world = World()
            world.project().run()
        self.world: World = world
        self.clock = RunningClock() if clock is None else clock
        self.before_response = None
        self.on_delivery = None
        self._address = host, port
        self._latency = latency
        self._faults = Faults()
        bound = None if max_requests is None else check_int("max_requests", max_requests)
        self._webhook_sender = WebhookSender(self.clock, self._note_delivery, max_deliveries=bound)
        self._asset_port = (port and port + 1) if asset_port is None else asset_port
        self._serves_assets = assets
        self._speed = speed
        self._limiter = None if rate_limit is None else check_limiter("rate_limit", rate_limit)
        self._max_response_bytes = max_response_bytes
        self._strict = strict
        self._credentials = Credentials(api_key, self.clock, world)
        marks = count(1)
        self._requests = Recorder(
            self.clock,
            marks,
            "fake",
            BASE,
            self._credentials.of,
            on_finish=self._end,
            max_requests=bound,
        )
        self._downloads = Recorder(
            self.clock, marks, "fake-asset", "", self._credentials.of, max_requests=bound
        )
        self._make_hosts()
        self._api = Site(
            self._api_host,
            API_PATHS,
            self._requests,
            self._faults,
            self._before_response,
            self._begin,
        )
        self._assets = Site(
            self._asset_host, ASSET_PATHS, self._downloads, self._faults, self._before_response
        )
        self._closing = AsyncExitStack()

    async def __aenter__(self) -> Self:
        host, port = self._address
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._webhook_sender.ready())
            await stack.enter_async_context(self._api.listen(host, port))
            if self._serves_assets:
                await stack.enter_async_context(self._assets.listen(host, self._asset_port))
            stack.callback(self._stop)
            self._life.start()
            self._closing = stack.pop_all()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._closing.aclose()

    def __repr__(self) -> str:
        return f"<FakeCurrents {self._api}, {len(self.requests)} requests>"

    @property
    def api_key(self) -> str:
        """The key that clients have to send; another one can be set."""
        return self._credentials.api_key

    @api_key.setter
    def api_key(self, key: str) -> None:
        self._credentials.api_key = key

    @property
    def url(self) -> str:
        """The base URL for the client."""
        return f"{self._api.origin}{BASE}"

    @property
    def asset_url(self) -> str:
        """The origin of the URLs of assets."""
        if not self._serves_assets:
            raise MisuseError("FakeCurrents serves assets only with assets=True")
        return str(self._assets.origin)

    @property
    def requests(self) -> Requests:
        """All requests to the API, in the order in which they arrived."""
        return self._requests.requests

    @property
    def asset_requests(self) -> Requests:
        """All requests on the second socket, in the order in which they arrived.

        They are `downloadAsset`, `uploadAttachment`, `readShare` and `readTrace`, which has the
        path argument `view`.
        """
        return self._downloads.requests

    @property
    def deliveries(self) -> list[Delivery]:
        """All deliveries to webhooks, in the order in which they were made."""
        return self._webhook_sender.deliveries

    @property
    def in_flight(self) -> int:
        """How many requests have arrived whose response has not been sent to its last byte."""
        return self._requests.in_flight

    @property
    def peak_in_flight(self) -> int:
        """The highest value of `in_flight` so far."""
        return self._requests.peak_in_flight

    @property
    def bytes_sent(self) -> int:
        """Bytes of bodies sent so far, as they were compressed."""
        return self._requests.bytes_sent

    @property
    def open_connections(self) -> int:
        """How many TCP connections are open, idle ones included."""
        return self._api.open_connections

    def issue_token(self, *, expires_in: float = math.inf) -> str:
        """Return a new token, which is accepted as `api_key` is, for some seconds by the clock.

        It looks like a personal access token. `RecordedRequest.api_key` says which requests came
        with it.
        """
        return self._credentials.issue_token(expires_in)

    async def idle(self) -> None:
        """Wait until no request is in flight, for an asset or to a webhook neither."""
        await self._requests.idle()
        await self._downloads.idle()
        await self._webhook_sender.idle()

    def fail(
        self,
        operation: str | None,
        status: int = 503,
        times: int | None = 1,
        *,
        path_args: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        code: str | None = None,
        required_scope: str | None = None,
        candidates: Sequence[Candidate] = (),
        after: int = 0,
        probability: float | None = None,
        seed: int = 0,
        fault: FaultKind | None = None,
    ) -> None:
        """Fail the next `times` requests of an operation.

        `operation` None means every request, including those of `asset_requests`; `times` None
        means forever. Only those requests count whose path arguments include `path_args`, such as
        `{"instance_id": "2tniK8lM9j1rSoVh"}`. The first `after` of them are spared; then each
        fails, or fails with `probability`, drawn from random numbers of its own that depend on
        `seed` only. The default body is the service's envelope, or for an asset the XML of its
        host. It has the `code` and the `candidates`, and the header `WWW-Authenticate` the
        `required_scope`, of a refusal: `server.fail("createWebhook", 403,
        code="insufficient_scope", required_scope="webhooks:write")`.

        Instead of sending a status, `fault` breaks the connection: `reset` and `close` end it
        without a response, and `stall` never responds. Or it damages a valid response: `truncate`
        closes the connection after half of the body, `cut-gzip` sends half of the gzip stream, and
        `corrupt` damages it in the middle; the last two with correct framing, and compressed even
        if the client does not accept gzip.

        Faults come before anything else: the world is not touched, the API key is not checked, and
        the rate limit does not count them. Only with the three that damage a valid response, the
        request is carried out. Of several faults for the same request, each sees only the requests
        that those before it leave alone. Raises `InvalidArgumentError` for an unknown operation,
        and for numbers out of range.
        """
        if operation is not None:
            check_operation(operation)
        if code is not None or candidates:
            if body is not None:
                raise InvalidArgumentError("pass either body, or code and candidates")
            body = encode_refusal(reason_of(status), code, candidates)
        if required_scope is not None:
            challenge = f'Bearer error="insufficient_scope", scope="{required_scope}"'
            headers = {"WWW-Authenticate": challenge, **(headers or {})}
        self._faults.add(
            ScriptedFault(
                operation=operation,
                status=status,
                times=times,
                path_args=path_args or {},
                headers=headers or {},
                body=body,
                after=after,
                probability=probability,
                seed=seed,
                kind=fault,
            )
        )

    @property
    def faults(self) -> list[ScriptedFault]:
        """The faults of `fail` that are still to come, with the times that are left of each."""
        return self._faults.pending()

    def clear_faults(self) -> None:
        """Drop the faults that are still to come."""
        self._faults.clear()

    def limit_rate(self, limiter: Limiter | None) -> None:
        """Limit the rate from now on, counting from the beginning; None ends it."""
        self._limiter = None if limiter is None else check_limiter("limiter", limiter)
        self._api_host.limit_rate(self._limiter)

    def reset(self, world: World | None = None) -> None:
        """Begin again: drop faults, forget requests, deliveries and what was counted of the rate.

        With a `world`, that is served from now on; otherwise the world stays as it is.
        """
        self._life.stop()
        if world is not None:
            self.world = world
        self.clear_faults()
        for kept in (self.requests, self.asset_requests, self.deliveries):
            kept.clear()
        self._credentials.world = self.world
        self._make_hosts()
        self._api.host, self._assets.host = self._api_host, self._asset_host
        self._life.start()

    def mount(self, routes: Sequence[web.RouteDef]) -> None:
        """Serve something besides the API, on its port: before the `async with`."""
        self._api.routes = routes

    async def cause(
        self, event: Event, run: WorldRun | None = None, *, group_id: str | None = None
    ) -> tuple[WorldRun, list[Delivery]]:
        """Let an event happen to a run, and post it to the webhooks that want it.

        A run in progress ends by it. The run is by default the newest in progress, or else the
        newest; for `RUN_START` it is a new one.
        """
        run = self._life.cause(event, run)
        deliveries = await self.emit(run, event, group_id=group_id)
        self._life.look()
        return run, deliveries

    async def emit(
        self,
        run: WorldRun,
        event: str,
        *,
        to: str | None = None,
        headers: Mapping[str, str] | None = None,
        group_id: str | None = None,
        timestamp: float | str | None = None,
        timeout: float = 10.0,  # noqa: ASYNC109 - of each receiver, which is no error
    ) -> list[Delivery]:
        """Post an event about a run, as it is now, to the webhooks of its project that want it.

        Nothing is posted otherwise. With `to` it goes to that URL instead, and may be an event that
        the service does not know. `headers` override those of the webhooks. With `group_id` it is
        about that group only. `timestamp` is the value of `x-timestamp`: by default the
        milliseconds since the epoch, by the server's `clock`. A receiver that fails, or does not
        respond within `timeout` seconds of real time, is not an error: its `Delivery` says so.
        Source: `docs/api/webhooks.md`, "Delivery".
        """
        deliveries = self._webhook_sender.prepare(
            self.world,
            run,
            event,
            to=to,
            headers=headers,
            group_id=group_id,
            timestamp=timestamp,
        )
        return await self._webhook_sender.post(deliveries, seconds=timeout)

    async def redeliver(
        self,
        delivery: Delivery,
        *,
        timeout: float = 10.0,  # noqa: ASYNC109 - as for `emit`
    ) -> Delivery:
        """Post an event again exactly as it was, with its old timestamp."""
        (done,) = await self._webhook_sender.post([delivery], seconds=timeout)
        return done

    def _make_hosts(self) -> None:
        """Serve the world from now on, from the beginning."""
        world = self.world
        self._life = Life(world, self.clock, self._speed, self._announce)
        pages = LinkPages(world.shares, world.trace_links, self.clock)
        self._asset_host = AssetHost(self.clock, pages, world.attachments, secret=str(world.seed))
        self._api_host = Api(
            world,
            clock=self.clock,
            limiter=self._limiter,
            max_response_bytes=self._max_response_bytes,
            sign=self._sign if self._serves_assets else None,
            strict=self._strict,
        )

    def _announce(self, run: WorldRun, event: str) -> None:
        self._webhook_sender.post_soon(self._webhook_sender.prepare(self.world, run, event))

    def _note_delivery(self, delivery: Delivery) -> None:
        if self.on_delivery is not None:
            self.on_delivery(delivery)

    def _stop(self) -> None:
        self._life.stop()

    def _begin(self, recorded: RecordedRequest) -> None:
        self._api_host.arrive(recorded)

    def _end(self, recorded: RecordedRequest) -> None:
        self._api_host.finish(recorded)
        self._life.look()

    def _sign(self, request: web.Request, body: bytes) -> bytes:
        # The host as the client calls it: inside a container this machine has another name.
        origin = request.url.origin().with_port(self._assets.origin.port)
        return self._asset_host.sign_all(body, str(origin))

    async def _before_response(self, recorded: RecordedRequest) -> None:
        if self.before_response is not None:
            await self.before_response(recorded)
        if self._latency:
            await asyncio.sleep(self._latency)
