"""Downloads whose responses fail: tried again, resumed, or given up."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler

from currents_async import (
    APIError,
    ConnectError,
    Currents,
    DecodeError,
    ForbiddenError,
    NotFoundError,
    RequestTimeoutError,
    ResponseTooLargeError,
    Retries,
    ServerError,
    Timeouts,
    TransportError,
    UnauthorizedError,
)
from currents_async.testing import FakeCurrents, ManualClock
from tests.downloads.asset_host import (
    OLD,
    AssetHost,
    endless,
    etag,
    files_in,
    part,
    reset,
    stall,
    status,
    until,
)
from tests.support import NoBackoff

pytestmark = pytest.mark.usefixtures("no_task_is_left")

SETTLED = "Tue, 06 Jan 2026 09:00:00 GMT"
REFUSAL = "<Error><Code>No &amp; no</Code><Message>Never</Message></Error>"
REFUSALS = [(403, ForbiddenError), (404, NotFoundError), (401, UnauthorizedError)]


class TestFaults:
    @pytest.fixture
    def content(self, host: AssetHost) -> bytes:
        return host.add("/a", 10_000)

    @pytest.mark.parametrize(
        "responses",
        [[reset], [status(503)], [status(500), reset], [status(429), status(408)]],
        ids=["reset", "503", "500 and reset", "429 and 408"],
    )
    async def test_tried_again(
        self,
        currents: Currents,
        host: AssetHost,
        folder: Path,
        content: bytes,
        responses: list[Handler],
    ) -> None:
        host.responses.extend(responses)
        saved = await currents.assets.download(host.signed("/a"), to=folder)
        assert files_in(folder) == {"a": content}
        assert saved.attempts == len(host.requests) == 1 + len(responses)
        assert not saved.resumed

    async def test_resumes_where_it_broke_off(
        self, currents: Currents, host: AssetHost, folder: Path, content: bytes
    ) -> None:
        host.responses.extend([host.break_after(4_000), host.break_after(1_000)])
        saved = await currents.assets.download(host.signed("/a"), to=folder)
        assert files_in(folder) == {"a": content}
        assert [request.range for request in host.requests] == [None, "bytes=4000-", "bytes=5000-"]
        assert [request.headers.get("If-Range") for request in host.requests[1:]] == [
            etag(content)["ETag"]
        ] * 2
        assert saved.resumed
        assert saved.attempts == 3
        assert saved.size == len(content) == currents.traffic.wire_bytes

    async def test_resumes_after_many_blocks(
        self, currents: Currents, host: AssetHost, folder: Path
    ) -> None:
        content = host.add("/b", 3_000_000)
        host.responses.append(host.break_after(1_500_000))
        await currents.assets.download(host.signed("/b"), to=folder)
        assert files_in(folder) == {"b": content}
        assert [request.range for request in host.requests] == [None, "bytes=1500000-"]

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
        host: AssetHost,
        folder: Path,
        content: bytes,
        headers: dict[str, str],
        resumes: bool,  # noqa: FBT001 - a column of the table
    ) -> None:
        host.validators = lambda _: dict(headers)
        host.responses.append(host.break_after(4_000))
        saved = await currents.assets.download(host.signed("/a"), to=folder)
        assert files_in(folder) == {"a": content}
        assert [request.range for request in host.requests] == [
            None,
            "bytes=4000-" if resumes else None,
        ]
        assert saved.resumed is resumes

    async def test_file_that_changes_meanwhile(
        self, currents: Currents, host: AssetHost, folder: Path, content: bytes
    ) -> None:
        async def replace(request: web.Request) -> web.StreamResponse:
            host.files["/a"] = content[::-1][:5_000]
            return await host.serve(request)

        host.responses.extend([host.break_after(4_000), replace])
        saved = await currents.assets.download(host.signed("/a"), to=folder)
        assert files_in(folder) == {"a": content[::-1][:5_000]}
        assert [request.range for request in host.requests] == [None, "bytes=4000-"]
        assert not saved.resumed

    @pytest.mark.parametrize(
        "respond",
        [
            status(416),
            part(b"x" * 6_000, "bytes 3999-9999/10000"),
            part(b"x" * 6_000, "bytes 4000-9998/9999"),
            part(b"x" * 6_000, "bytes 4000-9999/10000"),  # of another version
            part(b"x" * 6_000, "4000-9999"),
            part(b"x" * 6_000, ""),
        ],
    )
    async def test_range_that_was_not_requested(
        self, currents: Currents, host: AssetHost, folder: Path, content: bytes, respond: Handler
    ) -> None:
        host.responses.extend([host.break_after(4_000), respond])
        saved = await currents.assets.download(host.signed("/a"), to=folder)
        assert files_in(folder) == {"a": content}
        assert [request.range for request in host.requests] == [None, "bytes=4000-", None]
        assert not saved.resumed
        assert saved.attempts == 2

    async def test_range_shorter_than_requested(
        self, currents: Currents, host: AssetHost, folder: Path, content: bytes
    ) -> None:
        async def some(_: web.Request) -> web.StreamResponse:
            headers = {"Content-Range": "bytes 4000-4999/10000", **etag(content)}
            return web.Response(status=206, body=content[4_000:5_000], headers=headers)

        host.responses.extend([host.break_after(4_000), some])
        saved = await currents.assets.download(host.signed("/a"), to=folder)
        assert files_in(folder) == {"a": content}
        assert [request.range for request in host.requests] == [None, "bytes=4000-", "bytes=5000-"]
        assert saved.attempts == 3

    async def test_error_after_all_attempts(
        self, currents: Currents, host: AssetHost, folder: Path, content: bytes
    ) -> None:
        host.responses.extend([host.break_after(4_000), host.break_after(1), host.break_after(1)])
        with pytest.raises(TransportError) as caught:
            await currents.assets.download(host.signed("/a"), to=folder)
        assert caught.value.operation == "downloadAsset"
        assert caught.value.method == "GET"
        assert caught.value.url == f"{host.url}/a"
        assert caught.value.attempts == len(host.requests) == 3
        assert caught.value.__context__ is None
        assert files_in(folder) == {}
        assert content

    async def test_attempts_of_the_client(
        self, server: FakeCurrents, host: AssetHost, folder: Path
    ) -> None:
        host.responses.extend([status(503)] * 4)
        async with Currents(server.api_key, base_url=server.url, clock=NoBackoff()) as currents:
            for attempts in (1, 3):
                view = currents.with_options(retries=Retries(attempts=attempts))
                with pytest.raises(ServerError) as caught:
                    await view.assets.download(host.signed("/a"), to=folder)
                assert caught.value.attempts == attempts
        assert len(host.requests) == 4

    async def test_pause_of_a_host_does_not_delay_api_calls(
        self, server: FakeCurrents, host: AssetHost, folder: Path, content: bytes
    ) -> None:
        slept: list[float] = []

        class Clock(NoBackoff):
            @staticmethod
            def call_later(seconds: float, callback: Callable[[], None]) -> asyncio.TimerHandle:
                slept.append(seconds)
                return asyncio.get_running_loop().call_later(0, callback)

        host.responses.append(status(503, headers={"Retry-After": "30"}))
        async with Currents(server.api_key, base_url=server.url, clock=Clock()) as currents:
            await currents.assets.download(host.signed("/a"), to=folder)
            assert slept == [30]
            assert currents._channel.gate.delay() == 0
        assert files_in(folder) == {"a": content}

    async def test_a_stall(
        self, server: FakeCurrents, host: AssetHost, folder: Path, content: bytes
    ) -> None:
        host.responses.append(stall)
        async with Currents(
            server.api_key,
            base_url=server.url,
            timeouts=Timeouts(read=0.05, attempt=0.01, total=0.01),
            clock=NoBackoff(),
        ) as currents:
            await currents.assets.download(host.signed("/a"), to=folder)
        assert files_in(folder) == {"a": content}
        assert len(host.requests) == 2

    async def test_a_timeout_of_the_whole_download(
        self, server: FakeCurrents, host: AssetHost, folder: Path
    ) -> None:
        host.responses.append(stall)
        clock = ManualClock(auto=False)
        async with Currents(server.api_key, base_url=server.url, clock=clock) as currents:
            download = asyncio.ensure_future(
                currents.assets.download(host.signed("/a"), to=folder, timeout=1)
            )
            await until(lambda: bool(host.requests))
            clock.advance(1)
            with pytest.raises(RequestTimeoutError, match="within the timeout") as caught:
                await download
        assert caught.value.attempts == len(host.requests) == 1

    async def test_connection_refused(
        self, currents: Currents, folder: Path, unused_port: int
    ) -> None:
        url = f"http://127.0.0.1:{unused_port}/a?{OLD}"
        with pytest.raises(ConnectError) as caught:
            await currents.assets.download(url, to=folder)
        assert caught.value.attempts == 3
        assert files_in(folder) == {}

    @pytest.mark.parametrize(
        ("respond", "error", "message", "attributes"),
        [
            *((status(code, REFUSAL), error, "No & no: Never", {}) for code, error in REFUSALS),
            *((status(code), APIError, None, {"status": code}) for code in (202, 204, 300, 304)),
            (part(b"abc", "bytes 0-2/3"), APIError, None, {"status": 206}),
            (
                status(200, "text", {"Content-Encoding": "gzip"}),
                DecodeError,
                "was not asked for",
                {},
            ),
            (
                status(503, headers={"Retry-After": "3600"}),
                ServerError,
                None,
                {"retry_after": 3600},
            ),
        ],
    )
    async def test_final_responses(
        self,
        currents: Currents,
        host: AssetHost,
        folder: Path,
        respond: Handler,
        error: type[APIError],
        message: str | None,
        attributes: dict[str, int],
    ) -> None:
        host.responses.append(respond)
        with pytest.raises(error, match=message) as caught:
            await currents.assets.download(host.signed("/a"), to=folder)
        assert caught.value.operation == "downloadAsset"
        assert {name: getattr(caught.value, name) for name in attributes} == attributes
        assert len(host.requests) == 1
        assert files_in(folder) == {}

    async def test_too_large_by_content_length(
        self, currents: Currents, host: AssetHost, folder: Path, content: bytes
    ) -> None:
        with pytest.raises(ResponseTooLargeError) as caught:
            await currents.assets.download(host.signed("/a"), to=folder, max_bytes=9_999)
        assert caught.value.limit == 9_999
        assert currents.traffic.wire_bytes == 0
        assert files_in(folder) == {}
        await currents.assets.download(host.signed("/a"), to=folder, max_bytes=10_000)
        assert files_in(folder) == {"a": content}

    async def test_endless(self, currents: Currents, host: AssetHost, folder: Path) -> None:
        host.responses.append(endless)
        with pytest.raises(ResponseTooLargeError):
            await currents.assets.download(host.signed("/a"), to=folder, max_bytes=2_000_000)
        assert currents.traffic.wire_bytes < 3_000_000
        assert len(host.requests) == 1
        assert files_in(folder) == {}
