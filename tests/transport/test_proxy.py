"""Proxies: which requests go through which, and that nothing shows their passwords."""

import asyncio
import ssl
import traceback
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import trustme

import currents_async
from currents_async import (
    ConnectError,
    Currents,
    CurrentsError,
    InvalidArgumentError,
    NotFoundError,
    Retries,
    ServerError,
)
from currents_async.testing import FakeCurrents, WorldProject
from tests.loopback_proxy import LoopbackProxy, loopback_proxy

PASSWORD = "hunter2hunter2"
USER = f"ada:{PASSWORD}"
PACKAGE = Path(currents_async.__file__).parent
FetchBoth = Callable[..., Awaitable[list[str]]]


@pytest.fixture
async def proxy(no_task_is_left: None) -> AsyncIterator[LoopbackProxy]:
    async with loopback_proxy() as proxy:
        yield proxy


@pytest.fixture
async def server(world: Any, no_task_is_left: None) -> AsyncIterator[FakeCurrents]:
    async with FakeCurrents(world, assets=True) as server:
        yield server


def with_user(url: str) -> str:
    return url.replace("://", f"://{USER}@")


@pytest.fixture
def fetch_both(server: FakeCurrents, tmp_path: Path) -> FetchBoth:
    """Ask for a run and for an asset; return what a proxy in between is asked for."""

    async def fetch_both(**options: Any) -> list[str]:
        async with Currents(server.api_key, base_url=server.url, **options) as currents:
            with pytest.raises(NotFoundError):
                await currents.runs.get("r")
            with pytest.raises(CurrentsError):  # it is not signed, but asked for
                await currents.assets.download(f"{server.asset_url}/a", to=tmp_path)
        return [f"GET {server.url}/runs/r", f"GET {server.asset_url}/a"]

    return fetch_both


def session_with(proxy: str) -> aiohttp.ClientSession:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # aiohttp's, of `proxy_auth`
        auth = aiohttp.BasicAuth("ada", PASSWORD)
        return aiohttp.ClientSession(proxy=proxy, proxy_auth=auth)


class TestRouting:
    @pytest.mark.parametrize("spelling", ["whole", "without a scheme", "with a user"])
    async def test_all_requests_of_a_client_with_a_proxy(
        self, fetch_both: FetchBoth, proxy: LoopbackProxy, spelling: str
    ) -> None:
        url = with_user(proxy.url) if spelling == "with a user" else proxy.url
        url = url.removeprefix("http://") if spelling == "without a scheme" else url
        expected = await fetch_both(proxy=url)
        assert proxy.targets == expected
        credentials = USER if spelling == "with a user" else None
        assert [ask.credentials for ask in proxy.asked] == [credentials] * 2
        assert "authorization" not in proxy.asked[1].headers

    async def test_a_client_that_trusts_the_environment(
        self, fetch_both: FetchBoth, proxy: LoopbackProxy, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HTTP_PROXY", with_user(proxy.url))
        expected = await fetch_both(trust_env=True)
        assert proxy.targets == expected
        assert [ask.credentials for ask in proxy.asked] == [USER] * 2
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        await fetch_both(trust_env=True)
        assert proxy.targets == expected

    async def test_other_clients_ignore_the_environment(
        self, fetch_both: FetchBoth, proxy: LoopbackProxy, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        await fetch_both()
        assert proxy.asked == []

    async def test_an_injected_session_with_a_proxy(
        self, fetch_both: FetchBoth, proxy: LoopbackProxy
    ) -> None:
        async with session_with(proxy.url) as session:
            expected = await fetch_both(session=session)
        assert proxy.targets == expected
        assert [ask.credentials for ask in proxy.asked] == [USER] * 2

    async def test_an_injected_session_with_a_proxy_that_is_not_a_url(
        self, server: FakeCurrents, tmp_path: Path
    ) -> None:
        async with (
            session_with(f"http://{USER}@[::1") as session,
            Currents(server.api_key, base_url=server.url, session=session) as currents,
        ):
            for call in (
                currents.runs.get("r"),
                currents.assets.download(f"{server.asset_url}/a", to=tmp_path),
            ):
                with pytest.raises(ConnectError, match="the host or its proxy") as caught:
                    await call
                assert PASSWORD not in shown_by_us(caught.value)

    async def test_an_injected_session_that_trusts_the_environment(
        self, fetch_both: FetchBoth, proxy: LoopbackProxy, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        async with aiohttp.ClientSession(trust_env=True) as session:
            expected = await fetch_both(session=session)
        assert proxy.targets == expected

    async def test_a_proxy_that_is_itself_reached_by_tls(
        self,
        server: FakeCurrents,
        tls_server: str,
        trusting: ssl.SSLContext,
        authority: trustme.CA,
        no_task_is_left: None,
    ) -> None:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert("127.0.0.1").configure_cert(tls)
        async with loopback_proxy(tls) as proxy:
            for url, error in ((server.url, NotFoundError), (tls_server, ServerError)):
                async with Currents(
                    server.api_key,
                    base_url=url,
                    ssl=trusting,
                    proxy=with_user(proxy.url),
                    retries=Retries(attempts=1),
                ) as currents:
                    with pytest.raises(error):
                        await currents.runs.get("r")
            targets = [f"GET {server.url}/runs/r", f"CONNECT {tls_server.removeprefix('https://')}"]
            assert proxy.targets == targets
            assert [ask.credentials for ask in proxy.asked] == [USER] * 2

    @pytest.mark.parametrize("whose", ["argument", "environment", "injected"])
    async def test_plain_http_is_shown_to_no_other_machine(
        self,
        server: FakeCurrents,
        fetch_both: FetchBoth,
        monkeypatch: pytest.MonkeyPatch,
        whose: str,
    ) -> None:
        elsewhere = "http://proxy.invalid:3128"
        options: dict[str, Any] = {"proxy": elsewhere} if whose == "argument" else {}
        if whose == "environment":
            monkeypatch.setenv("HTTP_PROXY", elsewhere)
            options["trust_env"] = True
        async with aiohttp.ClientSession(proxy=elsewhere) as session:
            if whose == "injected":
                options["session"] = session
            await fetch_both(**options)
        assert len(server.requests) == len(server.asset_requests) == 1

    async def test_a_tunnel_shows_the_proxy_no_key(
        self,
        tls_server: str,
        trusting: ssl.SSLContext,
        proxy: LoopbackProxy,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        async def look_up(
            loop: asyncio.AbstractEventLoop, host: str, port: int, **_: Any
        ) -> list[tuple[object, ...]]:
            return [(2, 1, 6, "", ("127.0.0.1", port))]

        monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", look_up)
        url = f"http://{USER}@proxy.example:{proxy.port}"
        async with Currents("the-key", base_url=tls_server, ssl=trusting, proxy=url) as currents:
            with pytest.raises(ServerError):  # the server was reached
                await currents.runs.get("r")
        host = tls_server.removeprefix("https://")
        assert set(proxy.targets) == {f"CONNECT {host}"}
        for ask in proxy.asked:
            assert ask.credentials == USER
            assert "the-key" not in str(ask)


class TestRefusals:
    @pytest.mark.parametrize(
        ("proxy", "reason"),
        [
            (f"socks5://{USER}@proxy.example:1080", "package aiohttp-socks"),
            (f"SOCKS5H://{USER}@proxy.example:1080", "is a SOCKS proxy"),
            (f"socks4://{USER}@proxy.example", "session="),
            (f"ftp://{USER}@proxy.example", "must begin with http:// or https://"),
            (f"//{USER}@proxy.example", "name a host"),
            (f"http://{USER}@", "name a host"),
            ("", "name a host"),
            (f"http://{USER}@proxy.example:99999", "is not a URL"),
            (f"http://{USER}@[::1", "is not a URL"),
            (f"{USER}@proxy.example:port", "is not a URL"),
            (f"http://{USER}@proxy.example/proxy.pac", "after the port"),
            (f"http://{USER}@proxy.example?x", "after the port"),
            (f"http://{USER} @proxy.example", "spaces"),
            (f"http://{USER}@proxy.example\n", "control"),
            (f"http://{USER}\u00e4@proxy.example", "non-ASCII"),
            (f"http://{USER}@proxy.example".encode(), "must be a str"),
        ],
    )
    def test_a_proxy_that_cannot_be_used(self, proxy: Any, reason: str) -> None:
        with pytest.raises(InvalidArgumentError, match=f"^proxy .*{reason}") as caught:
            Currents("key", proxy=proxy)
        assert PASSWORD not in shown_by_us(caught.value)

    @pytest.mark.parametrize("name", ["HTTP_PROXY", "HTTPS_PROXY"])
    @pytest.mark.parametrize(
        ("proxy", "reason"),
        [
            # aiohttp would take the host for a scheme, speak HTTP to it, or go without a proxy.
            (f"{USER}@proxy.example:3128", "must begin with http://"),
            (f"socks5://{USER}@proxy.example", "is a SOCKS proxy"),
            (f"https://{USER}@proxy.example", "must begin with http://"),
        ],
    )
    def test_a_proxy_of_the_environment(
        self, monkeypatch: pytest.MonkeyPatch, name: str, proxy: str, reason: str
    ) -> None:
        monkeypatch.setenv(name, proxy)
        with pytest.raises(InvalidArgumentError, match=f"^{name} {reason}.*trust_env") as caught:
            Currents("key", trust_env=True)
        assert PASSWORD not in shown_by_us(caught.value)
        Currents("key")
        Currents("key", trust_env=True, proxy="http://proxy.example")


class TestSecrets:
    async def test_a_client_with_a_proxy(
        self, server: FakeCurrents, proxy: LoopbackProxy, tmp_path: Path
    ) -> None:
        url = with_user(proxy.url)
        async with Currents(server.api_key, base_url=server.url, proxy=url) as currents:
            run = await currents.request("GET", "/projects")
            parts = [currents, vars(currents), vars(currents._channel), run.headers]
        assert proxy.asked[0].credentials == USER
        assert PASSWORD not in "".join(map(repr, parts))

    @pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
    async def test_a_proxy_that_refuses(
        self, proxy: LoopbackProxy, trusting: ssl.SSLContext, *, tls: bool
    ) -> None:
        proxy.refuses = True
        scheme = "https" if tls else "http"
        async with Currents(
            "key", base_url=f"{scheme}://localhost:1", ssl=trusting, proxy=with_user(proxy.url)
        ) as currents:
            with pytest.raises(CurrentsError, match="Proxy Authentication Required") as caught:
                await currents.runs.get("r")
        assert isinstance(caught.value, ConnectError) is tls
        assert PASSWORD not in shown_by_us(caught.value)

    async def test_a_proxy_that_is_not_there(self, unused_port: int) -> None:
        proxy = f"http://{USER}@127.0.0.1:{unused_port}"
        async with Currents("key", base_url="http://localhost:1", proxy=proxy) as currents:
            with pytest.raises(ConnectError, match=f"127.0.0.1:{unused_port}") as caught:
                await currents.runs.get("r")
        assert PASSWORD not in shown_by_us(caught.value)

    async def test_the_request_of_a_response_through_a_proxy(
        self, server: FakeCurrents, proxy: LoopbackProxy, project: WorldProject
    ) -> None:
        seen: list[aiohttp.ClientRequest] = []

        async def watch(
            request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
        ) -> aiohttp.ClientResponse:
            seen.append(request)
            return await handler(request)

        async with (
            aiohttp.ClientSession(middlewares=[watch]) as session,
            Currents(
                server.api_key, base_url=server.url, session=session, proxy=with_user(proxy.url)
            ) as currents,
        ):
            await currents.runs.get(project.run(specs=1).run_id)
        [request] = seen
        assert proxy.asked[0].credentials == USER
        assert "Proxy-Authorization" not in request.headers


def shown_by_us(error: BaseException) -> str:
    """What is shown of an error, but for the frames of the test, which holds the password."""
    report = traceback.TracebackException.from_exception(error, capture_locals=True)
    frames = [frame for frame in report.stack if Path(frame.filename).is_relative_to(PACKAGE)]
    assert frames
    report.stack = traceback.StackSummary.from_list(frames)
    return "".join(report.format()) + repr(error) + repr(vars(error))
