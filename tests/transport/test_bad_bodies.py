"""Bodies that are not what they should be, over a real socket: each is a typed error."""

import asyncio
import gzip
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import pytest

from currents_async import (
    APIError,
    Currents,
    CurrentsError,
    DecodeError,
    Limits,
    ResponseTooLargeError,
    Retries,
    ServerError,
    TransportError,
)
from currents_async.testing import FakeCurrents, WorldProject


@pytest.fixture
async def currents(server: FakeCurrents) -> AsyncIterator[Currents]:
    """A client that tells of the first fault it meets."""
    retries = Retries(attempts=1)
    async with Currents(server.api_key, base_url=server.url, retries=retries) as currents:
        yield currents


GOOD = (
    b'{"status":"OK","data":'
    b'{"runId":"r","projectId":"p","completionState":"COMPLETE","status":"PASSED"}}'
)
PACKED = gzip.compress(GOOD)
GZIP = {"Content-Encoding": "gzip"}


def corrupted(place: int) -> bytes:
    body = bytearray(PACKED)
    body[place] ^= 0xFF
    return bytes(body)


@pytest.mark.parametrize(
    ("headers", "body", "error", "cause"),
    [
        pytest.param(GZIP, PACKED[:-9], TransportError, "ends early", id="truncated"),
        pytest.param(GZIP, PACKED[:-3], TransportError, "ends early", id="truncated trailer"),
        pytest.param(GZIP, corrupted(-6), DecodeError, "corrupt", id="wrong CRC"),
        pytest.param(GZIP, corrupted(0), DecodeError, "corrupt", id="no gzip"),
        pytest.param(GZIP, GOOD, DecodeError, "corrupt", id="gzip declared, not done"),
        pytest.param(GZIP, PACKED + b"tail", DecodeError, "follow the end", id="trailing garbage"),
        pytest.param(GZIP, PACKED * 2, DecodeError, "not JSON", id="two members, two texts"),
        pytest.param(GZIP, PACKED * 65, DecodeError, "than 64 members", id="65 members"),
        pytest.param(GZIP, b"", TransportError, "ends early", id="empty gzip"),
        pytest.param({}, PACKED, DecodeError, "not JSON", id="gzip not declared"),
        pytest.param({"Content-Encoding": "br"}, GOOD, DecodeError, "'br'", id="other encoding"),
        pytest.param({}, b"", DecodeError, "body is empty", id="empty"),
        pytest.param({}, b"<html>hi</html>", DecodeError, "HTML", id="HTML"),
        pytest.param({}, GOOD[:-5], DecodeError, "truncated", id="half a JSON text"),
        pytest.param({}, GOOD + b"{}", DecodeError, "not JSON", id="two JSON texts"),
        pytest.param({}, b'{"status":"OK"}', DecodeError, "no data", id="no data"),
        pytest.param({}, b'{"status":"FAILED","error":"no"}', APIError, "no", id="failed with 200"),
        pytest.param(
            {}, b'{"status":"OK","data":{"runId":{}}}', DecodeError, r"\$\.data\.runId", id="misfit"
        ),
        pytest.param({}, b'{"a":' + b"[" * 100_000, DecodeError, "too deeply", id="deep nesting"),
    ],
)
async def test_a_body_that_is_not_what_it_should_be(
    server: FakeCurrents,
    currents: Currents,
    headers: dict[str, str],
    body: bytes,
    error: type[CurrentsError],
    cause: str,
) -> None:
    server.fail("getRun", status=200, headers=headers, body=body)
    with pytest.raises(error, match=cause) as caught:
        await currents.runs.get("r")
    assert type(caught.value) is error
    assert str(caught.value).startswith(f"getRun (GET {server.url}/runs/r): ")
    assert caught.value.__context__ is None

    server.fail("getRun", status=200, headers=GZIP, body=PACKED)
    assert (await currents.runs.get("r")).run_id == "r"  # the client is as good as new


@pytest.mark.parametrize("headers", [GZIP, {}], ids=["gzip", "plain"])
async def test_a_body_over_the_limit(server: FakeCurrents, headers: dict[str, str]) -> None:
    body = GOOD[:-1] + b" " * 100_000 + b"}"
    body = gzip.compress(body) if headers else body
    limits = Limits(body=100_000)
    async with Currents(server.api_key, base_url=server.url, limits=limits) as currents:
        server.fail("getRun", status=200, headers=headers, body=body)
        with pytest.raises(ResponseTooLargeError) as caught:
            await currents.runs.get("r")
    assert caught.value.limit == 100_000
    assert caught.value.operation == "getRun"


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Content-Type": "text/html"}, b"<html><h1>502 Bad Gateway</h1></html>"),
        (GZIP, b"not gzip"),
        (GZIP, gzip.compress(bytes(1_000_000))),
        ({"Content-Encoding": "br"}, b"x"),
        ({}, b""),
    ],
)
async def test_the_body_of_an_error_does_not_hide_the_status(
    server: FakeCurrents, currents: Currents, headers: dict[str, str], body: bytes
) -> None:
    server.fail("getRun", status=502, headers=headers, body=body)
    with pytest.raises(ServerError, match="502 Bad Gateway"):
        await currents.runs.get("r")


async def test_a_plain_body_of_a_server_that_does_not_compress(
    server: FakeCurrents, currents: Currents
) -> None:
    server.fail("getRun", status=200, body=GOOD)
    assert (await currents.runs.get("r")).run_id == "r"


@asynccontextmanager
async def responding(response: bytes) -> AsyncGenerator[str]:
    """Serve one raw HTTP response, then hang up."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(response)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize(
    ("response", "cause"),
    [
        pytest.param(b"", "connection was lost", id="hangs up"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Le", "connection was lost", id="half a header"),
        pytest.param(b"SMTP ready\r\n\r\n", "not valid HTTP", id="no HTTP"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + GOOD, "body ends early", id="short"
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
            "body ends early",
            id="half a chunk",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n{",
            "ends early|not valid HTTP",
            id="no chunk size",
        ),
    ],
)
async def test_a_connection_that_breaks_off(response: bytes, cause: str) -> None:
    async with responding(response) as url, Currents("key", base_url=url) as currents:
        with pytest.raises(TransportError, match=cause) as caught:
            await currents.runs.get("r")
    assert caught.value.operation == "getRun"
    assert caught.value.__context__ is None


async def test_a_large_body_yields_to_the_event_loop(
    currents: Currents, project: WorldProject
) -> None:
    run = project.run(specs=5_000)
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    before = currents.traffic.inflated_bytes
    await currents.runs.get(run.run_id)
    inflated = currents.traffic.inflated_bytes - before
    counting.cancel()
    assert inflated > 2_000_000
    assert turns > inflated / (64 * 1024)


async def test_cancelled_while_the_body_of_an_error_is_read() -> None:
    """The connection is closed at once, not when the garbage collector comes round."""
    responded, closed = asyncio.Event(), asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 500 Oops\r\nContent-Length: 100\r\n\r\n{")
        await writer.drain()
        responded.set()
        assert await reader.read() == b""
        closed.set()
        writer.close()

    listening = await asyncio.start_server(handle, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    async with listening, Currents("key", base_url=url) as currents:
        task = asyncio.create_task(currents.runs.get("r"))
        await responded.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(20):
            await closed.wait()
