"""Plain HTTP to other hosts than this one, as in a cluster: only if asked for."""

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from currents_async import Currents, InvalidArgumentError, RedirectError
from currents_async.testing import FakeCurrents, World
from tests.downloads.asset_host import FRESH, OLD, AssetHost, files_in, redirect

pytestmark = pytest.mark.usefixtures("no_task_is_left", "names")


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let all names lead to this machine, as they would to others of a cluster."""

    async def look_up(_: object, host: str, port: int, **__: Any) -> Sequence[object]:
        return [(2, 1, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", look_up)


def in_cluster(url: str, name: str) -> str:
    return str(URL(url).with_host(name))


async def test_a_fake_in_another_container(
    world: World, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run = world.project().run(specs=1, failures=1)
    async with FakeCurrents(world, assets=True) as server:
        url = in_cluster(server.url, "currents")
        with pytest.raises(InvalidArgumentError, match="allow_http=True, or --allow-http"):
            Currents(server.api_key, base_url=url)
        assert caplog.messages == []
        async with Currents(server.api_key, base_url=url, allow_http=True) as currents:
            currents.with_options()
            async with currents.assets.of_run(run.run_id, to=folder) as results:
                assert {result.error async for result in results} == {None}
        assert files_in(folder)
        assert not any(one.authorized for one in server.asset_requests)
    assert caplog.record_tuples == [
        (
            "currents_async",
            logging.WARNING,
            f"http:// is allowed: the network can read all that is sent to {url}, the API key too",
        )
    ]


async def test_the_storage_alone(
    server: FakeCurrents, host: AssetHost, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    content = host.add("/a")
    host.url = in_cluster(host.url, "storage").rstrip("/")
    async with Currents(server.api_key, base_url=server.url) as currents:
        with pytest.raises(InvalidArgumentError, match=r"plain http://.+--allow-http") as caught:
            await currents.assets.download(host.signed("/a"), to=folder)
        assert OLD not in str(caught.value)
        host.url = in_cluster(host.url, "127.0.0.1").rstrip("/")
        host.responses.append(redirect(in_cluster(host.signed("/a"), "storage")))
        with pytest.raises(RedirectError, match="plain http://"):
            await currents.assets.download(host.signed("/a"), to=folder)
        assert currents.traffic.requests == len(host.requests) == 1
    host.url = in_cluster(host.url, "storage").rstrip("/")
    async with Currents(server.api_key, base_url=server.url, allow_http=True) as currents:
        await currents.assets.download(host.signed("/a"), to=folder)
    assert files_in(folder) == {"a": content}
    assert [message.partition(": ")[2] for message in caplog.messages] == [
        "the network can read assets, and their signatures, that are at http:// URLs"
    ]


async def test_it_does_not_open_other_networks(server: FakeCurrents, folder: Path) -> None:
    async with Currents(server.api_key, base_url=server.url, allow_http=True) as currents:
        with pytest.raises(InvalidArgumentError, match=r"private address 10\.0\.0\.5"):
            await currents.assets.download("http://10.0.0.5/a", to=folder)


async def test_a_storage_at_the_origin_of_the_api_gets_no_secret(folder: Path) -> None:
    seen: list[web.BaseRequest] = []

    async def respond(request: web.BaseRequest) -> web.StreamResponse:
        seen.append(request)
        if request.path == "/org/a":
            return web.Response(body=b"content")
        shot = {"screenshotURL": f"{origin}/org/a?{FRESH}"}
        data = {"instanceId": "i", "results": {"screenshots": [shot]}}
        headers = {"Set-Cookie": "session=secret; Path=/"}
        return web.json_response({"status": "OK", "data": data}, headers=headers)

    runner = web.ServerRunner(web.Server(respond))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    origin = f"http://onpremises.example:{runner.addresses[0][1]}"
    async with (
        aiohttp.ClientSession(headers={"X-Api-Secret": "s"}) as session,
        Currents("key", base_url=f"{origin}/v1", session=session, allow_http=True) as currents,
    ):
        async with currents.assets.of_instance("i", to=folder) as results:
            assert {result.error async for result in results} == {None}
        await currents.instances.get("i")
    await runner.cleanup()
    first, asset, second = (request.headers for request in seen)
    assert first["Authorization"] == second["Authorization"] == "Bearer key"
    assert second["Cookie"] == "session=secret"
    assert not {"Authorization", "Cookie", "Proxy-Authorization", "X-Api-Secret"} & set(asset)
