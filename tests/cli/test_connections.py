"""How the command line gets to the service: proxies, and certificates of companies."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Iterator
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import trustme
from anyio.from_thread import BlockingPortal, start_blocking_portal

from currents_async.cli._app import run
from currents_async.cli._options import Connection
from currents_async.cli._settings import read_settings
from currents_async.testing import FakeCurrents
from tests.cli.stdio import CommandLine
from tests.loopback_proxy import LoopbackProxy, loopback_proxy

PASSWORD = "hunter2hunter2"


@pytest.fixture
def portal() -> Iterator[BlockingPortal]:
    with start_blocking_portal() as portal:
        yield portal


@pytest.fixture
def company(
    portal: BlockingPortal,
    service: FakeCurrents,
    authority: trustme.CA,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[str]:
    """The service again, behind a certificate that only its company trusts; its host and port."""
    with portal.wrap_async_context_manager(in_tls(authority, port_of(service.url))) as address:
        monkeypatch.setenv("CURRENTS_REST_API_URL", f"https://{address}/v1")
        yield address


@pytest.fixture
def proxy(portal: BlockingPortal, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackProxy]:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    with portal.wrap_async_context_manager(loopback_proxy()) as proxy:
        yield proxy


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "company.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


def port_of(url: str) -> int:
    port = urlsplit(url).port
    assert port is not None
    return port


@asynccontextmanager
async def in_tls(authority: trustme.CA, port: int, name: str = "localhost") -> AsyncGenerator[str]:
    """Take TLS off what arrives for a port of this machine, under a name."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port)
        with suppress(ConnectionError):
            await asyncio.gather(copy(reader, back), copy(there, writer))

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)
        writer.close()

    server = await asyncio.start_server(forward, "127.0.0.1", 0, ssl=context)
    async with server:
        yield f"{name}:{server.sockets[0].getsockname()[1]}"


class TestCertificates:
    def test_a_ca_file_is_trusted(self, company: str, ca_file: str) -> None:
        assert run(["projects", "list"]) == 1
        assert run(["projects", "list", "--ca-file", ca_file]) == 0

    def test_system_certificates_are_still_trusted(self, ca_file: str) -> None:
        trust = ssl.create_default_context()
        trust.load_verify_locations(ca_file)
        ours = _context(ca_file)
        assert ours.cert_store_stats() == trust.cert_store_stats()
        assert ours.verify_mode == ssl.CERT_REQUIRED
        assert ours.check_hostname

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (None, "No such file"),
            (b"", "must have certificates as PEM"),
            (b"\x30\x82\x01\x0a", "must have certificates as PEM"),
            (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "as PEM"),
        ],
        ids=["missing", "empty", "DER", "broken"],
    )
    def test_an_unusable_ca_file_is_named_in_the_error(
        self,
        service: FakeCurrents,
        tmp_path: Path,
        cli: CommandLine,
        content: bytes | None,
        message: str,
    ) -> None:
        path = tmp_path / "company.pem"
        if content is not None:
            path.write_bytes(content)
        err = cli("projects", "list", "--ca-file", str(path), code=2).err
        assert err.startswith(f"currents-async: --ca-file: {path}")
        assert message in err
        assert service.requests == []


def test_private_assets_allows_private_addresses(
    portal: BlockingPortal,
    service: FakeCurrents,
    authority: trustme.CA,
    proxy: LoopbackProxy,
    ca_file: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    cli: CommandLine,
) -> None:
    async def look_up(_loop: object, host: str, port: int, **_: object) -> list[object]:
        return [(2, 1, 6, "", ("93.184.216.34" if host == "api.example" else host, port))]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", look_up)
    with ExitStack() as stack:
        api, assets = (
            stack.enter_context(portal.wrap_async_context_manager(front))
            for front in (
                in_tls(authority, port_of(service.url), "api.example"),
                in_tls(authority, port_of(service.asset_url), "127.0.0.1"),
            )
        )
        shot = {"screenshotURL": f"https://{assets}/shot.png"}
        results = {"tests": [], "screenshots": [shot]}
        service.world.add_instance_payload({"instanceId": "i", "spec": "a.ts", "results": results})
        monkeypatch.setenv("CURRENTS_REST_API_URL", f"https://{api}/v1")
        options = ("--to", str(tmp_path), "--ca-file", ca_file, "--proxy", proxy.url)
        out = cli("assets", "download", "--instance", "i", *options, code=5).out
        assert "loopback address" in out
        assert service.asset_requests == []
        cli("assets", "download", "--instance", "i", *options, "--private-assets", code=5)
        assert len(service.asset_requests) == 1  # and there is none


class TestProxies:
    @pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy"])
    def test_the_proxy_of_the_environment_is_used(
        self,
        company: str,
        proxy: LoopbackProxy,
        ca_file: str,
        monkeypatch: pytest.MonkeyPatch,
        name: str,
    ) -> None:
        monkeypatch.setenv(name, proxy.url)
        assert run(["projects", "list", "--ca-file", ca_file]) == 0
        assert proxy.targets == [f"CONNECT {company}"]

    def test_hosts_in_no_proxy_are_requested_directly(
        self, company: str, proxy: LoopbackProxy, ca_file: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "localhost")
        assert run(["projects", "list", "--ca-file", ca_file]) == 0
        assert proxy.asked == []

    def test_the_proxy_option_overrides_the_environment(
        self, company: str, proxy: LoopbackProxy, ca_file: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
        monkeypatch.setenv("NO_PROXY", "localhost")
        options = ("--ca-file", ca_file, "--proxy", proxy.url)
        assert run(["auth", "check", *options]) == 0
        assert proxy.targets == [f"CONNECT {company}"]

    def test_proxies_of_the_environment_are_not_used_for_plain_http(
        self, service: FakeCurrents, proxy: LoopbackProxy, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("HTTPS_PROXY", "socks5://127.0.0.1:1")
        assert run(["projects", "list"]) == 0
        assert proxy.asked == []

    def test_a_socks_proxy_is_refused_where_it_was_named(
        self, company: str, proxy: LoopbackProxy, monkeypatch: pytest.MonkeyPatch, cli: CommandLine
    ) -> None:
        url = f"socks5://ada:{PASSWORD}@127.0.0.1:1"
        [option] = cli("projects", "list", "--proxy", url, code=2).err.splitlines()
        monkeypatch.setenv("HTTPS_PROXY", url)
        [variable] = cli("projects", "list", code=2).err.splitlines()
        assert option.startswith("currents-async: --proxy is a SOCKS proxy")
        assert variable.startswith("currents-async: HTTPS_PROXY is a SOCKS proxy")
        assert PASSWORD not in option + variable

    @pytest.mark.parametrize("proxy", ["ftp://ada@127.0.0.1:1", "http://127.0.0.1:1/proxy.pac"])
    def test_an_unusable_proxy_names_the_option_or_the_variable(
        self, company: str, proxy: str, monkeypatch: pytest.MonkeyPatch, cli: CommandLine
    ) -> None:
        [option] = cli("projects", "list", "--proxy", proxy, code=2).err.splitlines()
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        [variable] = cli("projects", "list", code=2).err.splitlines()
        assert option.startswith("currents-async: --proxy must ")
        assert variable.startswith("currents-async: HTTPS_PROXY must ")
        assert "trust_env" not in variable

    def test_no_repr_shows_its_password(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CURRENTS_API_KEY", "key")
        connection = Connection(proxy=f"http://ada:{PASSWORD}@127.0.0.1:1")
        assert PASSWORD not in repr(connection) + repr(read_settings(proxy=connection.proxy))


def _context(ca_file: str) -> ssl.SSLContext:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("CURRENTS_API_KEY", "key")
        trust = read_settings(ca_file=ca_file).trust
    assert trust is not None
    return trust


def test_allow_http_is_an_option_and_a_setting_of_a_profile(
    service: FakeCurrents, config: Path, monkeypatch: pytest.MonkeyPatch, cli: CommandLine
) -> None:
    async def look_up(_loop: object, host: str, port: int, **_: object) -> list[object]:
        return [(2, 1, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", look_up)
    monkeypatch.setenv("CURRENTS_REST_API_URL", f"http://currents:{port_of(service.url)}")
    refused = cli("projects", "list", code=2).err
    assert refused.startswith(
        "currents-async: CURRENTS_REST_API_URL: the base URL must be https://"
    )
    assert refused.endswith("(--allow-http allows it)\n")
    assert service.requests == []
    cli("projects", "list", "--allow-http")
    config.write_text("[profiles.default]\nallow_http = true\n")
    cli("projects", "list")
    service.requests.assert_sent("listProjects", times=2)
