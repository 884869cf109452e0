import asyncio
import socket
import ssl
from typing import NoReturn

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver

from currents_async import (
    ConnectError,
    Currents,
    NotFoundError,
    RedirectError,
    RequestTimeoutError,
    ServerError,
    Timeouts,
)
from currents_async.testing import FakeCurrents, RecordedRequest

KEY = "sk-a-very-secret-key"


class EmptyResolver(AbstractResolver):
    """Resolve as a machine does whose name server knows no such name."""

    async def resolve(self, host: str, *_: object, **__: object) -> NoReturn:
        raise socket.gaierror(socket.EAI_NONAME, f"nobody is called {host}")

    async def close(self) -> None:
        pass


class TestConnection:
    async def test_no_server_listens(self, unused_port: int) -> None:
        async with Currents(KEY, base_url=f"http://127.0.0.1:{unused_port}") as currents:
            with pytest.raises(ConnectError) as caught:
                await currents.runs.get("r")
        where = f"no connection to 127.0.0.1:{unused_port}: Connection refused"
        assert str(caught.value).endswith(where)
        assert caught.value.operation == "getRun"

    async def test_an_unknown_host(self) -> None:
        connector = aiohttp.TCPConnector(resolver=EmptyResolver())
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            Currents(KEY, base_url="https://host.invalid", session=session) as currents,
        ):
            with pytest.raises(ConnectError, match=r"no connection.*host\.invalid"):
                await currents.runs.get("r")

    async def test_an_untrusted_certificate(self, tls_server: str) -> None:
        async with Currents(KEY, base_url=tls_server) as currents:
            with pytest.raises(ConnectError, match="the certificate is not trusted: "):
                await currents.runs.get("r")

    async def test_an_ssl_context_of_the_caller(
        self, tls_server: str, trusting: ssl.SSLContext
    ) -> None:
        async with Currents(KEY, base_url=tls_server, ssl=trusting) as currents:
            with pytest.raises(ServerError):  # the server was reached
                await currents.runs.get("r")

    @pytest.mark.parametrize(
        ("timeouts", "reason"),
        [(Timeouts(read=0.01), "Timeouts.read"), (Timeouts(total=0.01), "Timeouts.total")],
    )
    async def test_a_server_that_sends_no_response(
        self, server: FakeCurrents, timeouts: Timeouts, reason: str
    ) -> None:
        async def never(_: RecordedRequest) -> None:
            await asyncio.Event().wait()

        server.before_response = never
        async with Currents(server.api_key, base_url=server.url, timeouts=timeouts) as currents:
            with pytest.raises(RequestTimeoutError, match=reason):
                await currents.runs.get("r")
        await server.idle()

    async def test_redirects_and_cookies_are_not_followed_or_kept(
        self, server: FakeCurrents
    ) -> None:
        url = by_name(server.url)
        headers = {"Location": f"{url}/runs/other", "Set-Cookie": "a=b; Path=/"}
        server.fail("getRun", status=302, headers=headers)
        async with Currents(server.api_key, base_url=url) as currents:
            for error in (RedirectError, NotFoundError):  # the second response is the server's own
                with pytest.raises(error):
                    await currents.runs.get("r")
        assert [request.path for request in server.requests] == ["/runs/r", "/runs/r"]
        assert all("Cookie" not in request.headers for request in server.requests)


def by_name(url: str) -> str:
    """Return a URL of this machine by its name: aiohttp keeps no cookies of addresses."""
    return url.replace("127.0.0.1", "localhost")
