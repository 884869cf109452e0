"""Bodies of errors: the status is known before them, and matters more."""

import weakref

import aiohttp
import pytest
from aiohttp.connector import Connection

from currents_async import ForbiddenError, ServerError
from currents_async._transport import attempt
from currents_async.testing import Exchange, Fault, FaultyServer, faults
from tests.support import client

HEAD = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\nContent-Type: application/json\r\n\r\n{"


async def stalls(exchange: Exchange) -> None:
    await exchange.send(HEAD)
    await exchange.wait()


async def breaks_off(exchange: Exchange) -> None:
    await exchange.send(HEAD)
    exchange.close()


async def is_no_gzip(exchange: Exchange) -> None:
    await exchange.send(HEAD.replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n"))
    await exchange.send(bytes(99))


@pytest.mark.parametrize("fault", [stalls, breaks_off, is_no_gzip])
async def test_an_error_whose_body_does_not_arrive_is_what_its_status_says(
    fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempt, "_ERROR_BODY_SECONDS", 0.05)
    async with FaultyServer(fault) as server, client(server.url) as currents:
        with pytest.raises(ForbiddenError, match="403 Forbidden"):
            await currents.runs.get("r")
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [403, 503])
async def test_an_error_keeps_no_response_alive(
    status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    responses: list[weakref.ref[aiohttp.ClientResponse]] = []
    start = aiohttp.ClientResponse.start

    async def started(
        response: aiohttp.ClientResponse, connection: Connection
    ) -> aiohttp.ClientResponse:
        responses.append(weakref.ref(response))
        return await start(response, connection)

    monkeypatch.setattr(aiohttp.ClientResponse, "start", started)
    async with (
        FaultyServer(faults.response(b"{}", status)) as server,
        client(server.url) as currents,
    ):
        with pytest.raises((ForbiddenError, ServerError)) as caught:
            await currents.runs.get("r")
        assert responses
        assert all(response() is None for response in responses)
    assert caught.value.__traceback__ is not None
