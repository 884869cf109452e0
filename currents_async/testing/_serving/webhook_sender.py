"""Deliveries: what is posted to webhooks, and the outcome.

Source: `docs/api/webhooks.md`, "Delivery".
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec
from multidict import CIMultiDict

from currents_async.errors import MisuseError


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

    def __init__(self) -> None:
        self.deliveries: list[Delivery] = []
        self._session: aiohttp.ClientSession | None = None

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
                self._session = None

    async def post(self, deliveries: Iterable[Delivery], *, seconds: float) -> list[Delivery]:
        """Post all at the same time, and return the outcome of each, in the same order."""
        session = self._session
        if session is None:
            raise MisuseError("FakeCurrents posts only inside its `async with`")
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_post(session, one, seconds)) for one in deliveries]
        done = [task.result() for task in tasks]
        self.deliveries += done
        return done


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
