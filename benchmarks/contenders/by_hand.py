"""The client that an expert writes by hand: the response at once, isal, our Structs, N workers.

It has a session of its own with the key in its headers, and checks statuses and envelopes. Nothing
is tried again, no rate limit is kept, no size is bounded, and the loop stands still for as long as
it takes to decode a response.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Any, NamedTuple

import msgspec
from aiohttp import ClientSession, DummyCookieJar, TCPConnector
from isal import igzip_lib

from benchmarks.contenders import Fetch, Take
from currents_async.models import Instance, Run

PACKAGES = ("aiohttp", "isal", "msgspec")


class _RunEnvelope(msgspec.Struct, frozen=True, gc=False):
    data: Run


class _InstanceEnvelope(msgspec.Struct, frozen=True, gc=False):
    data: Instance


_DECODERS: dict[str, msgspec.json.Decoder[Any]] = {
    "runs": msgspec.json.Decoder(_RunEnvelope),
    "instances": msgspec.json.Decoder(_InstanceEnvelope),
}


class Client:
    """A session, and the workers that use it."""

    def __init__(self, session: ClientSession, server: str, workers: int) -> None:
        self._session = session
        self._server = server
        self._workers = workers

    async def get(self, path: str) -> Any:
        """Fetch a run or an instance."""
        async with self._session.get(f"{self._server}/{path}") as response:
            response.raise_for_status()
            body = await response.read()
        text = igzip_lib.decompress(body, flag=igzip_lib.DECOMP_GZIP)
        return _DECODERS[path.partition("/")[0]].decode(text).data

    async def get_all(self, paths: Iterator[str], take: Take) -> None:
        """Fetch several instances, each as a worker is free."""
        async with asyncio.TaskGroup() as workers:
            for _ in range(self._workers):
                workers.create_task(self._work(paths, take))

    async def _work(self, paths: Iterator[str], take: Take) -> None:
        for path in paths:
            take((await self.get(path),))


_Fetch = Callable[[Client, str, Take], Awaitable[None]]


class _Way(NamedTuple):
    LABEL: str
    connect: Callable[..., AbstractAsyncContextManager[Fetch]]
    PACKAGES: tuple[str, ...] = PACKAGES


def _way(label: str, fetch: _Fetch, workers: int) -> _Way:
    @asynccontextmanager
    async def connect(server: str) -> AsyncIterator[Fetch]:
        async with ClientSession(
            connector=TCPConnector(limit=workers),
            cookie_jar=DummyCookieJar(),
            headers={"Authorization": "Bearer key", "Accept-Encoding": "gzip"},
            auto_decompress=False,
        ) as session:
            yield partial(fetch, Client(session, server, workers))

    return _Way(label, connect)


async def _get(client: Client, path: str, take: Take) -> None:
    found = await client.get(path)
    take(found.specs if isinstance(found, Run) else found.tests)


async def _fan_out(client: Client, path: str, take: Take) -> None:
    run = await client.get(path)
    await client.get_all((f"instances/{spec.instance_id}" for spec in run.specs), take)


get = _way("by hand, whole body", _get, 1)
fan_out = _way("by hand, 32 workers", _fan_out, 32)
bulk = _way("by hand, 16 workers", _fan_out, 16)
