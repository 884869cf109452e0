"""Where assets may come from: no response and no redirect leads into the caller's networks."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import aiohttp
import pytest
import trustme
from aiohttp import web
from yarl import URL

from currents_async import Currents, InvalidArgumentError, RedirectError
from currents_async._transport.connection import ConnectionLostError
from currents_async._transport.reach import (
    Guard,
    GuardedRequest,
    GuardedResolver,
    OutOfReachError,
    Reach,
)
from tests.loopback_proxy import loopback_proxy

pytestmark = pytest.mark.usefixtures("no_task_is_left")

PUBLIC = "93.184.216.34"
SIGNATURE = "Signature=very~secret~signature"
NAMES = {"assets.example": ["127.0.0.1"], "api.example": [PUBLIC], "api.here": ["127.0.0.1"]}
INSIDE = [
    "https://10.0.0.5/a",
    "https://192.168.0.1:8443/a",
    "https://169.254.169.254/latest/meta-data",
    "https://[fd00::1]/a",
    "https://[fe80::1]/a",
    "https://[::ffff:10.0.0.5]/a",
    "https://[::ffff:a9fe:a9fe]/a",
    "https://172.16.1/a",
    "https://167772165/a",
    "https://0xa.0.0.5/a",
    "https://012.0.0.5/a",
    "https://10.0.0.5./a",
]
HERE = [
    "https://localhost/a",
    "https://app.localhost./a",
    "https://[::1]/a",
    "https://0.0.0.0/a",
    "https://2130706433/a",
    "https://0x7f.1/a",
    "http://127.0.0.1:1/a",
    "http://localhost:1/a",
]


class Host(NamedTuple):
    """A host of assets on loopback, with a certificate for its name."""

    port: int
    asked: list[str]
    connections: list[object]
    redirects_to: list[str]

    @property
    def url(self) -> str:
        return f"https://assets.example:{self.port}/a?{SIGNATURE}"


@pytest.fixture
async def host(authority: trustme.CA) -> AsyncIterator[Host]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("assets.example", "127.0.0.1").configure_cert(context)
    asked, connections, redirects = list[str](), list[object](), list[str]()

    async def respond(request: web.BaseRequest) -> web.StreamResponse:
        asked.append(request.host)
        if redirects:
            return web.Response(status=302, headers={"Location": redirects[0]})
        return web.Response(body=b"content")

    class Counting(web.Server):
        def __call__(self) -> Any:
            connections.append(self)
            return super().__call__()

    runner = web.ServerRunner(Counting(respond))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    yield Host(runner.addresses[0][1], asked, connections, redirects)
    await runner.cleanup()


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names that are looked up, all of them from `NAMES`."""
    asked: list[str] = []

    async def look_up(
        loop: asyncio.AbstractEventLoop, host: str, port: int, **_: Any
    ) -> list[tuple[object, ...]]:
        asked.append(host)
        return [(2, 1, 6, "", (address, port)) for address in NAMES[host]]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", look_up)
    return asked


@pytest.fixture
def connect(trusting: ssl.SSLContext) -> Callable[..., Currents]:
    def connect(api: str = "https://api.example/v1", **options: Any) -> Currents:
        return Currents("key", base_url=api, ssl=trusting, **options)

    return connect


class TestNames:
    async def test_a_name_that_leads_inside_is_not_connected_to(
        self, host: Host, names: list[str], connect: Callable[..., Currents], tmp_path: Path
    ) -> None:
        async with connect() as currents:
            with pytest.raises(InvalidArgumentError, match=r"loopback address 127\.0\.0\.1") as one:
                await currents.assets.download(host.url, to=tmp_path)
        assert "private_assets=True" in str(one.value)
        assert "very~secret" not in repr(one.value)
        assert host.connections == []
        assert names == ["assets.example", "api.example"]  # and not tried again

    async def test_a_connector_of_the_caller_resolves_names_and_nothing_is_sent(
        self, host: Host, names: list[str], trusting: ssl.SSLContext, tmp_path: Path
    ) -> None:
        connector = aiohttp.TCPConnector(ssl=trusting)
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            Currents("key", base_url="https://api.example/v1", session=session) as currents,
        ):
            with pytest.raises(InvalidArgumentError, match="loopback address"):
                await currents.assets.download(host.url, to=tmp_path)
        assert len(host.connections) == 1
        assert host.asked == []

    async def test_other_connectors_connect_their_own_way(
        self, host: Host, names: list[str], trusting: ssl.SSLContext, tmp_path: Path
    ) -> None:
        class Socks(aiohttp.TCPConnector):
            """A connector whose connections lead to a proxy."""

        async with (
            aiohttp.ClientSession(connector=Socks(ssl=trusting)) as session,
            Currents("key", base_url="https://api.example/v1", session=session) as currents,
        ):
            saved = await currents.assets.download(host.url, to=tmp_path)
        assert saved.path.read_bytes() == b"content"

    @pytest.mark.parametrize("why", ["the API is there too", "the caller allows it"])
    async def test_a_name_that_may_lead_inside(
        self,
        host: Host,
        names: list[str],
        connect: Callable[..., Currents],
        tmp_path: Path,
        why: str,
    ) -> None:
        is_asked = why == "the caller allows it"
        api = "https://api.example/v1" if is_asked else "https://api.here/v1"
        async with connect(api, private_assets=is_asked) as currents:
            saved = await currents.assets.download(host.url, to=tmp_path)
        assert saved.path.read_bytes() == b"content"

    async def test_names_are_resolved_by_a_proxy(
        self, host: Host, names: list[str], connect: Callable[..., Currents], tmp_path: Path
    ) -> None:
        async with loopback_proxy() as proxy, connect(proxy=proxy.url) as currents:
            saved = await currents.assets.download(host.url, to=tmp_path)
            assert saved.path.read_bytes() == b"content"
            with pytest.raises(InvalidArgumentError, match=r"private address 10\.0\.0\.5"):
                await currents.assets.download("https://10.0.0.5/a", to=tmp_path)
            assert proxy.targets == [f"CONNECT assets.example:{host.port}"]
        assert names == ["api.example"]

    @pytest.mark.parametrize(
        ("found", "left"),
        [
            ([PUBLIC], [PUBLIC]),
            (["10.0.0.5", PUBLIC, "127.0.0.1", "169.254.169.254"], [PUBLIC, "127.0.0.1"]),
            (["10.0.0.5", "192.168.0.1"], None),
            ([], []),
        ],
    )
    async def test_of_several_addresses_only_those_that_may_be_reached_are_used(
        self,
        names: list[str],
        monkeypatch: pytest.MonkeyPatch,
        found: Sequence[str],
        left: Sequence[str] | None,
    ) -> None:
        async def resolve(_: Any) -> Any:
            return [one["host"] for one in await resolver.resolve("many.example", 443)]

        monkeypatch.setitem(NAMES, "many.example", list(found))
        resolver, request = (
            GuardedResolver(),
            SimpleNamespace(proxy=None, url=URL("https://many.example")),
        )
        guard: Any = Guard(
            Reach("https://127.0.0.1/v1", private=False, http=False), connections=True
        )
        if left is None:
            with pytest.raises(OutOfReachError, match=r"private address 10\.0\.0\.5"):
                await guard(request, resolve)
        else:
            assert await guard(request, resolve) == left
        # Whoever is not guarded finds all.
        assert await resolve(None) == found

    async def test_a_connection_closed_by_its_peer_is_lost(self) -> None:
        transport = SimpleNamespace(get_extra_info=lambda _: None)
        guard: Any = Guard(
            Reach("https://127.0.0.1/v1", private=True, http=False), connections=True
        )
        connections: list[Any] = [SimpleNamespace(transport=one) for one in (transport, None)]
        for conn in connections:
            send: Any = partial(GuardedRequest.send, conn=conn)
            with pytest.raises(ConnectionLostError, match="closed before anything was sent"):
                await guard(SimpleNamespace(proxy=None, url=URL("https://many.example")), send)


class TestAddresses:
    @pytest.mark.parametrize("url", INSIDE + HERE)
    async def test_urls_of_responses(
        self, connect: Callable[..., Currents], tmp_path: Path, url: str
    ) -> None:
        async with connect(f"https://{PUBLIC}/v1") as currents:
            with pytest.raises(InvalidArgumentError, match="URL leads to the"):
                await currents.assets.download(url, to=tmp_path)
            assert currents.traffic.requests == 0

    @pytest.mark.parametrize("url", INSIDE)
    async def test_redirects(
        self, host: Host, connect: Callable[..., Currents], tmp_path: Path, url: str
    ) -> None:
        host.redirects_to.append(url)
        async with connect("https://127.0.0.1:1/v1") as currents:
            with pytest.raises(RedirectError, match=r"leads to the (private|reserved) address"):
                await currents.assets.download(f"https://127.0.0.1:{host.port}/a", to=tmp_path)
            assert currents.traffic.requests == len(host.asked) == 1

    async def test_a_redirect_to_a_name_that_leads_inside(
        self,
        host: Host,
        names: list[str],
        monkeypatch: pytest.MonkeyPatch,
        connect: Callable[..., Currents],
        tmp_path: Path,
    ) -> None:
        monkeypatch.setitem(NAMES, "inside.example", ["10.0.0.5"])
        host.redirects_to.append("https://inside.example/a")
        async with connect("https://127.0.0.1:1/v1") as currents:
            with pytest.raises(RedirectError, match=r"leads to the private address 10\.0\.0\.5"):
                await currents.assets.download(f"https://127.0.0.1:{host.port}/a", to=tmp_path)
        assert len(host.asked) == 1


class TestReach:
    @pytest.mark.parametrize(
        ("api", "private", "allowed"),
        [
            (PUBLIC, False, {"public"}),
            (PUBLIC, True, {"public", "private", "loopback"}),
            ("10.0.0.1", False, {"public", "private"}),
            ("[fd00::1]", False, {"public", "private"}),
            ("127.0.0.1", False, {"public", "loopback"}),
            ("localhost", False, {"public", "loopback"}),
            ("169.254.1.1", False, {"public", "reserved"}),
        ],
    )
    async def test_reachable_addresses(self, api: str, private: bool, allowed: set[str]) -> None:  # noqa: FBT001 - a column of the table
        reach = Reach(f"https://{api}/v1", private=private, http=False)
        addresses = {
            "public": "8.8.8.8",
            "private": "192.168.0.9",
            "loopback": "::1",
            "reserved": "169.254.169.254",
        }
        refused = {name for name, one in addresses.items() if await reach.refusal(one)}
        assert refused == addresses.keys() - allowed

    async def test_error_offers_no_option_that_would_not_help(self) -> None:
        reach = Reach(f"https://{PUBLIC}/v1", private=False, http=False)
        assert "private_assets" in str(await reach.refusal("10.0.0.5"))
        assert "private_assets" not in str(await reach.refusal("169.254.169.254"))

    async def test_an_api_that_cannot_be_looked_up_is_looked_up_again(
        self, names: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def fail(*_: Any) -> Any:
            raise OSError("no name servers")

        reach = Reach("https://api.here/v1", private=False, http=False)
        with monkeypatch.context() as patch:
            patch.setattr(asyncio.BaseEventLoop, "getaddrinfo", fail)
            assert await reach.refusal("127.0.0.1") is not None
        assert await reach.refusal("127.0.0.1") is None
        assert await reach.refusal("127.0.0.1") is None
        assert await reach.refusal("10.0.0.1") is not None
        assert names == ["api.here"]
