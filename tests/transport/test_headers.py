"""Headers of responses: long ones, as load balancers and policies add them."""

from pathlib import Path

import aiohttp
import pytest

from currents_async import Currents, TransportError
from currents_async.testing import Exchange, FaultyServer
from currents_async.testing.faults import BODY
from tests.support import client

LONGEST = 64 * 1024


def response(header: bytes) -> bytes:
    head = b"HTTP/1.1 200 OK\r\nX-Policy: %s\r\nContent-Length: %d\r\n\r\n" % (header, len(BODY))
    return head + BODY


@pytest.mark.parametrize("size", [8_191, 20_000, LONGEST - len("X-Policy")])
@pytest.mark.parametrize("whose", ["ours", "injected"])
async def test_a_long_header_is_read(size: int, whose: str, tmp_path: Path) -> None:
    async def respond(exchange: Exchange) -> None:
        await exchange.send(response(b"x" * size))

    async with FaultyServer(respond) as server, aiohttp.ClientSession() as session:
        theirs = session if whose == "injected" else None
        async with Currents("key", base_url=server.url, session=theirs) as currents:
            assert (await currents.runs.raw.get("r")).headers["X-Policy"] == "x" * size
            saved = await currents.assets.download(f"{server.url}/a", to=tmp_path)
            assert saved.path.read_bytes() == BODY


async def test_one_that_has_no_end_is_not() -> None:
    async def respond(exchange: Exchange) -> None:
        await exchange.send(response(b"x" * (LONGEST + 1)))

    async with FaultyServer(respond) as server, client(server.url) as currents:
        with pytest.raises(TransportError, match="not valid HTTP"):
            await currents.runs.get("r")
