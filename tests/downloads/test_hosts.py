"""Where downloads send requests to, and what they show to whom."""

from pathlib import Path

import aiohttp
import pytest

from currents_async import Currents, NotFoundError, RedirectError, UnauthorizedError
from currents_async._wire.asset_url import AssetUrl, read_asset_url
from currents_async.testing import FakeCurrents
from tests.downloads.asset_host import OLD, AssetHost, files_in, redirect

pytestmark = pytest.mark.usefixtures("no_task_is_left")


class TestHosts:
    async def test_the_origin_of_the_api(
        self, server: FakeCurrents, currents: Currents, folder: Path
    ) -> None:
        with pytest.raises(UnauthorizedError):
            await currents.assets.download(f"{server.url}/runs/r", to=folder)
        [request] = server.requests
        assert "Authorization" not in request.headers

    async def test_an_injected_session(
        self, server: FakeCurrents, host: AssetHost, folder: Path
    ) -> None:
        content = host.add("/a")
        seen: list[str] = []

        async def theirs(
            request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
        ) -> aiohttp.ClientResponse:
            seen.append(request.url.path)
            return await handler(request)

        async with aiohttp.ClientSession(
            headers={"X-Secret": "s", "Authorization": "Basic cw=="},
            cookies={"a": "b"},
            cookie_jar=aiohttp.CookieJar(unsafe=True),
            middlewares=[theirs],
            raise_for_status=True,
        ) as session:
            async with Currents(server.api_key, base_url=server.url, session=session) as currents:
                await currents.assets.download(host.signed("/a"), to=folder)
                with pytest.raises(NotFoundError):
                    await currents.assets.download(host.signed("/missing"), to=folder)
            assert not session.closed
            assert session.connector is not None
            assert not session.connector.closed
        assert files_in(folder) == {"a": content}
        assert seen == []
        for request in host.requests:
            assert not {"Authorization", "Cookie", "X-Secret"} & set(request.headers)

    async def test_a_netrc_file(
        self,
        server: FakeCurrents,
        host: AssetHost,
        folder: Path,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        netrc = tmp_path / "netrc"
        netrc.write_text("machine 127.0.0.1 login user password secret\n")
        netrc.chmod(0o600)
        monkeypatch.setenv("NETRC", str(netrc))
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        host.add("/a")
        async with aiohttp.ClientSession(trust_env=True) as session:
            await session.get(host.signed("/a"))
        async with Currents(server.api_key, base_url=server.url, trust_env=True) as currents:
            await currents.assets.download(host.signed("/a"), to=folder)
        others, ours = host.requests
        assert others.headers["Authorization"].startswith("Basic ")
        assert "Authorization" not in ours.headers

    async def test_redirects(self, currents: Currents, host: AssetHost, folder: Path) -> None:
        # By name: aiohttp keeps no cookies of addresses.
        host.url = host.url.replace("127.0.0.1", "localhost")
        content = host.add("/end")
        host.responses.extend([
            redirect("/1?hop", 301),
            redirect(host.signed("/2"), 302),
            redirect("3", 303),
            redirect("4", 307),
            redirect(f"//{host.url.removeprefix('http://')}/end", 308),
        ])
        saved = await currents.assets.download(host.signed("/org/a"), to=folder)
        assert files_in(folder) == {"a": content}
        assert saved.url == f"{host.url}/org/a"
        assert saved.attempts == 1
        assert [request.path for request in host.requests] == [
            "/org/a",
            "/1",
            "/2",
            "/3",
            "/4",
            "/end",
        ]
        assert [request.query for request in host.requests] == [OLD, "hop", OLD, "", "", ""]
        for request in host.requests:
            assert not {"Authorization", "Cookie", "Referer"} & set(request.headers)

    async def test_too_many_redirects(
        self, currents: Currents, host: AssetHost, folder: Path
    ) -> None:
        host.responses.extend([redirect("/a")] * 6)
        with pytest.raises(RedirectError, match="more than 5") as caught:
            await currents.assets.download(host.signed("/a"), to=folder)
        assert len(host.requests) == 6
        assert caught.value.url == f"{host.url}/a"
        assert files_in(folder) == {}

    @pytest.mark.parametrize(
        "to", ["http://host.example/a", "https://u:p@host/", "ftp://host/a", "https://[/", ""]
    )
    async def test_unsafe_redirects_are_refused(
        self, currents: Currents, host: AssetHost, folder: Path, to: str
    ) -> None:
        host.responses.append(redirect(to))
        with pytest.raises(RedirectError) as caught:
            await currents.assets.download(host.signed("/a"), to=folder)
        assert caught.value.status == 302
        assert len(host.requests) == 1

    def test_no_redirect_from_https_to_http(self) -> None:
        url = read_asset_url("https://host.example/a")
        assert isinstance(url, AssetUrl)
        assert url.redirected("http://127.0.0.1/a") is None
        assert url.redirected("https://other.example/b?c") is not None
