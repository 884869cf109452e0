"""The memory of unfinished responses: bounded, and never a deadlock."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from currents_async import Currents, Limits
from currents_async._transport.body import Body
from currents_async._transport.memory import Memory
from currents_async.testing import FakeCurrents
from tests.support import RUN


class Holders:
    """Responses that grow, by name."""

    def __init__(self, *, limit: int, body: int) -> None:
        self.memory = Memory(limit=limit, body=body)
        self.sizes: dict[str, int] = {}
        self.waiting: dict[str, asyncio.Task[None]] = {}

    async def grow(self, name: str, size: int) -> bool:
        """Let a response hold so much; return whether it may go on."""
        assert name not in self.waiting
        self.sizes[name] = size
        self.waiting[name] = asyncio.create_task(self.memory.hold(name, size))
        await self.settle()
        return name not in self.waiting

    async def end(self, name: str) -> None:
        """End a response, whether it waits or not."""
        self.sizes.pop(name, None)
        task = self.waiting.pop(name, None)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self.memory.let_go(name)
        await self.settle()

    async def settle(self) -> None:
        for _ in range(3):
            await asyncio.sleep(0)
        for name, task in list(self.waiting.items()):
            if task.done():
                await self.waiting.pop(name)

    async def end_all(self) -> None:
        for name in list(self.sizes):
            await self.end(name)

    @property
    def going_on(self) -> int:
        """The bytes of those that do not wait."""
        return sum(size for name, size in self.sizes.items() if name not in self.waiting)


async def test_what_fits_does_not_wait() -> None:
    holders = Holders(limit=100, body=40)
    for name in "abc":
        assert await holders.grow(name, 10)
        assert await holders.grow(name, 20)
    assert holders.going_on == 60


async def test_what_does_not_fit_waits_for_room() -> None:
    holders = Holders(limit=100, body=40)
    assert await holders.grow("a", 30)
    assert await holders.grow("b", 30)
    assert not await holders.grow("c", 1)
    await holders.end("b")
    assert not holders.waiting
    await holders.end_all()


async def test_the_oldest_never_waits() -> None:
    holders = Holders(limit=100, body=100)
    assert await holders.grow("a", 10)
    assert not await holders.grow("b", 10)
    assert await holders.grow("a", 100)
    await holders.end("a")
    assert not holders.waiting  # now the oldest is b
    assert await holders.grow("b", 90)


async def test_a_response_that_ends_while_waiting_makes_room() -> None:
    holders = Holders(limit=100, body=40)
    for name in "ab":
        assert await holders.grow(name, 30)
    for name in "cd":
        assert not await holders.grow(name, 10)
    await holders.end("a")
    assert not holders.waiting
    assert not await holders.grow("d", 25)
    await holders.end("c")
    assert not holders.waiting


async def test_letting_go_of_nothing() -> None:
    holders = Holders(limit=100, body=40)
    holders.memory.let_go("nobody")
    assert await holders.grow("a", 60)
    await holders.end("a")
    await holders.end("a")
    assert await holders.grow("b", 1)
    assert await holders.grow("c", 59)


async def test_a_response_waiting_for_its_reader_blocks_no_other() -> None:
    holders = Holders(limit=100, body=100)
    assert await holders.grow("read", 30)
    assert not await holders.grow("a", 10)
    holders.memory.leave_to_reader("read")
    await holders.settle()
    assert not holders.waiting  # now the oldest is a
    assert not await holders.grow("b", 10)
    assert await holders.grow("read", 90)
    await holders.end("a")
    assert not holders.waiting
    await holders.end_all()
    assert holders.memory._total == 0


async def test_a_response_waiting_for_its_reader_counts() -> None:
    holders = Holders(limit=100, body=40)
    holders.memory.leave_to_reader("read")
    assert await holders.grow("read", 55)
    assert await holders.grow("a", 5)
    assert not await holders.grow("b", 1)
    await holders.end("read")
    assert not holders.waiting
    await holders.end_all()


LIMIT, BODY = 100, 30
STEPS = st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 12)), max_size=80)


@given(STEPS)
async def test_never_above_the_limit_and_one_always_makes_progress(
    steps: list[tuple[str, int]],
) -> None:
    """Who waits has no more than its last step over what it was allowed; all others, the limit."""
    holders = Holders(limit=LIMIT, body=BODY)
    for name, growth in steps:
        if name in holders.waiting:
            continue
        size = holders.sizes.get(name, 0) + growth
        if growth == 0 or size > BODY:  # 0 is for its end, and no response is over the limit
            await holders.end(name)
        else:
            await holders.grow(name, size)
        assert holders.going_on <= LIMIT
        assert len(holders.waiting) < len(holders.sizes) or not holders.sizes
    # Those that get on end; it takes no more than that for everybody to get on.
    while holders.sizes:
        await holders.end(next(name for name in holders.sizes if name not in holders.waiting))
    assert not holders.memory._arriving
    assert holders.memory._total == 0


@pytest.mark.parametrize("order", ["specs first", "specs last"])
async def test_the_run_of_a_fan_out_blocks_no_other_response(
    server: FakeCurrents,
    connect: Callable[..., Awaitable[Currents]],
    monkeypatch: pytest.MonkeyPatch,
    order: str,
) -> None:
    """Of four that fetch instances, three may wait for memory, and one must get on.

    The run holds memory too: at its end, or while its specs wait.
    """

    def respond(operation: str, data: dict[str, Any]) -> None:
        body = msgspec.json.encode({"status": "OK", "data": data})
        server.fail(operation, 200, None, body=body)

    monkeypatch.setattr("currents_async._fanout.results._LOOKAHEAD", 1)
    specs = {
        "specs": [{"spec": f"{n}.ts", "groupId": "g", "instanceId": f"i{n}"} for n in range(12)]
    }
    more = {"more": "x" * 200_000}
    respond(
        "getRun", {**RUN, **specs, **more} if order == "specs first" else {**RUN, **more, **specs}
    )
    respond(
        "getInstance", {"instanceId": "i", "groupId": "g", "spec": "a.ts", "more": "x" * 300_000}
    )
    currents = await connect(limits=Limits(concurrency=4, body=500_000, memory=600_000))
    memory = currents._channel.memory
    fan_out = asyncio.create_task(currents.runs.get_instances("r"))
    while not fan_out.done() and len(memory._waiting) < 4:  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0)
    try:
        assert fan_out.done()
        assert len(fan_out.result()) == 12
    finally:
        fan_out.cancel()
        await asyncio.gather(fan_out, return_exceptions=True)
        await server.idle()


async def test_objects_weigh_no_more_than_is_kept_free_for_them(
    server: FakeCurrents, connect: Callable[..., Awaitable[Currents]]
) -> None:
    data = {"instanceId": "i", "groupId": "g", "spec": "a.ts", "more": [{}] * 15_000}
    body = msgspec.json.encode({"status": "OK", "data": {**data, "text": "x" * 400_000}})
    server.fail("getInstance", 200, None, body=body)
    limits = Limits(concurrency=8, body=1_000_000, memory=1_500_000)
    currents = await connect(limits=limits)
    memory = currents._channel.memory
    totals: list[int] = []
    hold = memory.hold

    async def spy(holder: Hashable, size: int) -> None:
        await hold(holder, size)
        totals.append(memory._total)

    memory.hold = spy  # type: ignore[method-assign]
    assert len(await currents.instances.get_many([f"i{n}" for n in range(16)])) == 16
    assert 0 < max(totals) <= limits.memory
    assert memory._total == 0


@pytest.mark.parametrize(("size", "is_counted"), [(900_000, False), (1_500_000, True)])
async def test_what_is_fetched_ahead_counts_if_it_is_more_than_the_api_sends(
    server: FakeCurrents,
    connect: Callable[..., Awaitable[Currents]],
    size: int,
    *,
    is_counted: bool,
) -> None:
    server.fail("getRun", 200, body=run_of(1, more="x" * size))
    server.fail("getInstance", 200, body=b'{"status":"OK","data":{"instanceId":"i"}}')
    currents = await connect()
    memory = currents._channel.memory
    held: list[int] = []
    hold = memory.hold

    async def spy(holder: Hashable, size: int) -> None:
        if isinstance(holder, Body):
            held.append(size)
        await hold(holder, size)

    memory.hold = spy  # type: ignore[method-assign]
    assert len(await currents.runs.get_instances("r")) == 1
    assert bool(held) is is_counted
    assert all(one > 1024 * 1024 for one in held)
    assert memory._total == 0


async def test_a_stream_gives_its_memory_back_when_all_has_been_read(
    server: FakeCurrents, connect: Callable[..., Awaitable[Currents]]
) -> None:
    server.fail("getRun", 200, body=run_of(10_000))
    currents = await connect()
    memory = currents._channel.memory
    async with currents.runs.stream("r") as specs:
        await anext(specs)
        assert memory._being_read
        async for _ in specs:
            pass
        assert memory._arriving == memory._being_read == {}
        assert memory._total == 0


def run_of(specs: int, **more: str) -> bytes:
    listed = [{"spec": f"{n}.ts", "groupId": "g", "instanceId": f"i{n}"} for n in range(specs)]
    return msgspec.json.encode({"status": "OK", "data": {**RUN, "specs": listed, **more}})
