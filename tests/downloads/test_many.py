import asyncio
import errno
import os
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from currents_async import (
    AssetResult,
    ClientClosedError,
    Currents,
    InvalidArgumentError,
    Limits,
    MisuseError,
    NotFoundError,
)
from currents_async.testing import FakeCurrents, World
from tests.downloads.asset_host import (
    OLD,
    SECRETS,
    AssetHost,
    files_in,
    serve_instance,
    stall,
    until,
)
from tests.support import RUN

pytestmark = pytest.mark.usefixtures("no_task_is_left")


class TestMany:
    """A run of two instances with all kinds of artifacts, and an unclaimed spec."""

    @pytest.fixture
    def contents(self, host: AssetHost, world: World) -> dict[str, bytes]:
        """The files that the artifacts of the run become."""
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
        host: AssetHost,
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
        assert len(host.requests) == 10
        assert all("Authorization" not in request.headers for request in host.requests)
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
        self, server: FakeCurrents, currents: Currents, folder: Path, contents: dict[str, bytes]
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
        self, currents: Currents, host: AssetHost, folder: Path, world: World
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
        self, server: FakeCurrents, host: AssetHost, folder: Path, contents: dict[str, bytes]
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

        host.responses.extend([wait] * 10)
        async with (
            Currents(server.api_key, base_url=server.url) as currents,
            currents.assets.of_run("r", to=folder, concurrency=5) as saved,
        ):
            assert len([result async for result in saved]) == 10
        assert peak == 5
        assert files_in(folder) == contents

    async def test_no_more_connections_than_the_client_may_have(
        self, server: FakeCurrents, host: AssetHost, folder: Path, contents: dict[str, bytes]
    ) -> None:
        peers: set[Any] = set()

        async def respond(request: web.Request) -> web.StreamResponse:
            peers.add(request.transport and request.transport.get_extra_info("peername"))
            return await host.serve(request)

        host.responses.extend([respond] * 10)
        limits = Limits(concurrency=2)
        async with (
            Currents(server.api_key, base_url=server.url, limits=limits) as currents,
            currents.assets.of_run("r", to=folder, concurrency=8) as saved,
        ):
            assert len([result async for result in saved]) == 10
        assert len(peers) == 2
        assert files_in(folder) == contents

    async def test_the_first_error_is_raised(
        self, currents: Currents, host: AssetHost, folder: Path, contents: dict[str, bytes]
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
        host: AssetHost,
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
        self, server: FakeCurrents, host: AssetHost, folder: Path, contents: dict[str, bytes]
    ) -> None:
        async def save(client: Currents) -> None:
            async with client.assets.of_run(
                "r", to=folder, concurrency=1, on_error="collect"
            ) as saved:
                async for _ in saved:
                    pass

        host.responses.append(stall)
        async with Currents(server.api_key, base_url=server.url) as currents:
            task = asyncio.create_task(save(currents))
            await until(lambda: len(host.requests) == 1)
        with pytest.raises(ClientClosedError):
            await task
        assert files_in(folder) == {}
        assert contents

    async def test_leaving_early(
        self, currents: Currents, host: AssetHost, folder: Path, contents: dict[str, bytes]
    ) -> None:
        host.responses.extend([host.serve, stall, stall])
        async with currents.assets.of_run("r", to=folder, concurrency=3) as saved:
            async for result in saved:
                assert result.download is not None
                await until(lambda: len(host.requests) == 3)
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
