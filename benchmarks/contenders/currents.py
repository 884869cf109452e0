"""Our own client, in each way to fetch."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from benchmarks.contenders import Fetch, Take
from currents_async import Currents, InstanceResult, Limits, Retries

_Fetch = Callable[[Currents, str, Take], Awaitable[None]]


class _Way(NamedTuple):
    LABEL: str
    connect: Callable[..., AbstractAsyncContextManager[Fetch]]
    PACKAGES: tuple[str, ...] = ("currents-async", "aiohttp", "msgspec", "anyio", "isal")


class TwoFields(msgspec.Struct, frozen=True, gc=False, kw_only=True, rename="camel"):
    """What a scheduler of instances needs of a spec."""

    spec: str = ""
    instance_id: str | None = None


def _way(label: str, limits: Limits = Limits()) -> Callable[[_Fetch], _Way]:  # noqa: B008 - frozen
    def decorate(fetch: _Fetch) -> _Way:
        @asynccontextmanager
        async def connect(
            server: str, attempts: int = Retries().attempts, **changes: Any
        ) -> AsyncIterator[Fetch]:
            async with Currents(
                "key",
                base_url=server,
                limits=replace(limits, **changes),
                retries=Retries(attempts=attempts),
            ) as currents:
                yield partial(fetch, currents)

        return _Way(label, connect)

    return decorate


@_way("currents_async stream")
async def stream(currents: Currents, path: str, take: Take) -> None:
    """Take specs while the body is still coming, as many at a time as are there."""
    async with currents.runs.stream(path.removeprefix("runs/")) as specs:
        async for batch in specs.batches():
            take(batch)


@_way("currents_async stream, one by one")
async def each(currents: Currents, path: str, take: Take) -> None:
    """Take specs one at a time."""
    async with currents.runs.stream(path.removeprefix("runs/")) as specs:
        async for spec in specs:
            take((spec,))


@_way("currents_async stream, two fields")
async def narrow(currents: Currents, path: str, take: Take) -> None:
    """Take two fields of each spec."""
    async with currents.runs.stream(path.removeprefix("runs/"), spec_type=TwoFields) as specs:
        async for batch in specs.batches():
            take(batch)


@_way("currents_async get")
async def get(currents: Currents, path: str, take: Take) -> None:
    """Take a run or an instance as one value."""
    group, _, name = path.partition("/")
    if group == "runs":
        take((await currents.runs.get(name)).specs)
    else:
        take((await currents.instances.get(name)).tests)


@_way("currents_async instances", Limits(concurrency=32))
async def fan_out(currents: Currents, path: str, take: Take) -> None:
    """Take every instance of a run, 32 at once, each as it comes."""
    async with currents.runs.instances(path.removeprefix("runs/")) as results:
        async for result in results:
            take((result.instance,))


@_way("currents_async instances, errors collected")
async def collect(currents: Currents, path: str, take: Take) -> None:
    """Take every instance of a run, or of a list of IDs, with their errors."""
    group, _, names = path.partition("/")
    if group == "instances":
        for result in await currents.instances.get_many(names.split(","), on_error="collect"):
            _hand_over(result, take)
    else:
        async with currents.runs.instances(names, on_error="collect") as results:
            async for result in results:
                _hand_over(result, take)


def _hand_over(result: InstanceResult, take: Take) -> None:
    if result.instance is not None:
        take((result.instance,))
    elif result.error is not None:
        take.failed(result.error)
