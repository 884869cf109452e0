"""Which connection a request goes out on, and that it goes out once."""

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp
import pytest

from currents_async import AmbiguousError, Currents, Retries, TransportError
from currents_async.testing import FaultyServer, faults
from currents_async.testing.faulty import Exchange
from tests.support import KEY, client

OTHER = faults.json_response({"runId": "other", "projectId": "p"})
ONCE = Retries(attempts=1)


def run(run_id: str) -> bytes:
    return faults.BODY.replace(b'"runId":"r"', b'"runId":"%s"' % run_id.encode())


@pytest.mark.parametrize("delay", [None, 0.0], ids=["in one write", "a moment later"])
@pytest.mark.parametrize("pause", [False, True], ids=["at once", "after a pause"])
async def test_a_second_response_belongs_to_no_request(*, delay: float | None, pause: bool) -> None:
    """What follows the answer on the same connection is never read as the next one's."""
    first = faults.second_response(delay, run("first"), run("unasked"))
    async with (
        FaultyServer([first, faults.response(run("second"))]) as server,
        client(server.url, retries=ONCE) as currents,
    ):
        assert (await currents.runs.get("first")).run_id == "first"
        if pause:
            await asyncio.sleep(0.01)
        assert (await currents.runs.get("second")).run_id == "second"
    assert [request.connection for request in server.requests] == [1, 2]


async def test_a_second_response_on_every_connection_of_the_pool() -> None:
    script = faults.second_response(0.0, run("r"), run("unasked"))
    async with FaultyServer(script) as server, client(server.url, retries=ONCE) as currents:
        for _ in range(3):
            await asyncio.gather(*(currents.runs.get("r") for _ in range(8)))
            runs = await asyncio.gather(*(currents.runs.get("r") for _ in range(8)))
            assert {one.run_id for one in runs} == {"r"}
    assert len(server.requests) == 48


async def test_connections_are_reused() -> None:
    async with FaultyServer() as server, client(server.url) as currents:
        for _ in range(5):
            await currents.runs.get("r")
    assert server.connections == 1


async def test_a_connection_that_the_server_closed_meanwhile() -> None:
    """It is noticed before anything is sent: not an attempt, whatever the method."""
    async with (
        FaultyServer([faults.early_close(), faults.response()]) as server,
        client(server.url, retries=ONCE) as currents,
    ):
        await currents.runs.get("r")
        await currents.runs.cancel("r")
    assert [request.method for request in server.requests] == ["GET", "PUT"]


async def test_a_restart_that_closes_all_connections_at_once() -> None:
    async with (
        FaultyServer(faults.early_close()) as server,
        client(server.url, retries=ONCE) as currents,
    ):
        for _ in range(5):
            await asyncio.gather(*(currents.runs.get("r") for _ in range(16)))
    assert len(server.requests) == 80


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_aiohttp_replays_nothing(method: str) -> None:
    """It does so for these methods, when a connection that was used before is lost."""
    async with (
        FaultyServer([faults.response(), faults.close()]) as server,
        client(server.url, retries=ONCE) as currents,
    ):
        await currents.runs.get("r")
        calls: dict[str, Callable[[str], Awaitable[object]]] = {
            "GET": currents.runs.get,
            "PUT": currents.runs.cancel,
            "DELETE": currents.runs.delete,
        }
        with pytest.raises(TransportError):
            await calls[method]("r")
    assert [request.method for request in server.requests] == ["GET", method]


async def test_the_same_with_a_session_of_the_callers() -> None:
    seen: list[str] = []

    async def theirs(
        request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        seen.append(repr(dict(request.headers)))
        return await handler(request)

    async with (
        FaultyServer([faults.response(), faults.close()]) as server,
        aiohttp.ClientSession(middlewares=(theirs,)) as session,
        Currents(KEY, base_url=server.url, session=session, retries=ONCE) as currents,
    ):
        await currents.runs.get("r")
        with pytest.raises(AmbiguousError):
            await currents.runs.reset("r", ["m"])
    assert [request.method for request in server.requests] == ["GET", "PUT"]
    assert len(seen) == 2
    assert KEY not in "".join(seen)
    assert "Authorization" in server.requests[0].headers


async def test_a_write_that_must_not_be_repeated_gets_a_new_connection() -> None:
    """Each its own: it never meets one that the server is about to close."""
    async with FaultyServer() as server, client(server.url) as currents:
        await currents.runs.get("r")
        await currents.runs.reset("r", ["m"])
        await currents.runs.reset("r", ["m"])
        await currents.runs.cancel("r")
    assert [request.connection for request in server.requests] == [1, 2, 3, 1]


async def test_half_an_answer_and_the_rest_on_the_same_connection_later() -> None:
    """A connection that is left before the end of its answer is not used again."""

    async def slow(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{")
        await exchange.wait()

    async with FaultyServer([slow, faults.response()]) as server, client(server.url) as currents:
        leaving = asyncio.create_task(currents.runs.get("r"))
        await server.wait_for_requests()
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving
        await currents.runs.get("r")
    assert [request.connection for request in server.requests] == [1, 2]
