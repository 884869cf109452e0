"""One download: the file, and how it ends when the client or the task does."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from currents_async import ClientClosedError, Currents, WrongLoopError
from currents_async._transport import asset_attempt
from currents_async.models import Attachment, Screenshot, Trace, Video
from currents_async.testing import FakeCurrents
from tests.downloads.asset_host import OLD, AssetHost, files_in, stall, until

pytestmark = pytest.mark.usefixtures("no_task_is_left")


class TestDownload:
    async def test_a_url(self, currents: Currents, host: AssetHost, folder: Path) -> None:
        content = host.add("/org/video.webm")
        goal = folder / "mine.webm"
        saved = await currents.assets.download(host.signed("/org/video.webm"), to=goal)
        assert files_in(folder) == {"mine.webm": content}
        assert saved.path == goal
        assert saved.size == len(content)
        assert saved.url == f"{host.url}/org/video.webm"
        assert saved.attempts == 1
        assert not saved.resumed
        [request] = host.requests
        assert request.query == OLD
        assert request.headers["Accept-Encoding"] == "identity"
        assert not {"Authorization", "Cookie", "Range", "If-Range"} & set(request.headers)
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
        self, currents: Currents, host: AssetHost, folder: Path, make: Callable[[str], Any]
    ) -> None:
        content = host.add("/org/a%20b.bin".replace("%20", " "))
        await currents.assets.download(make(host.signed("/org/a%20b.bin")), to=str(folder))
        assert files_in(folder) == {"a b.bin": content}

    @pytest.mark.parametrize("size", [0, 1, 3 * 1024 * 1024 + 1])
    async def test_any_size(
        self, currents: Currents, host: AssetHost, folder: Path, size: int
    ) -> None:
        content = host.add("/a", size)
        saved = await currents.assets.download(host.signed("/a"), to=folder)
        assert files_in(folder) == {"a": content}
        assert saved.size == size

    async def test_a_body_without_a_length(
        self, currents: Currents, host: AssetHost, folder: Path
    ) -> None:
        async def chunked(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse()
            await response.prepare(request)
            for _ in range(3):
                await response.write(b"abc")
            return response

        host.responses.append(chunked)
        await currents.assets.download(host.signed("/a"), to=folder)
        assert files_in(folder) == {"a": b"abcabcabc"}

    async def test_a_file_is_replaced_at_the_end(
        self, currents: Currents, host: AssetHost, folder: Path
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

        host.responses.append(slowly)
        await currents.assets.download(host.signed("/a"), to=goal)
        assert seen[0]["a"] == b"before"
        assert files_in(folder) == {"a": content}

    async def test_file_is_synced_before_it_is_renamed(
        self, currents: Currents, host: AssetHost, folder: Path, monkeypatch: pytest.MonkeyPatch
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


class TestLifeCycle:
    async def test_not_open(self, server: FakeCurrents, host: AssetHost, folder: Path) -> None:
        currents = Currents(server.api_key, base_url=server.url)
        with pytest.raises(ClientClosedError, match="not open"):
            await currents.assets.download(host.signed("/a"), to=folder)
        async with currents:
            pass
        with pytest.raises(ClientClosedError, match="has been closed"):
            await currents.assets.download(host.signed("/a"), to=folder)
        assert host.requests == []

    async def test_closed_meanwhile(
        self, server: FakeCurrents, host: AssetHost, folder: Path
    ) -> None:
        async def begin(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse(headers={"Content-Length": "100"})
            await response.prepare(request)
            await response.write(b"x")
            return await stall(request)

        host.responses.append(begin)
        async with Currents(server.api_key, base_url=server.url) as currents:
            task = asyncio.create_task(currents.assets.download(host.signed("/a"), to=folder))
            await until(lambda: currents.traffic.wire_bytes > 0)
        with pytest.raises(ClientClosedError, match="during the download"):
            await task
        assert files_in(folder) == {}

    async def test_another_loop(self, currents: Currents, host: AssetHost, folder: Path) -> None:
        def elsewhere() -> None:
            async def main() -> None:
                await currents.assets.download(host.signed("/a"), to=folder)

            asyncio.run(main())

        with pytest.raises(WrongLoopError):
            await asyncio.to_thread(elsewhere)
        assert host.requests == []

    async def test_cancelled_at_any_await(
        self, currents: Currents, host: AssetHost, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(asset_attempt, "_BLOCK", 1_000)
        content = host.add("/a", 5_000)
        for turns in range(10_000):
            await until(host.is_idle)
            host.responses.clear()
            host.responses.append(host.break_after(2_500))
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
        host.responses.clear()
        assert files_in(folder) == {"a": content}
