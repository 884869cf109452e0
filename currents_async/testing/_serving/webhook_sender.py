"""Deliveries: what is posted to webhooks, and the outcome.

Source: `docs/api/webhooks.md`, "Delivery".
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec
from multidict import CIMultiDict

from currents_async._tasks import Tasks
from currents_async.errors import InvalidArgumentError, MisuseError
from currents_async.testing._world.run import WorldRun
from currents_async.testing._world.webhooks import EVENTS, event_to_wire
from currents_async.testing.clock import AnyClock
from currents_async.testing.world import World

_SECONDS = 10.0
"""How long a receiver may take to respond to what is posted in the background."""


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """An event as it was posted to one URL.

    The headers carry what the owner of the webhook set as a shared secret: they are not in the
    `repr`.
    """

    url: str
    event: str
    headers: Mapping[str, str]
    """What was sent, `x-timestamp` included."""
    body: bytes
    """What was sent: JSON."""
    status: int | None = None
    """The status of the response; None without one."""
    error: str | None = None
    """Why there is no response."""

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [(name, getattr(self, name)) for name in ("url", "event", "status", "error")]

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"{type(self).__name__}({shown})"


def join_headers(*parts: Mapping[str, str] | None) -> dict[str, str]:
    """Join headers, whose names ignore case; later ones override earlier ones."""
    joined = CIMultiDict[str]()
    for part in parts:
        joined.update(part or {})
    return dict(joined)


class WebhookSender:
    """Posts events, each over a connection of its own."""

    def __init__(
        self,
        clock: AnyClock,
        on_delivery: Callable[[Delivery], None],
        *,
        max_deliveries: int | None = None,
    ) -> None:
        self.deliveries: list[Delivery] = []
        self._clock = clock
        self._on_delivery = on_delivery
        self._max_deliveries = max_deliveries
        self._session: aiohttp.ClientSession | None = None
        self._idle = asyncio.Event()
        self._idle.set()
        self._tasks = Tasks(self._idle.set)

    @asynccontextmanager
    async def ready(self) -> AsyncGenerator[None]:
        """Open the session that posts."""
        # Kept alive, a connection could be closed by an app that is restarted in between.
        connector = aiohttp.TCPConnector(force_close=True)
        cookies = aiohttp.DummyCookieJar()
        async with aiohttp.ClientSession(connector=connector, cookie_jar=cookies) as session:
            self._session = session
            try:
                yield
            finally:
                await self._tasks.aclose()
                self._session = None

    def prepare(
        self,
        world: World,
        run: WorldRun,
        event: str,
        *,
        to: str | None = None,
        headers: Mapping[str, str] | None = None,
        group_id: str | None = None,
        timestamp: float | str | None = None,
    ) -> list[Delivery]:
        """Return what is to be posted about a run as it is now."""
        body = msgspec.json.encode(event_to_wire(run, event, group_id))
        if timestamp is None:
            timestamp = int(self._clock.wall() * 1000)
        own = {"Content-Type": "application/json", "x-timestamp": str(timestamp)}
        return [
            Delivery(url=url, event=event, headers=join_headers(own, theirs, headers), body=body)
            for url, theirs in _receivers(world, run, event, to)
        ]

    async def post(self, deliveries: Iterable[Delivery], *, seconds: float) -> list[Delivery]:
        """Post all at the same time, and return the outcome of each, in the same order."""
        session = self._session
        if session is None:
            raise MisuseError("FakeCurrents posts only inside its `async with`")
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_post(session, one, seconds)) for one in deliveries]
        done = [task.result() for task in tasks]
        self.deliveries += done
        if self._max_deliveries is not None:
            del self.deliveries[: -self._max_deliveries]
        for delivery in done:
            self._on_delivery(delivery)
        return done

    def post_soon(self, deliveries: list[Delivery]) -> None:
        """Post all in the background."""
        if deliveries:
            self._idle.clear()
            self._tasks.start(self._post_all(deliveries))

    async def idle(self) -> None:
        """Wait until nothing is posted in the background."""
        await self._idle.wait()

    async def _post_all(self, deliveries: list[Delivery]) -> None:
        await self.post(deliveries, seconds=_SECONDS)


def _receivers(
    world: World, run: WorldRun, event: str, to: str | None
) -> list[tuple[str, Mapping[str, str]]]:
    if to is not None:
        return [(to, {})]
    if event not in EVENTS:
        raise InvalidArgumentError(
            f"event must be one of {list(EVENTS)} without `to`, not {event!r}"
        )
    hooks = world.webhooks.values()
    return [(hook.url, hook.headers) for hook in hooks if hook.wants(run.project_id, event)]


async def _post(session: aiohttp.ClientSession, delivery: Delivery, seconds: float) -> Delivery:
    status = error = None
    try:
        async with session.post(
            delivery.url,
            data=delivery.body,
            headers=delivery.headers,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=seconds),
        ) as response:
            # Read to the end: a receiver that is still responding would be cut off.
            async for _ in response.content.iter_any():
                pass
            status = response.status
    except TimeoutError:
        error = f"no response within {seconds} s"
    except (aiohttp.ClientError, OSError, ValueError) as failure:
        error = f"{type(failure).__name__}: {failure}"
    return msgspec.structs.replace(delivery, status=status, error=error)
