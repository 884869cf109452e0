"""Downloads, from a host of assets on a real socket that a test can spoil."""

import asyncio
import errno
import gc
import hashlib
import logging
import os
import pickle
import threading
import traceback
import weakref
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import anyio
import pytest
from aiohttp import web

from currents_async import (
    APIError,
    AssetResult,
    ClientClosedError,
    ConnectError,
    Currents,
    CurrentsError,
    DecodeError,
    ForbiddenError,
    InvalidArgumentError,
    Limits,
    MisuseError,
    NotFoundError,
    RedirectError,
    RequestAttempt,
    RequestTimeoutError,
    ResponseTooLargeError,
    Retries,
    ServerError,
    Timeouts,
    TransportError,
    UnauthorizedError,
    WrongLoopError,
)
from currents_async._clock import SystemClock
from currents_async._downloads.file_names import labelled, safe_id, safe_name
from currents_async._downloads.partial_file import PartialFile
from currents_async._downloads.save import Saver
from currents_async._threads import in_thread
from currents_async._transport import Terms, asset_exchange
from currents_async._wire.asset_url import AssetUrl, read_asset_url
from currents_async._wire.faults import TruncatedBody
from currents_async._wire.ranges import Progress
from currents_async.models import Attachment, Instance, Screenshot, Trace, Video
from currents_async.testing import FakeCurrents, ManualClock, World

pytestmark = pytest.mark.usefixtures("no_task_is_left")

OLD = "Expires=1&Signature=old~but~secret~signature__"
FRESH = "Expires=2&Signature=fresh~and~secret~signature__"
SECRETS = ("old~but~secret", "fresh~and~secret", "fake-currents-api-key")
RUN = {"runId": "r", "projectId": "p", "completionState": "COMPLETE", "status": "PASSED"}
SETTLED = "Tue, 06 Jan 2026 09:00:00 GMT"

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Asked(NamedTuple):
    path: str
    query: str
    headers: Mapping[str, str]

    @property
    def range(self) -> str | None:
        return self.headers.get("Range")


class NoBackoff(SystemClock):
    """The system's time; the dice always say not to wait."""

    @staticmethod
    def random() -> float:
        return 0.0


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - of counters that have no event
        await asyncio.sleep(0)


class Host:
    """Serves files with ranges and entity tags; `answers` come before, one for each request."""

    def __init__(self) -> None:
        self.url = ""
        self.files: dict[str, bytes] = {}
        self.answers: deque[Answer] = deque()
        self.asked: list[Asked] = []
        self.signature: str | None = None
        """The query without which everything is 403."""
        self.validators: Callable[[bytes], dict[str, str]] = etag
        self.ended = 0
        self.wire_bytes: Callable[[], int] = lambda: 0
        """How many bytes the client has taken."""

    def add(self, path: str, size: int = 1000) -> bytes:
        """Serve bytes that are different everywhere."""
        blocks = range(size // 32 + 1)
        content = b"".join(hashlib.sha256(f"{path} {n}".encode()).digest() for n in blocks)[:size]
        self.files[path] = content
        return content

    def signed(self, path: str, query: str = OLD) -> str:
        return f"{self.url}{path}?{query}"

    def is_idle(self) -> bool:
        return self.ended == len(self.asked)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(Asked(request.path, request.query_string, request.headers))
        try:
            if self.answers:
                return await self.answers.popleft()(request)
            return await self.serve(request)
        finally:
            self.ended += 1

    async def serve(self, request: web.Request) -> web.StreamResponse:
        if self.signature not in {None, request.query_string}:
            text = "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"
            return web.Response(status=403, text=f"<?xml version='1.0'?>\n{text}")
        if request.path not in self.files:
            return web.Response(status=404, text="<Error><Code>NoSuchKey</Code></Error>")
        content = self.files[request.path]
        start = self._start(request, content)
        headers = self.validators(content)
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        return web.Response(status=206 if start else 200, body=content[start:], headers=headers)

    def _start(self, request: web.Request, content: bytes) -> int:
        wanted = request.headers.get("Range")
        if wanted is None or request.headers["If-Range"] not in self.validators(content).values():
            return 0
        return int(wanted.removeprefix("bytes=").removesuffix("-"))

    def break_after(self, size: int, headers: Mapping[str, str] | None = None) -> Answer:
        """Announce all and send a part; reset the connection when the client has it."""

        async def answer(request: web.Request) -> web.StreamResponse:
            before = self.wire_bytes()
            whole = await self.serve(request)
            assert isinstance(whole, web.Response)
            assert isinstance(whole.body, bytes)
            response = web.StreamResponse(status=whole.status, headers=whole.headers)
            response.headers.update(headers or {})
            await response.prepare(request)
            await response.write(whole.body[:size])
            await until(lambda: self.wire_bytes() - before >= size)
            assert request.transport is not None
            request.transport.abort()
            return response

        return answer


def etag(content: bytes) -> dict[str, str]:
    return {"ETag": f'"{hashlib.sha256(content).hexdigest()}"'}


def status(code: int, text: str = "", headers: Mapping[str, str] | None = None) -> Answer:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=code, text=text, headers=headers)

    return answer


def part(content: bytes, content_range: str) -> Answer:
    """Answer 206, whatever was asked."""

    async def answer(_: web.Request) -> web.StreamResponse:
        headers = {"Content-Range": content_range, **etag(content)}
        return web.Response(status=206, body=content, headers=headers)

    return answer


async def reset(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def stall(_: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError


async def endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(bytes(64 * 1024))


async def quote_the_query(request: web.Request) -> web.StreamResponse:
    text = f"<Error><Code>Bad</Code><Message>?{request.query_string}</Message></Error>"
    return web.Response(status=403, text=text)


def redirect(to: str, code: int = 302) -> Answer:
    return status(code, headers={"Location": to, "Set-Cookie": "a=b; Path=/"})


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    host = Host()
    app = web.Application()
    app.router.add_get("/{path:.*}", host.handle)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.01)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield host
    assert not host.answers
    await until(host.is_idle)
    await runner.cleanup()


@pytest.fixture
async def currents(server: FakeCurrents, host: Host) -> AsyncIterator[Currents]:
    async with Currents(server.api_key, base_url=server.url, clock=NoBackoff()) as currents:
        host.wire_bytes = lambda: currents.traffic.wire_bytes
        yield currents


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where nothing but what a test wants may be in the end."""
    folder = tmp_path / "assets"
    folder.mkdir()
    return folder


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def serve_instance(world: World, instance_id: str, **results: Any) -> None:
    world.add_instance_payload({"instanceId": instance_id, "spec": "a.spec.ts", "results": results})


class TestDownload:
    async def test_a_url(self, currents: Currents, host: Host, folder: Path) -> None:
        content = host.add("/org/video.webm")
        goal = folder / "mine.webm"
        saved = await currents.assets.download(host.signed("/org/video.webm"), to=goal)
        assert files_in(folder) == {"mine.webm": content}
        assert saved.path == goal
        assert saved.size == len(content)
        assert saved.url == f"{host.url}/org/video.webm"
        assert saved.attempts == 1
        assert not saved.resumed
        [asked] = host.asked
        assert asked.query == OLD
        assert asked.headers["Accept-Encoding"] == "identity"
        assert not {"Authorization", "Cookie", "Range", "If-Range"} & set(asked.headers)
        assert currents.traffic.wire_bytes == currents.traffic.inflated_bytes == len(content)

    @pytest.mark.parametrize(
        "make",
        [
            lambda url: Screenshot(screenshot_url=url),
            lambda url: Video(video_url=url),
            lambda url: Trace(trace_url=url),
            lambda url: Attachment(read_url=url),
        ],
    )
    async def test_an_artifact(
        self, currents: Currents, host: Host, folder: Path, make: Callable[[str], Any]
    ) -> None:
        content = host.add("/org/a%20b.bin".replace("%20", " "))
        await currents.assets.download(make(host.signed("/org/a%20b.bin")), to=str(folder))
        assert files_in(folder) == {"a b.bin": content}

    @pytest.mark.parametrize("size", [0, 1, 3 * 1024 * 1024 + 1])
    async def test_any_size(self, currents: Currents, host: Host, folder: Path, size: int) -> None:
        content = host.add("/a", size)
        saved = await currents.assets.download(host.signed("/a"), to=folder)
        assert files_in(folder) == {"a": content}
        assert saved.size == size

    async def test_a_body_without_a_length(
        self, currents: Currents, host: Host, folder: Path
    ) -> None:
        async def chunked(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse()
            await response.prepare(request)
            for _ in range(3):
                await response.write(b"abc")
            return response

        host.answers.append(chunked)
        await currents.assets.download(host.signed("/a"), to=folder)
        assert files_in(folder) == {"a": b"abcabcabc"}

    async def test_a_file_is_replaced_at_the_end(
        self, currents: Currents, host: Host, folder: Path
    ) -> None:
        content = host.add("/a")
        goal = folder / "a"
        goal.write_bytes(b"before")
        seen: list[dict[str, bytes]] = []

        async def slowly(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse(headers={"Content-Length": str(len(content))})
            await response.prepare(request)
            await response.write(content[:500])
            await until(lambda: currents.traffic.wire_bytes == 500)
            seen.append(files_in(folder))
            await response.write(content[500:])
            return response

        host.answers.append(slowly)
        await currents.assets.download(host.signed("/a"), to=goal)
        assert seen[0]["a"] == b"before"
        assert files_in(folder) == {"a": content}

    async def test_permissions_are_those_of_any_new_file(
        self, currents: Currents, host: Host, folder: Path
    ) -> None:
        host.add("/a")
        (folder / "other").touch()
        saved = await currents.assets.download(host.signed("/a"), to=folder)
        assert saved.path.stat().st_mode == (folder / "other").stat().st_mode

    async def test_it_is_on_the_disk_before_it_has_its_name(
        self,
        currents: Currents,
        host: Host,
        folder: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        host.add("/a")
        synced: list[tuple[bool, bool]] = []
        fsync = os.fsync

        def watched(descriptor: int) -> None:
            synced.append((os.path.isdir(f"/dev/fd/{descriptor}"), (folder / "a").exists()))  # noqa: PTH112 - of a descriptor
            fsync(descriptor)

        monkeypatch.setattr(os, "fsync", watched)
        await currents.assets.download(host.signed("/a"), to=folder)
        assert synced == [(False, False), (True, True)]

    async def test_a_disk_that_is_full(
        self,
        currents: Currents,
        host: Host,
        folder: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def fail(_: int) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        host.add("/a")
        monkeypatch.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="No space left"):
            await currents.assets.download(host.signed("/a"), to=folder)
        assert files_in(folder) == {}

    async def test_connections_are_kept(self, currents: Currents, host: Host, folder: Path) -> None:
        host.add("/a")
        peers: set[Any] = set()

        async def answer(request: web.Request) -> web.StreamResponse:
            peers.add(request.transport and request.transport.get_extra_info("peername"))
            return await host.serve(request)

        host.answers.extend([answer] * 3)
        for _ in range(3):
            await currents.assets.download(host.signed("/a"), to=folder)
        assert len(peers) == 1


class TestArguments:
    @pytest.mark.parametrize(
        ("asset", "reason"),
        [
            ("", "https://"),
            ("/a?Signature=x", "https://"),
            ("ftp://host/a", "https://"),
            ("https:///a", "name a host"),
            ("http://assets.example/a", "shows the signature"),
            ("http://127.0.0.1.example/a", "shows the signature"),
            ("https://user:password@host/a", "user or password"),
            ("https://host\\@evil/a", "spaces"),
            ("https://host/a b", "spaces"),
            ("https://host/a\r\nX: y", "control"),
            ("https://host/\u00e4", "non-ASCII"),
            ("https://host:99999/a", "not a URL"),
            ("https://[::1/a", "not a URL"),
            (None, "NoneType"),
            (b"https://host/a", "bytes"),
            (Instance(instance_id="i"), "Instance"),
            (Video(), "this Video has no URL"),
            (Screenshot(screenshot_url="http://host/a"), "shows the signature"),
        ],
    )
    async def test_what_is_no_asset(
        self, currents: Currents, folder: Path, asset: Any, reason: str
    ) -> None:
        with pytest.raises(InvalidArgumentError, match=reason):
            await currents.assets.download(asset, to=folder)
        assert currents.traffic.requests == 0

    @pytest.mark.parametrize(
        ("options", "reason"),
        [
            ({"to": ""}, "must be a path"),
            ({"to": "a\0b"}, "must be a path"),
            ({"to": b"a"}, "must be a path"),
            ({"to": 3}, "must be a path"),
            ({"to": "missing/a"}, "no such directory"),
            ({"to": "missing/"}, "no such directory"),
            ({"to": "/dev/null"}, "something else than a file"),
            ({"max_bytes": 0}, "max_bytes"),
            ({"max_bytes": 1.5}, "max_bytes"),
            ({"timeout": 0}, "timeout"),
            ({"timeout": float("nan")}, "timeout"),
            ({"timeout": "1"}, "timeout"),
            ({"timeout": True}, "timeout"),
            ({"instance_id": "a/b"}, "instance_id"),
            ({"instance_id": ""}, "instance_id"),
        ],
    )
    async def test_options(
        self,
        currents: Currents,
        host: Host,
        folder: Path,
        monkeypatch: pytest.MonkeyPatch,
        options: dict[str, Any],
        reason: str,
    ) -> None:
        monkeypatch.chdir(folder)
        arguments: dict[str, Any] = {"to": folder, **options}
        with pytest.raises(InvalidArgumentError, match=reason):
            await currents.assets.download(host.signed("/a"), **arguments)
        assert host.asked == []
        assert files_in(folder) == {}

    async def test_a_directory_where_the_file_would_be(
        self, currents: Currents, host: Host, folder: Path
    ) -> None:
        (folder / "a").mkdir()
        with pytest.raises(InvalidArgumentError, match="something else"):
            await currents.assets.download(host.signed("/a"), to=folder)
        assert host.asked == []

    @pytest.mark.parametrize(
        "options",
        [
            {"kinds": ["log"]},
            {"kinds": "trace"},
            {"kinds": []},
            {"concurrency": 0},
            {"on_error": "ignore"},
            {"max_bytes": -1},
            {"timeout": -1},
            {"to": ""},
        ],
    )
    async def test_options_of_many(
        self, server: FakeCurrents, currents: Currents, folder: Path, options: dict[str, Any]
    ) -> None:
        options = {"to": folder, **options}
        for what in (Instance(instance_id="i"), "i"):
            with pytest.raises(InvalidArgumentError):
                currents.assets.of_instance(what, **options)
        with pytest.raises(InvalidArgumentError):
            currents.assets.of_run("r", **options)
        assert server.requests == []

    async def test_ids(self, currents: Currents, folder: Path) -> None:
        with pytest.raises(InvalidArgumentError):
            currents.assets.of_instance("a/b", to=folder)
        with pytest.raises(InvalidArgumentError):
            currents.assets.of_run("..", to=folder)

    async def test_a_file_where_the_directory_would_be(
        self, server: FakeCurrents, currents: Currents, folder: Path
    ) -> None:
        (folder / "a").touch()
        with pytest.raises(InvalidArgumentError, match="must be a directory"):
            async with currents.assets.of_run("r", to=folder / "a"):
                pass
        assert server.requests == []


class TestHosts:
    async def test_the_origin_of_the_api(
        self, server: FakeCurrents, currents: Currents, folder: Path
    ) -> None:
        with pytest.raises(UnauthorizedError):
            await currents.assets.download(f"{server.url}/runs/r", to=folder)
        [request] = server.requests
        assert "Authorization" not in request.headers

    async def test_an_injected_session(
        self, server: FakeCurrents, host: Host, folder: Path
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
        for asked in host.asked:
            assert not {"Authorization", "Cookie", "X-Secret"} & set(asked.headers)

    async def test_a_netrc_file(
        self,
        server: FakeCurrents,
        host: Host,
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
        others, ours = host.asked
        assert others.headers["Authorization"].startswith("Basic ")
        assert "Authorization" not in ours.headers

    async def test_redirects(self, currents: Currents, host: Host, folder: Path) -> None:
        # By name: aiohttp keeps no cookies of addresses.
        host.url = host.url.replace("127.0.0.1", "localhost")
        content = host.add("/end")
        host.answers.extend([
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
        assert [asked.path for asked in host.asked] == ["/org/a", "/1", "/2", "/3", "/4", "/end"]
        assert [asked.query for asked in host.asked] == [OLD, "hop", OLD, "", "", ""]
        for asked in host.asked:
            assert not {"Authorization", "Cookie", "Referer"} & set(asked.headers)

    async def test_too_many_redirects(self, currents: Currents, host: Host, folder: Path) -> None:
        host.answers.extend([redirect("/a")] * 6)
        with pytest.raises(RedirectError, match="more than 5") as caught:
            await currents.assets.download(host.signed("/a"), to=folder)
        assert len(host.asked) == 6
        assert caught.value.url == f"{host.url}/a"
        assert files_in(folder) == {}

    @pytest.mark.parametrize(
        "to", ["http://host.example/a", "https://u:p@host/", "ftp://host/a", "https://[/", ""]
    )
    async def test_redirects_nobody_should_follow(
        self, currents: Currents, host: Host, folder: Path, to: str
    ) -> None:
        host.answers.append(redirect(to))
        with pytest.raises(RedirectError) as caught:
            await currents.assets.download(host.signed("/a"), to=folder)
        assert caught.value.status == 302
        assert len(host.asked) == 1

    def test_tls_is_not_given_up(self) -> None:
        url = read_asset_url("https://host.example/a")
        assert isinstance(url, AssetUrl)
        assert url.redirected("http://127.0.0.1/a") is None
        assert url.redirected("https://other.example/b?c") is not None


class TestFaults:
    @pytest.fixture
    def content(self, host: Host) -> bytes:
        return host.add("/a", 10_000)

    @pytest.mark.parametrize(
        "answers",
        [[reset], [status(503)], [status(500), reset], [status(429), status(408)]],
        ids=["reset", "503", "500 and reset", "429 and 408"],
    )
    async def test_tried_again(
        self,
        currents: Currents,
        host: Host,
        folder: Path,
        content: bytes,
        answers: list[Answer],
    ) -> None:
        host.answers.extend(answers)
        saved = await currents.assets.download(host.signed("/a"), to=folder)
        assert files_in(folder) == {"a": content}
        assert saved.attempts == len(host.asked) == 1 + len(answers)
        assert not saved.resumed

    async def test_goes_on_where_it_broke_off(
        self, currents: Currents, host: Host, folder: Path, content: bytes
    ) -> None:
        host.answers.extend([host.break_after(4_000), host.break_after(1_000)])
        saved = await currents.assets.download(host.signed("/a"), to=folder)
        assert files_in(folder) == {"a": content}
        assert [asked.range for asked in host.asked] == [None, "bytes=4000-", "bytes=5000-"]
        assert [asked.headers.get("If-Range") for asked in host.asked[1:]] == [
            etag(content)["ETag"]
        ] * 2
        assert saved.resumed
        assert saved.attempts == 3
        assert saved.size == len(content) == currents.traffic.wire_bytes

    async def test_goes_on_after_many_blocks(
        self, currents: Currents, host: Host, folder: Path
    ) -> None:
        content = host.add("/b", 3_000_000)
        host.answers.append(host.break_after(1_500_000))
        await currents.assets.download(host.signed("/b"), to=folder)
        assert files_in(folder) == {"b": content}
        assert [asked.range for asked in host.asked] == [None, "bytes=1500000-"]

    @pytest.mark.parametrize(
        ("headers", "resumes"),
        [
            ({"Last-Modified": SETTLED}, True),
            ({"Last-Modified": SETTLED, "ETag": 'W/"weak"'}, True),
            ({"Last-Modified": SETTLED, "Date": SETTLED}, False),
            ({"Last-Modified": "yesterday"}, False),
            ({"ETag": 'W/"weak"'}, False),
            ({"ETag": "unquoted"}, False),
            ({"ETag": '"strong"', "Accept-Ranges": "none"}, False),
            ({"ETag": '"strong"', "Accept-Ranges": "bytes"}, True),
            ({}, False),
        ],
        ids=str,
    )
    async def test_validators(
        self,
        currents: Currents,
        host: Host,
        folder: Path,
        content: bytes,
        headers: dict[str, str],
        resumes: bool,  # noqa: FBT001 - a column of the table
    ) -> None:
        host.validators = lambda _: dict(headers)
        host.answers.append(host.break_after(4_000))
        saved = await currents.assets.download(host.signed("/a"), to=folder)
        assert files_in(folder) == {"a": content}
        assert [asked.range for asked in host.asked] == [None, "bytes=4000-" if resumes else None]
        assert saved.resumed is resumes

    async def test_another_file_meanwhile(
        self, currents: Currents, host: Host, folder: Path, content: bytes
    ) -> None:
        async def replace(request: web.Request) -> web.StreamResponse:
            host.files["/a"] = content[::-1][:5_000]
            return await host.serve(request)

        host.answers.extend([host.break_after(4_000), replace])
        saved = await currents.assets.download(host.signed("/a"), to=folder)
        assert files_in(folder) == {"a": content[::-1][:5_000]}
        assert [asked.range for asked in host.asked] == [None, "bytes=4000-"]
        assert not saved.resumed

    @pytest.mark.parametrize(
        "answer",
        [
            status(416),
            part(b"x" * 6_000, "bytes 3999-9999/10000"),
            part(b"x" * 6_000, "bytes 4000-9998/9999"),
            part(b"x" * 6_000, "bytes 4000-9999/10000"),  # of another version
            part(b"x" * 6_000, "4000-9999"),
            part(b"x" * 6_000, ""),
        ],
    )
    async def test_another_range_than_asked_for(
        self, currents: Currents, host: Host, folder: Path, content: bytes, answer: Answer
    ) -> None:
        host.answers.extend([host.break_after(4_000), answer])
        saved = await currents.assets.download(host.signed("/a"), to=folder)
        assert files_in(folder) == {"a": content}
        assert [asked.range for asked in host.asked] == [None, "bytes=4000-", None]
        assert not saved.resumed
        assert saved.attempts == 2

    async def test_a_range_nobody_asked_for(
        self, currents: Currents, host: Host, folder: Path
    ) -> None:
        host.answers.append(part(b"abc", "bytes 0-2/3"))
        with pytest.raises(APIError) as caught:
            await currents.assets.download(host.signed("/a"), to=folder)
        assert caught.value.status == 206
        assert len(host.asked) == 1

    async def test_a_range_shorter_than_asked_for(
        self, currents: Currents, host: Host, folder: Path, content: bytes
    ) -> None:
        async def some(_: web.Request) -> web.StreamResponse:
            headers = {"Content-Range": "bytes 4000-4999/10000", **etag(content)}
            return web.Response(status=206, body=content[4_000:5_000], headers=headers)

        host.answers.extend([host.break_after(4_000), some])
        saved = await currents.assets.download(host.signed("/a"), to=folder)
        assert files_in(folder) == {"a": content}
        assert [asked.range for asked in host.asked] == [None, "bytes=4000-", "bytes=5000-"]
        assert saved.attempts == 3

    async def test_it_never_works(
        self, currents: Currents, host: Host, folder: Path, content: bytes
    ) -> None:
        host.answers.extend([host.break_after(4_000), host.break_after(1), host.break_after(1)])
        with pytest.raises(TransportError) as caught:
            await currents.assets.download(host.signed("/a"), to=folder)
        assert caught.value.operation == "downloadAsset"
        assert caught.value.method == "GET"
        assert caught.value.url == f"{host.url}/a"
        assert caught.value.attempts == len(host.asked) == 3
        assert caught.value.__context__ is None
        assert files_in(folder) == {}
        assert content

    async def test_as_often_as_retries_say(
        self, server: FakeCurrents, host: Host, folder: Path
    ) -> None:
        host.answers.extend([status(503)] * 4)
        async with Currents(server.api_key, base_url=server.url, clock=NoBackoff()) as currents:
            for attempts in (1, 3):
                view = currents.with_options(retries=Retries(attempts=attempts))
                with pytest.raises(ServerError) as caught:
                    await view.assets.download(host.signed("/a"), to=folder)
                assert caught.value.attempts == attempts
        assert len(host.asked) == 4

    async def test_a_host_that_wants_a_long_pause(
        self, currents: Currents, host: Host, folder: Path
    ) -> None:
        host.answers.append(status(503, headers={"Retry-After": "3600"}))
        with pytest.raises(ServerError) as caught:
            await currents.assets.download(host.signed("/a"), to=folder)
        assert caught.value.retry_after == 3600
        assert len(host.asked) == 1

    async def test_a_host_that_wants_a_pause_holds_no_api_call_back(
        self, server: FakeCurrents, host: Host, folder: Path, content: bytes
    ) -> None:
        slept: list[float] = []

        class Clock(NoBackoff):
            @staticmethod
            def call_later(seconds: float, callback: Callable[[], None]) -> asyncio.TimerHandle:
                slept.append(seconds)
                return asyncio.get_running_loop().call_later(0, callback)

        host.answers.append(status(503, headers={"Retry-After": "30"}))
        async with Currents(server.api_key, base_url=server.url, clock=Clock()) as currents:
            await currents.assets.download(host.signed("/a"), to=folder)
            assert slept == [30]
            assert currents._channel.gate.delay() == 0
        assert files_in(folder) == {"a": content}

    async def test_a_stall(
        self, server: FakeCurrents, host: Host, folder: Path, content: bytes
    ) -> None:
        host.answers.append(stall)
        async with Currents(
            server.api_key,
            base_url=server.url,
            timeouts=Timeouts(read=0.05, attempt=0.01, total=0.01),
            clock=NoBackoff(),
        ) as currents:
            await currents.assets.download(host.signed("/a"), to=folder)
        assert files_in(folder) == {"a": content}
        assert len(host.asked) == 2

    async def test_a_timeout_for_the_whole(
        self, server: FakeCurrents, host: Host, folder: Path
    ) -> None:
        host.answers.append(stall)
        clock = ManualClock(auto=False)
        async with Currents(server.api_key, base_url=server.url, clock=clock) as currents:
            download = asyncio.ensure_future(
                currents.assets.download(host.signed("/a"), to=folder, timeout=5)
            )
            await until(lambda: bool(host.asked))
            clock.advance(5)
            with pytest.raises(RequestTimeoutError, match="within the timeout") as caught:
                await download
        assert caught.value.attempts == len(host.asked) == 1

    async def test_nobody_listens(self, currents: Currents, folder: Path, unused_port: int) -> None:
        url = f"http://127.0.0.1:{unused_port}/a?{OLD}"
        with pytest.raises(ConnectError) as caught:
            await currents.assets.download(url, to=folder)
        assert caught.value.attempts == 3
        assert files_in(folder) == {}

    @pytest.mark.parametrize(
        ("code", "error"), [(403, ForbiddenError), (404, NotFoundError), (401, UnauthorizedError)]
    )
    async def test_what_is_final(
        self,
        currents: Currents,
        host: Host,
        folder: Path,
        code: int,
        error: type[APIError],
    ) -> None:
        words = "<Error><Code>No &amp; no</Code><Message>Never</Message></Error>"
        host.answers.append(status(code, words))
        with pytest.raises(error, match="No & no: Never") as caught:
            await currents.assets.download(host.signed("/a"), to=folder)
        assert caught.value.operation == "downloadAsset"
        assert len(host.asked) == 1
        assert files_in(folder) == {}

    @pytest.mark.parametrize("code", [202, 204, 300, 304])
    async def test_other_answers_than_files(
        self, currents: Currents, host: Host, folder: Path, code: int
    ) -> None:
        host.answers.append(status(code))
        with pytest.raises(APIError) as caught:
            await currents.assets.download(host.signed("/a"), to=folder)
        assert caught.value.status == code
        assert files_in(folder) == {}

    async def test_an_encoding_nobody_asked_for(
        self, currents: Currents, host: Host, folder: Path
    ) -> None:
        host.answers.append(status(200, "text", {"Content-Encoding": "gzip"}))
        with pytest.raises(DecodeError, match="nobody asked for"):
            await currents.assets.download(host.signed("/a"), to=folder)
        assert files_in(folder) == {}

    async def test_too_large_by_its_own_word(
        self, currents: Currents, host: Host, folder: Path, content: bytes
    ) -> None:
        with pytest.raises(ResponseTooLargeError) as caught:
            await currents.assets.download(host.signed("/a"), to=folder, max_bytes=9_999)
        assert caught.value.limit == 9_999
        assert currents.traffic.wire_bytes == 0
        assert files_in(folder) == {}
        await currents.assets.download(host.signed("/a"), to=folder, max_bytes=10_000)
        assert files_in(folder) == {"a": content}

    async def test_endless(self, currents: Currents, host: Host, folder: Path) -> None:
        host.answers.append(endless)
        with pytest.raises(ResponseTooLargeError):
            await currents.assets.download(host.signed("/a"), to=folder, max_bytes=2_000_000)
        assert currents.traffic.wire_bytes < 3_000_000
        assert len(host.asked) == 1
        assert files_in(folder) == {}


class TestSignatures:
    @pytest.fixture(autouse=True)
    def signed_again(self, host: Host, world: World) -> None:
        host.signature = FRESH
        serve_instance(
            world,
            "i",
            screenshots=[
                {"screenshotURL": None},
                {"screenshotURL": host.signed("/other", FRESH)},
                {"screenshotURL": "http://elsewhere.example/a"},
                {"screenshotURL": host.signed("/a", FRESH)},
            ],
            videoUrl=host.signed("/v", FRESH),
        )

    @pytest.mark.parametrize("path", ["/a", "/v"])
    async def test_fetched_again(
        self, server: FakeCurrents, currents: Currents, host: Host, folder: Path, path: str
    ) -> None:
        content = host.add(path)
        saved = await currents.assets.download(host.signed(path), to=folder, instance_id="i")
        assert files_in(folder) == {path[1:]: content}
        assert [asked.query for asked in host.asked] == [OLD, FRESH]
        assert [request.operation for request in server.requests] == ["getInstance"]
        assert saved.attempts == 2
        assert all("Authorization" not in asked.headers for asked in host.asked)

    @pytest.mark.parametrize("code", [400, 401])
    async def test_other_ways_to_say_it(
        self, currents: Currents, host: Host, folder: Path, code: int
    ) -> None:
        content = host.add("/a")
        host.answers.append(status(code, "<Error><Code>ExpiredToken</Code></Error>"))
        await currents.assets.download(host.signed("/a"), to=folder, instance_id="i")
        assert files_in(folder) == {"a": content}

    async def test_no_more_is_read_of_a_refusal_than_tells_the_reason(
        self,
        currents: Currents,
        host: Host,
        folder: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        async def endless_refusal(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse(status=403)
            await response.prepare(request)
            while True:
                await response.write(bytes(64 * 1024))

        lengths: list[int] = []

        def judge(_: int, text: bytes) -> bool:
            lengths.append(len(text))
            return False

        monkeypatch.setattr(asset_exchange, "is_expired", judge)
        host.answers.append(endless_refusal)
        with pytest.raises(ForbiddenError):
            await currents.assets.download(host.signed("/a"), to=folder)
        [length] = lengths
        assert 64 * 1024 <= length < 512 * 1024

    async def test_other_reasons(
        self, server: FakeCurrents, currents: Currents, host: Host, folder: Path
    ) -> None:
        host.answers.append(status(400, "<Error><Code>InvalidURI</Code></Error>"))
        with pytest.raises(APIError, match="InvalidURI"):
            await currents.assets.download(host.signed("/a"), to=folder, instance_id="i")
        assert server.requests == []

    async def test_amid_a_download(
        self, server: FakeCurrents, currents: Currents, host: Host, folder: Path
    ) -> None:
        content = host.add("/a", 10_000)
        host.signature = None
        host.answers.append(host.break_after(4_000))

        async def expired(request: web.Request) -> web.StreamResponse:
            host.signature = FRESH
            return await host.serve(request)

        host.answers.append(expired)
        saved = await currents.assets.download(host.signed("/a"), to=folder, instance_id="i")
        assert files_in(folder) == {"a": content}
        assert [asked.range for asked in host.asked] == [None, "bytes=4000-", "bytes=4000-"]
        assert saved.resumed
        assert len(server.requests) == 1

    async def test_signing_again_takes_no_longer_than_the_download_may(
        self, currents: Currents, host: Host, folder: Path
    ) -> None:
        asked: list[Terms] = []

        async def fetch(instance_id: str, terms: Terms) -> Instance:
            asked.append(terms)
            return Instance(instance_id=instance_id)

        url = read_asset_url(host.signed("/a"))
        assert isinstance(url, AssetUrl)
        for timeout, longest in ((5, 5), (None, currents.timeouts.total)):
            saver = Saver(currents._transport, fetch, max_bytes=1, timeout=timeout)
            with pytest.raises(ForbiddenError):
                await saver.save(url, folder / "a", "i")
            left = asked[-1].deadline - currents.clock.now()
            assert longest - 5 < left <= longest

    async def test_once(
        self, server: FakeCurrents, currents: Currents, host: Host, folder: Path
    ) -> None:
        host.signature = "another"
        with pytest.raises(ForbiddenError, match="Request has expired") as caught:
            await currents.assets.download(host.signed("/a"), to=folder, instance_id="i")
        assert [asked.query for asked in host.asked] == [OLD, FRESH]
        assert len(server.requests) == 1
        assert caught.value.attempts == 2
        assert files_in(folder) == {}

    async def test_it_does_not_cost_a_retry(
        self, currents: Currents, host: Host, folder: Path
    ) -> None:
        content = host.add("/a")
        host.answers.extend([host.serve, status(503)])
        view = currents.with_options(retries=Retries(attempts=2))
        await view.assets.download(host.signed("/a"), to=folder, instance_id="i")
        assert files_in(folder) == {"a": content}

    @pytest.mark.parametrize("instance_id", ["i", None])
    async def test_nothing_better_to_be_had(
        self, currents: Currents, host: Host, folder: Path, instance_id: str | None
    ) -> None:
        host.signature = "another"
        for url in (host.signed("/unknown"), host.signed("/a", FRESH)):
            with pytest.raises(ForbiddenError):
                await currents.assets.download(url, to=folder, instance_id=instance_id)
        assert len(host.asked) == 2

    async def test_the_instance_is_gone(self, currents: Currents, host: Host, folder: Path) -> None:
        with pytest.raises(NotFoundError) as caught:
            await currents.assets.download(host.signed("/a"), to=folder, instance_id="gone")
        assert caught.value.operation == "getInstance"
        assert files_in(folder) == {}


class TestSecrets:
    @pytest.mark.parametrize(
        "answer",
        [
            quote_the_query,
            status(404, f'{{"error": "no {OLD}"}}'),
            status(200, "x", {"Content-Encoding": OLD}),
            redirect(f"http://host.example/?{OLD}"),
            redirect(f"http://127.0.0.1:1/?{FRESH}"),
            status(500, "x", {"X-Request-Id": OLD}),
            reset,
            stall,
        ],
    )
    async def test_errors_logs_and_traces(
        self,
        server: FakeCurrents,
        host: Host,
        folder: Path,
        world: World,
        caplog: pytest.LogCaptureFixture,
        answer: Answer,
    ) -> None:
        caplog.set_level(logging.DEBUG)
        host.answers.extend([answer, answer] if answer is quote_the_query else [answer])
        serve_instance(world, "i", videoUrl=host.signed("/a", FRESH))
        attempts: list[RequestAttempt] = []
        async with Currents(
            server.api_key,
            base_url=server.url,
            timeouts=Timeouts(read=0.05),
            retries=Retries(attempts=1),
            observer=attempts.append,
        ) as currents:
            host.signature = "another"
            task = asyncio.create_task(
                currents.assets.download(host.signed("/a"), to=folder, instance_id="i")
            )
            with pytest.raises(CurrentsError) as caught:
                await task
        shown = shown_of(caught.value) + repr(task) + caplog.text
        shown += "".join(f"{attempt!r} {attempt}" for attempt in attempts)
        assert "downloadAsset" in caplog.text
        assert f"{host.url}/a" in shown
        for secret in SECRETS:
            assert secret not in shown

    async def test_bad_urls(self, currents: Currents, folder: Path) -> None:
        for url in (f"http://host.example/a?{OLD}", f"https://host:x/a?{OLD}"):
            task = asyncio.create_task(currents.assets.download(url, to=folder))
            with pytest.raises(InvalidArgumentError) as caught:
                await task
            assert SECRETS[0] not in shown_of(caught.value)

    async def test_a_cancellation(self, currents: Currents, host: Host, folder: Path) -> None:
        began = asyncio.Event()

        async def hold(request: web.Request) -> web.StreamResponse:
            began.set()
            return await stall(request)

        host.answers.append(hold)
        task = asyncio.create_task(currents.assets.download(host.signed("/a"), to=folder))
        await began.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        assert SECRETS[0] not in shown_of(caught.value)

    async def test_the_results(self, currents: Currents, host: Host, folder: Path) -> None:
        host.add("/a")
        saved = await currents.assets.download(host.signed("/a"), to=folder)
        assert SECRETS[0] not in repr(saved) + repr(pickle.dumps(saved))

    def test_a_url(self) -> None:
        url = read_asset_url(f"https://host.example/a?{OLD}&plus=a%2Bb%2Bcdefgh&n=1")
        assert isinstance(url, AssetUrl)
        assert repr(url) == "<AssetUrl https://host.example/a>"
        assert url.redact(f"{OLD} a+b+cdefgh a%2Bb%2Bcdefgh 1") == (
            "Expires=1&Signature=[signature] [signature] [signature] 1"
        )
        assert str(url.reveal()).endswith(f"{OLD}&plus=a%2Bb%2Bcdefgh&n=1")


def shown_of(error: BaseException) -> str:
    """Everything a log, a crash report or a pickle would show of an error."""
    report = traceback.TracebackException.from_exception(error, capture_locals=True)
    # The frames of this test hold the URL because the test does.
    assert report.stack
    report.stack = traceback.StackSummary.from_list([
        frame for frame in report.stack if "test_assets" not in frame.filename
    ])
    text = "".join(report.format()) + repr(error) + repr(vars(error))
    return text + (repr(pickle.dumps(error)) if isinstance(error, CurrentsError) else "")


async def raised_by(call: Awaitable[object]) -> weakref.ref[CurrentsError]:
    try:
        await call
    except CurrentsError as error:
        return weakref.ref(error)
    raise AssertionError


async def test_errors_do_not_keep_themselves_alive(
    currents: Currents, host: Host, folder: Path, world: World
) -> None:
    async def save_all(instance: str) -> None:
        async with currents.assets.of_instance(instance, to=folder) as saved:
            async for _ in saved:
                pass

    serve_instance(world, "i", videoUrl=host.signed("/missing"))
    host.answers.extend([status(503)] * 3)
    gc.disable()
    try:
        for call in (
            currents.assets.download(host.signed("/a"), to=folder),
            currents.assets.download(host.signed("/missing"), to=folder),
            currents.assets.download("http://host.example/a", to=folder),
            save_all("i"),
        ):
            assert (await raised_by(call))() is None
    finally:
        gc.enable()


class TestLifeCycle:
    async def test_not_open(self, server: FakeCurrents, host: Host, folder: Path) -> None:
        currents = Currents(server.api_key, base_url=server.url)
        with pytest.raises(ClientClosedError, match="not open"):
            await currents.assets.download(host.signed("/a"), to=folder)
        async with currents:
            pass
        with pytest.raises(ClientClosedError, match="has been closed"):
            await currents.assets.download(host.signed("/a"), to=folder)
        assert host.asked == []

    async def test_closed_meanwhile(self, server: FakeCurrents, host: Host, folder: Path) -> None:
        async def begin(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse(headers={"Content-Length": "100"})
            await response.prepare(request)
            await response.write(b"x")
            return await stall(request)

        host.answers.append(begin)
        async with Currents(server.api_key, base_url=server.url) as currents:
            task = asyncio.create_task(currents.assets.download(host.signed("/a"), to=folder))
            await until(lambda: currents.traffic.wire_bytes > 0)
        with pytest.raises(ClientClosedError, match="during the download"):
            await task
        assert files_in(folder) == {}

    async def test_another_loop(self, currents: Currents, host: Host, folder: Path) -> None:
        def elsewhere() -> None:
            async def main() -> None:
                await currents.assets.download(host.signed("/a"), to=folder)

            asyncio.run(main())

        with pytest.raises(WrongLoopError):
            await asyncio.to_thread(elsewhere)
        assert host.asked == []

    async def test_cancelled_at_any_await(
        self,
        currents: Currents,
        host: Host,
        folder: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(asset_exchange, "_BLOCK", 1_000)
        content = host.add("/a", 5_000)
        for turns in range(10_000):
            await until(host.is_idle)
            host.answers.clear()
            host.answers.append(host.break_after(2_500))
            currents._channel.quota.give_back(1_000)  # which those that are cancelled used up
            task = asyncio.create_task(currents.assets.download(host.signed("/a"), to=folder))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            try:
                await task
            except asyncio.CancelledError:
                left = files_in(folder)
                # Whoever is cancelled while it takes its name may have it.
                assert left in ({}, {"a": content})
                (folder / "a").unlink(missing_ok=True)
            else:
                break
        host.answers.clear()
        assert files_in(folder) == {"a": content}

    @pytest.mark.parametrize("native", [True, False])
    async def test_a_thread_is_waited_for(self, native: bool) -> None:  # noqa: FBT001 - as parametrized
        go_on, began, ended = threading.Event(), asyncio.Event(), threading.Event()
        loop = asyncio.get_running_loop()

        def work() -> None:
            loop.call_soon_threadsafe(began.set)
            go_on.wait()
            ended.set()
            raise ValueError

        async def scoped() -> None:
            with anyio.CancelScope() as scope:
                loop.call_soon_threadsafe(scopes.append, scope)
                await in_thread(work)

        scopes: list[anyio.CancelScope] = []
        task = asyncio.create_task(in_thread(work) if native else scoped())
        await began.wait()
        for _ in range(3):
            task.cancel() if native else scopes[0].cancel()
            await asyncio.sleep(0)
            assert not task.done()
        go_on.set()
        if native:
            with pytest.raises(asyncio.CancelledError):
                await task
        else:
            await task
        assert ended.is_set()

    async def test_a_partial_file_that_cannot_be_removed(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(_: Path) -> None:
            raise OSError

        file = PartialFile(folder / "a")
        await file.write([b"abc"])
        monkeypatch.setattr(Path, "unlink", fail)
        await file.discard()
        assert len(files_in(folder)) == 1


class TestMany:
    """A run of two instances with all kinds of artifacts, and one that nobody has claimed."""

    @pytest.fixture
    def contents(self, host: Host, world: World) -> dict[str, bytes]:
        """The files that all of it becomes."""
        for one in ("i1", "i2"):
            serve_instance(
                world,
                one,
                screenshots=[
                    {"name": "the login page", "testId": "t", "testAttemptIndex": 1}
                    | {"screenshotURL": host.signed(f"/{one}/s1.png")},
                    {"name": "the login page", "screenshotURL": host.signed(f"/{one}/s2.png")},
                ],
                videos=[{"videoUrl": host.signed(f"/{one}/v.webm")}],
                playwrightTraces=[{"name": "../trace", "traceURL": host.signed(f"/{one}/t.zip")}],
                attachments=[
                    {"filename": "a/b.txt", "name": "b", "readUrl": host.signed(f"/{one}/x")}
                ],
            )
        specs = [
            {"spec": "a", "instanceId": "i1"},
            {"spec": "b", "instanceId": "i2"},
            {"spec": "c"},
        ]
        world.add_run_payload({**RUN, "specs": specs})
        return {
            f"{one}/{name}": host.add(f"/{one}/{path}")
            for one in ("i1", "i2")
            for name, path in [
                ("screenshot-1-the login page.png", "s1.png"),
                ("screenshot-2-the login page.png", "s2.png"),
                ("video-1-v.webm", "v.webm"),
                ("trace-1-_trace.zip", "t.zip"),
                ("attachment-1-a_b.txt", "x"),
            ]
        }

    async def test_of_a_run(
        self,
        server: FakeCurrents,
        currents: Currents,
        host: Host,
        folder: Path,
        contents: dict[str, bytes],
    ) -> None:
        results: list[AssetResult] = []
        async with currents.assets.of_run("r", to=folder / "new" / "deep") as saved:
            async for result in saved:
                results.append(result)  # noqa: PERF401 - a comprehension would hide what is tested
            assert saved.total == 10
        assert files_in(folder / "new" / "deep") == contents
        operations = [request.operation for request in server.requests]
        assert operations == ["getRun", "getInstance", "getInstance"]
        assert len(host.asked) == 10
        assert all("Authorization" not in asked.headers for asked in host.asked)
        for result in results:
            assert result.error is None
            assert result.download is not None
            name = result.download.path.relative_to(folder / "new" / "deep").as_posix()
            assert name.startswith(f"{result.instance_id}/{result.kind}-{result.number}-")
            assert result.download.size == len(contents[name])
        [first] = [
            one
            for one in results
            if (one.instance_id, one.kind, one.number) == ("i1", "screenshot", 1)
        ]
        assert (first.test_id, first.test_attempt_index) == ("t", 1)

    async def test_of_an_instance(
        self,
        server: FakeCurrents,
        currents: Currents,
        folder: Path,
        contents: dict[str, bytes],
    ) -> None:
        expected = {name: one for name, one in contents.items() if name.startswith("i1/")}
        instance = await currents.instances.get("i1")
        for what, requests in ((instance, 1), ("i1", 2)):
            async with currents.assets.of_instance(what, to=folder) as saved:
                assert len([result async for result in saved]) == 5
            assert files_in(folder) == expected
            assert len(server.requests) == requests

    async def test_of_some_kinds_and_specs(
        self, currents: Currents, folder: Path, contents: dict[str, bytes]
    ) -> None:
        async with currents.assets.of_run(
            "r", to=folder, kinds=["trace", "video"], only=lambda spec: spec.spec == "b"
        ) as saved:
            assert {result.kind async for result in saved} == {"trace", "video"}
        assert set(files_in(folder)) == {"i2/video-1-v.webm", "i2/trace-1-_trace.zip"}
        assert contents

    async def test_the_video_of_a_whole_file(
        self, currents: Currents, host: Host, folder: Path, world: World
    ) -> None:
        content = host.add("/v.mp4")
        serve_instance(world, "i", videoUrl=host.signed("/v.mp4"))
        async with currents.assets.of_instance("i", to=folder) as saved:
            [result] = [result async for result in saved]
        assert files_in(folder) == {"i/video-1-v.mp4": content}
        assert (result.kind, result.number, result.test_id) == ("video", 1, None)

    @pytest.mark.parametrize("payload", [{}, {"results": {}}])
    async def test_nothing_to_save(
        self, currents: Currents, folder: Path, world: World, payload: dict[str, Any]
    ) -> None:
        world.add_instance_payload({"instanceId": "i", **payload})
        async with currents.assets.of_instance("i", to=folder / "new") as saved:
            assert [result async for result in saved] == []
            assert saved.total == 0
        assert not (folder / "new").exists()

    async def test_as_many_at_once_as_asked_for(
        self, server: FakeCurrents, host: Host, folder: Path, contents: dict[str, bytes]
    ) -> None:
        wave = asyncio.Barrier(5)
        now = peak = 0

        async def wait(request: web.Request) -> web.StreamResponse:
            nonlocal now, peak
            now += 1
            peak = max(peak, now)
            async with asyncio.timeout(20):  # fewer at once would wait for ever
                await wave.wait()
            now -= 1
            return await host.serve(request)

        host.answers.extend([wait] * 10)
        async with (
            Currents(server.api_key, base_url=server.url) as currents,
            currents.assets.of_run("r", to=folder, concurrency=5) as saved,
        ):
            assert len([result async for result in saved]) == 10
        assert peak == 5
        assert files_in(folder) == contents

    async def test_no_more_connections_than_the_client_may_have(
        self, server: FakeCurrents, host: Host, folder: Path, contents: dict[str, bytes]
    ) -> None:
        peers: set[Any] = set()

        async def answer(request: web.Request) -> web.StreamResponse:
            peers.add(request.transport and request.transport.get_extra_info("peername"))
            return await host.serve(request)

        host.answers.extend([answer] * 10)
        limits = Limits(concurrency=2)
        async with (
            Currents(server.api_key, base_url=server.url, limits=limits) as currents,
            currents.assets.of_run("r", to=folder, concurrency=8) as saved,
        ):
            assert len([result async for result in saved]) == 10
        assert len(peers) == 2
        assert files_in(folder) == contents

    async def test_an_expired_signature(
        self,
        server: FakeCurrents,
        currents: Currents,
        host: Host,
        folder: Path,
        world: World,
    ) -> None:
        content = host.add("/v")
        serve_instance(world, "i", videoUrl=host.signed("/v"))
        instance = await currents.instances.get("i")
        serve_instance(world, "i", videoUrl=host.signed("/v", FRESH))
        host.signature = FRESH
        async with currents.assets.of_instance(instance, to=folder) as saved:
            [result] = [result async for result in saved]
        assert files_in(folder) == {"i/video-1-v": content}
        assert result.download is not None
        assert result.download.attempts == 2
        assert len(server.requests) == 2

    async def test_the_first_error_is_raised(
        self, currents: Currents, host: Host, folder: Path, contents: dict[str, bytes]
    ) -> None:
        del host.files["/i1/v.webm"]
        with pytest.raises(NotFoundError) as caught:
            async with currents.assets.of_run("r", to=folder) as saved:
                async for _ in saved:
                    pass
        assert caught.value.url == f"{host.url}/i1/v.webm"
        assert not [name for name in files_in(folder) if name not in contents]

    async def test_errors_are_collected(
        self,
        server: FakeCurrents,
        currents: Currents,
        host: Host,
        folder: Path,
        contents: dict[str, bytes],
    ) -> None:
        del host.files["/i1/v.webm"]
        server.fail("getInstance", status=404, path_args={"instance_id": "i2"})
        async with currents.assets.of_run("r", to=folder, on_error="collect") as saved:
            results = [result async for result in saved]
        failed = {(one.instance_id, one.kind): one.error for one in results if one.error}
        assert set(failed) == {("i1", "video"), ("i2", None)}
        assert all(isinstance(error, NotFoundError) for error in failed.values())
        assert set(files_in(folder)) == {
            name for name in contents if name.startswith("i1/") and "video" not in name
        }

    async def test_urls_that_cannot_be_used(
        self, currents: Currents, folder: Path, world: World
    ) -> None:
        videos = [{"videoUrl": f"http://host.example/?{OLD}"}, {"videoUrl": None}]
        serve_instance(world, "i", videos=videos)
        async with currents.assets.of_instance("i", to=folder, on_error="collect") as saved:
            bad, absent = sorted([one async for one in saved], key=lambda one: one.number or 0)
        assert isinstance(bad.error, InvalidArgumentError)
        assert SECRETS[0] not in repr(bad)
        assert absent.error is None
        assert absent.download is None
        assert files_in(folder) == {}

    @pytest.mark.parametrize("on_error", ["raise", "collect"])
    async def test_a_run_that_is_not_there(
        self, currents: Currents, folder: Path, on_error: Any
    ) -> None:
        with pytest.raises(NotFoundError):
            async with currents.assets.of_run("gone", to=folder, on_error=on_error) as saved:
                async for _ in saved:
                    pass

    async def test_a_full_disk_is_never_collected(
        self,
        currents: Currents,
        folder: Path,
        contents: dict[str, bytes],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def fail(_: int) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="No space left"):
            async with currents.assets.of_run("r", to=folder, on_error="collect") as saved:
                async for _ in saved:
                    pass
        assert files_in(folder) == {}
        assert contents

    async def test_closing_the_client_is_never_collected(
        self, server: FakeCurrents, host: Host, folder: Path, contents: dict[str, bytes]
    ) -> None:
        async def save(client: Currents) -> None:
            async with client.assets.of_run(
                "r", to=folder, concurrency=1, on_error="collect"
            ) as saved:
                async for _ in saved:
                    pass

        host.answers.append(stall)
        async with Currents(server.api_key, base_url=server.url) as currents:
            task = asyncio.create_task(save(currents))
            await until(lambda: len(host.asked) == 1)
        with pytest.raises(ClientClosedError):
            await task
        assert files_in(folder) == {}
        assert contents

    async def test_leaving_early(
        self, currents: Currents, host: Host, folder: Path, contents: dict[str, bytes]
    ) -> None:
        host.answers.extend([host.serve, stall, stall])
        async with currents.assets.of_run("r", to=folder, concurrency=3) as saved:
            async for result in saved:
                assert result.download is not None
                await until(lambda: len(host.asked) == 3)
                break
        [(name, content)] = files_in(folder).items()
        assert contents[name] == content

    async def test_used_twice_or_outside(
        self, currents: Currents, folder: Path, contents: dict[str, bytes]
    ) -> None:
        saved = currents.assets.of_run("r", to=folder)
        with pytest.raises(MisuseError, match="inside 'async with'"):
            await anext(saved)
        async with saved:
            pass
        with pytest.raises(MisuseError, match="have been used"):
            async with saved:
                pass
        assert contents

    async def test_errors_show_no_signature(
        self, server: FakeCurrents, currents: Currents, folder: Path, contents: dict[str, bytes]
    ) -> None:
        server.fail("getInstance", status=404, path_args={"instance_id": "i2"})
        with pytest.raises(NotFoundError) as caught:
            async with currents.assets.of_run("r", to=folder, concurrency=1) as saved:
                async for _ in saved:
                    pass
        assert contents
        assert all(SECRETS[0] not in frame for frame in frames_of(caught.value, "_downloads"))


def frames_of(error: BaseException, room: str) -> Iterator[str]:
    report = traceback.TracebackException.from_exception(error, capture_locals=True)
    return (repr(frame.locals) for frame in report.stack if room in frame.filename)


class TestNames:
    @pytest.mark.parametrize(
        ("name", "safe"),
        [
            ("video.webm", "video.webm"),
            ("", "asset"),
            (".", "asset"),
            ("..", "asset"),
            ("../../etc/passwd", "_.._etc_passwd"),
            ("a/b\\c", "a_b_c"),
            (".bashrc", "bashrc"),
            ("-rf", "rf"),
            ("a\0b\nc\u202ed", "a_b_c_d"),
            ("a.txt. .", "a.txt"),
            ("C:stream", "C_stream"),
            ('<>:"|?*', "_______"),
            ("CON", "_CON"),
            ("nul.txt", "_nul.txt"),
            ("com1.tar.gz", "_com1.tar.gz"),
            ("console", "console"),
            ("caf\u00e9.png", "caf\u00e9.png"),
        ],
    )
    def test_safe_names(self, name: str, safe: str) -> None:
        assert safe_name(name) == safe

    @pytest.mark.parametrize("letter", ["a", "\u00e9", "\U0001f3ad"])
    def test_long_names_keep_their_suffix(self, letter: str) -> None:
        name = safe_name(letter * 300 + ".webm")
        assert name.endswith(f"{letter}.webm")
        assert 140 < len(name.encode()) <= 150
        assert len(safe_name("a" + "." + letter * 300).encode()) <= 150

    @pytest.mark.parametrize(
        ("label", "url_name", "name"),
        [
            (None, "x.png", "x.png"),
            ("", "x.png", "x.png"),
            ("login", "x.png", "login.png"),
            ("login.PNG", "x.png", "login.PNG"),
            ("login", "x", "login"),
            ("a/b", "x.tar.gz", "a_b.gz"),
            ("login", "x." + "y" * 40, "login"),
        ],
    )
    def test_labels(self, label: str | None, url_name: str, name: str) -> None:
        assert labelled(label, url_name) == name

    def test_ids(self) -> None:
        assert safe_id("2tniK8lM9j1rSoVh") == "2tniK8lM9j1rSoVh"
        odd = ["..", "a/b", "a_b ", "", "con", "x" * 200, "\U0001f3ad" * 200]
        names = [safe_id(one) for one in odd]
        assert len(set(names)) == len(odd)
        for name in names:
            assert safe_name(name[:30]) == name[:30]
            assert len(name.encode()) <= 200


class TestProgress:
    def test_more_than_there_should_be(self) -> None:
        progress = Progress()
        progress.start_anew({"Content-Length": "10", "ETag": '"a"'})
        progress.received = 4
        assert progress.conditions() == {"Range": "bytes=4-", "If-Range": '"a"'}
        with pytest.raises(TruncatedBody, match="longer"):
            progress.check_end(11)
        assert progress.conditions() == {}

    def test_a_length_that_counts_something_else(self) -> None:
        progress = Progress()
        progress.start_anew({"Content-Length": "10", "Transfer-Encoding": "chunked"})
        progress.check_end(11)
        assert progress.total is None

    def test_a_total_that_is_told_late(self) -> None:
        progress = Progress()
        progress.start_anew({"ETag": '"a"'})
        progress.received = 4
        assert progress.goes_on({"Content-Range": "bytes 4-8/*"})
        assert progress.total is None
        assert progress.goes_on({"Content-Range": "bytes 4-8/9"})
        assert progress.total == 9
        with pytest.raises(TruncatedBody, match="ends early"):
            progress.check_end(8)
        progress.check_end(9)
