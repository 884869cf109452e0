"""Cancelled, timed out, closed, forked: nothing leaks, and the client is as good as before."""

import asyncio
import os
import select
import socket
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack
from pathlib import Path
from selectors import EVENT_WRITE
from typing import Any

import aiohttp
import pytest

from currents_async import (
    ClientClosedError,
    Currents,
    Limits,
    RateLimitedError,
    RequestTimeoutError,
    Timeouts,
    WrongLoopError,
)
from currents_async.testing import FakeCurrents, FaultyServer, RecordedRequest, WorldProject, faults
from currents_async.testing.faulty import Exchange, Fault
from tests.support import KEY, client, shown_of

Call = Callable[[Currents], Coroutine[Any, Any, Any]]


async def half_an_error(exchange: Exchange) -> None:
    await exchange.send(b"HTTP/1.1 500 Oops\r\nContent-Length: 99\r\n\r\n{")
    await exchange.wait()


STALLS: dict[str, Fault] = {
    "no answer": faults.stall(),
    "in the headers": faults.stall_midway("headers"),
    "in the body": faults.stall_midway("body"),
    "dripping": faults.drip(interval=0.01),
    "in the body of an error": half_an_error,
    "throttled": faults.response(b"", 429, {"Retry-After": "30"}, gzip=False),
}


async def get(currents: Currents) -> Any:
    return await currents.runs.get("r")


async def get_many(currents: Currents) -> Any:
    return await currents.instances.get_many(["i", "j"])


async def get_instances(currents: Currents) -> Any:
    return await currents.runs.get_instances("r")


async def stream(currents: Currents) -> Any:
    async with currents.runs.stream("r") as specs:
        return [spec async for spec in specs]


async def reset(currents: Currents) -> Any:
    return await currents.runs.reset("r", ["m"])


CALLS = [get, get_many, get_instances, stream, reset]


@pytest.mark.parametrize("name", STALLS)
@pytest.mark.parametrize("call", CALLS)
async def test_closing_ends_what_is_under_way(name: str, call: Call) -> None:
    async with FaultyServer(STALLS[name]) as server:
        async with client(server.url) as currents:
            calling = asyncio.create_task(call(currents))
            await server.wait_for_requests()
            await asyncio.sleep(0.01)  # now it is wherever it stalls
            await asyncio.wait_for(currents.aclose(), 2)
            with pytest.raises(ClientClosedError) as caught:
                await asyncio.wait_for(calling, 2)
            assert KEY not in shown_of(caught.value)
            await currents.aclose()
        await server.wait_for_no_connections()


async def test_closing_with_a_session_of_the_callers() -> None:
    async with FaultyServer(faults.stall()) as server, aiohttp.ClientSession() as session:
        async with Currents(KEY, base_url=server.url, session=session) as currents:
            calling = asyncio.create_task(currents.runs.get("r"))
            await server.wait_for_requests()
            await currents.aclose()
            with pytest.raises(ClientClosedError):
                await asyncio.wait_for(calling, 2)
        assert not session.closed
        await server.wait_for_no_connections()


async def test_closing_fails_queued_calls() -> None:
    limits = Limits(concurrency=1)
    async with (
        FaultyServer(faults.stall()) as server,
        client(server.url, limits=limits) as currents,
    ):
        calls = [asyncio.create_task(currents.runs.get("r")) for _ in range(5)]
        await server.wait_for_requests()
        await currents.aclose()
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [ClientClosedError] * 5
    assert len(server.requests) == 1


async def test_closing_does_not_wait_for_a_connection_that_is_being_made(
    full_backlog: socket.socket,
) -> None:
    port = full_backlog.getsockname()[1]
    async with client(f"https://127.0.0.1:{port}/v1") as currents:
        calling = asyncio.create_task(currents.runs.get("r"))
        await being_connected()
        await asyncio.wait_for(currents.aclose(), 2)
        with pytest.raises(ClientClosedError):
            await asyncio.wait_for(calling, 2)


@pytest.fixture
def full_backlog() -> Iterator[socket.socket]:
    """A listener that answers no connection any more: as many wait for it as may."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        connected = True
        while connected:
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)  # noqa: FBT003 - the standard library's
            waiting.connect_ex(listener.getsockname())
            connected = bool(select.select([], [waiting], [], 0.1)[1])
        yield listener


async def being_connected() -> None:
    """Wait until the loop waits for a socket that can be written to: for its connection."""
    loop: Any = asyncio.get_running_loop()
    while not any(key.events & EVENT_WRITE for key in loop._selector.get_map().values()):  # noqa: ASYNC110
        await asyncio.sleep(0)


@pytest.mark.parametrize("turns", range(0, 60, 2))
async def test_cancelled_at_every_turn_of_the_loop(
    server: FakeCurrents, currents: Currents, project: WorldProject, turns: int
) -> None:
    """After however many turns a call is cancelled: the client works, and nothing is left."""
    run = project.run(specs=5, failures=1)
    for call in (currents.runs.get, currents.runs.get_instances):
        task = asyncio.create_task(call(run.run_id))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled() or task.exception() is None
    several = (currents.runs.get_instances(run.run_id) for _ in range(4))
    assert [len(instances) for instances in await asyncio.gather(*several)] == [5] * 4
    await server.idle()


async def test_a_cancellation_takes_no_secret_along() -> None:
    """Crash reporters show the locals of a cancelled task, and of who cancelled it."""
    async with FaultyServer(faults.stall()) as server, client(server.url) as currents:
        with pytest.raises(TimeoutError) as caught:
            async with asyncio.timeout(0.05):
                await currents.runs.get("r")
        cause = caught.value.__cause__ or caught.value.__context__
        assert isinstance(cause, asyncio.CancelledError)
        assert KEY not in shown_of(caught.value) + shown_of(cause)
        traceback = cause.__traceback__
        while traceback is not None:
            assert "aiohttp" not in Path(traceback.tb_frame.f_code.co_filename).parts
            traceback = traceback.tb_next


@pytest.mark.parametrize("name", STALLS)
@pytest.mark.parametrize("call", [get, get_many, get_instances, stream])
async def test_a_deadline_is_kept(name: str, call: Call) -> None:
    timeouts = Timeouts(connect=1, read=10, attempt=10, total=0.2)
    async with FaultyServer(STALLS[name]) as server:
        async with client(server.url, timeouts=timeouts) as currents:
            began = time.monotonic()
            with pytest.raises(RateLimitedError if name == "throttled" else RequestTimeoutError):
                await call(currents)
            took = time.monotonic() - began
        await server.wait_for_no_connections()
    # 100 ms are promised; the rest is for a machine that does something else.
    assert took < 1.2


async def test_a_deadline_covers_all_attempts() -> None:
    timeouts = Timeouts(connect=1, read=0.15, attempt=10, total=0.2)
    async with (
        FaultyServer(faults.stall()) as server,
        client(server.url, timeouts=timeouts) as currents,
    ):
        with pytest.raises(RequestTimeoutError, match=r"Timeouts\.total") as caught:
            await currents.runs.get("r")
    assert caught.value.attempts == len(server.requests) == 2


async def test_a_view_has_its_own_patience(server: FakeCurrents) -> None:
    async def never(_: RecordedRequest) -> None:
        await asyncio.Event().wait()

    server.before_response = never
    async with Currents(server.api_key, base_url=server.url) as currents:
        hurried = currents.with_options(timeouts=Timeouts(total=0.05))
        with pytest.raises(RequestTimeoutError, match="total"):
            await hurried.runs.get("r")
        assert hurried.traffic is currents.traffic
        assert hurried.traffic.requests == 1
        await currents.aclose()
        with pytest.raises(ClientClosedError):
            await hurried.runs.get("r")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_fork_is_told_before_anything_is_sent() -> None:
    """The same loop object, in another process: its sockets are the parent's."""
    loop = asyncio.new_event_loop()

    async def open_both() -> tuple[FakeCurrents, Currents]:
        server = await FakeCurrents().__aenter__()
        return server, await Currents(server.api_key, base_url=server.url).__aenter__()

    server, currents = loop.run_until_complete(open_both())
    child = os.fork()
    if child == 0:
        code = 1
        try:
            loop.run_until_complete(currents.runs.get("r"))
        except WrongLoopError:
            code = 42
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 42
    assert server.requests == []
    loop.run_until_complete(currents.aclose())
    loop.run_until_complete(server.__aexit__(None, None, None))
    loop.close()


async def test_outside_of_any_loop(server: FakeCurrents) -> None:
    async with Currents(server.api_key, base_url=server.url) as currents:

        def without_a_loop() -> None:
            currents.runs.get("r").send(None)

        with pytest.raises(WrongLoopError):
            await asyncio.to_thread(without_a_loop)
    assert server.requests == []
