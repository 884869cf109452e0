"""The raw server: what it records, what a fault can do, and that nothing is left behind."""

import asyncio
import warnings
from contextlib import AsyncExitStack, suppress
from typing import Any

import aiohttp
import pytest

from currents_async import MisuseError
from currents_async.testing import Exchange, Fault, FaultyServer, faults

pytestmark = pytest.mark.usefixtures("no_task_is_left")

SECONDS = 20
GET = b"GET / HTTP/1.1\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def get(session: aiohttp.ClientSession, url: str) -> bytes:
    async with session.get(url) as response:
        return await response.read()


class TestScript:
    @pytest.mark.parametrize(
        ("script", "then", "expected"),
        [
            ((), None, [faults.BODY] * 2),
            ((), faults.raw(OK, close=False), [b"ok"] * 2),
            (faults.raw(OK, close=False), None, [b"ok"] * 3),
            ([faults.response(b"1"), faults.response(b"2")], None, [b"1", b"2", b"2", b"2"]),
            ([faults.response(b"1")], faults.response(b"2"), [b"1", b"2", b"2"]),
        ],
    )
    async def test_order(self, script: Fault, then: Fault | None, expected: list[bytes]) -> None:
        async with FaultyServer(script, then=then) as server, aiohttp.ClientSession() as session:
            assert [await get(session, server.url) for _ in expected] == expected
            assert server.connections == server.open_connections == 1

    async def test_over_several_connections(self) -> None:
        script = [faults.response(b"1"), faults.response(b"2")]
        connector = aiohttp.TCPConnector(force_close=True)
        async with (
            FaultyServer(script) as server,
            aiohttp.ClientSession(connector=connector) as session,
        ):
            assert [await get(session, server.url) for _ in "12"] == [b"1", b"2"]
            assert server.connections == 2
            assert [one.connection for one in server.requests] == [1, 2]

    async def test_a_fault_can_choose_by_the_request(self) -> None:
        async def choose(exchange: Exchange) -> None:
            await faults.json_response(exchange.request.target)(exchange)

        async with FaultyServer(choose) as server, aiohttp.ClientSession() as session:
            assert (
                await get(session, f"{server.url}/a?b=c") == b'{"status":"OK","data":"/v1/a?b=c"}'
            )


class TestRequests:
    async def test_a_request(self) -> None:
        headers = {"Authorization": "Bearer secret", "X-Mine": "yes"}
        async with FaultyServer() as server, aiohttp.ClientSession(headers=headers) as session:
            async with session.put(f"{server.url}/runs/a%20b?x=1", data=b"{}") as response:
                assert response.status == 200
            (request,) = server.requests
        assert (request.method, request.target) == ("PUT", "/v1/runs/a%20b?x=1")
        assert request.headers["x-mine"] == "yes"
        assert request.headers["Authorization"] == "***"
        assert "secret" not in repr(request)
        assert request.body == b"{}"
        assert request.connection == 1

    async def test_chunks(self, connect: Any) -> None:
        sent = (
            b"PUT /v1 HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
            b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-Trailer: t\r\n\r\n"
        )
        async with FaultyServer(faults.raw(OK, close=False)) as server, connect(server.url) as wire:
            assert await wire.ask(sent) == OK
            assert server.requests[0].body == b"abcde"

    async def test_several_at_once(self, connect: Any) -> None:
        one, last = b"GET /1 HTTP/1.1\r\n\r\n", b"GET /2 HTTP/1.1\r\nConnection: close\r\n\r\n"
        async with FaultyServer(faults.raw(OK, close=False)) as server, connect(server.url) as wire:
            assert await wire.ask(one + last) == OK * 2
            assert [request.target for request in server.requests] == ["/1", "/2"]

    @pytest.mark.parametrize(
        "sent",
        [
            b"hello\r\n\r\n",
            b"GET / HTTP/1.1\r\nno header\r\n\r\n",
            b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
            b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
        ],
    )
    async def test_no_http(self, sent: bytes, connect: Any) -> None:
        async with FaultyServer() as server, connect(server.url) as wire:
            assert (await wire.ask(sent)).startswith(b"HTTP/1.1 400 Bad Request\r\n")
            assert server.requests == []

    async def test_too_long_a_head(self, connect: Any) -> None:
        async with FaultyServer() as server, connect(server.url) as wire:
            # Closing with unread bytes is a reset, which may overtake the response.
            with suppress(ConnectionResetError):
                await wire.ask(b"GET / HTTP/1.1\r\nX: " + b"x" * 2_000_000)
            assert server.requests == []

    @pytest.mark.parametrize(
        "sent", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nContent-Length: 3\r\n\r\nab"]
    )
    async def test_half_a_request(self, sent: bytes, connect: Any) -> None:
        async with FaultyServer() as server, asyncio.timeout(SECONDS):
            async with connect(server.url) as wire:
                wire.writer.write(sent)
                wire.writer.write_eof()
                assert await wire.reader.read() == b""
            await server.wait_for_no_connections()
            assert server.requests == []


class TestExchange:
    async def test_what_a_fault_waits_for_ends_when_the_server_stops(self, connect: Any) -> None:
        ended = False

        async def fault(exchange: Exchange) -> None:
            nonlocal ended
            try:
                await exchange.pause(3600)
            finally:
                ended = True

        async with AsyncExitStack() as stack:
            async with FaultyServer(fault) as server:
                wire = await stack.enter_async_context(connect(server.url))
                wire.writer.write(GET)
                await server.wait_for_requests()
            assert ended
            assert server.open_connections == 0
            assert await wire.reader.read() == b""

    async def test_sending_after_closing(self, connect: Any) -> None:
        async def fault(exchange: Exchange) -> None:
            exchange.close()
            with pytest.raises(ConnectionResetError):
                await exchange.send(b"x")

        async with FaultyServer(fault) as server, connect(server.url) as wire:
            assert await wire.ask(GET) == b""

    @pytest.mark.parametrize("error", [AssertionError, pytest.fail.Exception])
    async def test_what_a_fault_raises(self, connect: Any, error: type[BaseException]) -> None:
        async def fault(_: Exchange) -> None:
            raise error("not this request")

        with pytest.raises(error, match="not this request"):
            async with FaultyServer(fault) as server, connect(server.url) as wire:
                with pytest.raises(ConnectionResetError):
                    await wire.ask()

    async def test_what_a_fault_raises_hides_no_other_error(self, connect: Any) -> None:
        async def fault(_: Exchange) -> None:
            raise AssertionError

        with pytest.raises(ConnectionResetError):
            async with FaultyServer(fault) as server, connect(server.url) as wire:
                await wire.ask()


class TestLifecycle:
    async def test_url(self) -> None:
        server = FaultyServer()
        with pytest.raises(MisuseError, match="inside its `async with`"):
            _ = server.url
        async with server:
            assert server.url.startswith("http://127.0.0.1:")
            assert server.url.endswith("/v1")
        with pytest.raises(MisuseError, match="inside its `async with`"):
            _ = server.url

    async def test_idle_connections_are_closed(self) -> None:
        async with aiohttp.ClientSession() as session:
            async with FaultyServer() as server:
                await get(session, server.url)
                assert server.open_connections == 1
                url = server.url
            assert server.open_connections == 0
            with pytest.raises(aiohttp.ClientConnectionError):
                await session.get(url)

    @pytest.mark.parametrize("turns", range(6))
    async def test_a_connection_accepted_just_before_the_exit(
        self, connect: Any, turns: int
    ) -> None:
        async def come(url: str) -> None:
            with suppress(ConnectionError):
                async with connect(url) as wire:
                    assert await wire.reader.read() == b""

        async with FaultyServer() as server:
            coming = [asyncio.create_task(come(server.url)) for _ in range(5)]
            for _ in range(turns):
                await asyncio.sleep(0)
        assert server.open_connections == 0
        assert asyncio.all_tasks() <= {asyncio.current_task(), *coming}
        await asyncio.gather(*coming)

    async def test_stopping_while_the_client_does_not_read(self, connect: Any) -> None:
        async with AsyncExitStack() as stack:
            async with FaultyServer(faults.endless_body()) as server:
                wire = await stack.enter_async_context(connect(server.url))
                wire.writer.transport.pause_reading()
                wire.writer.write(GET)
                await server.wait_for_requests()
            assert server.open_connections == 0

    def test_in_a_loop_of_its_own(self) -> None:
        async def main() -> bytes:
            async with FaultyServer() as server, aiohttp.ClientSession() as session:
                return await get(session, server.url)

        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert asyncio.run(main(), debug=True) == faults.BODY
