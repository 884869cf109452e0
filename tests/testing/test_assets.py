"""Assets as the fake service serves them: signed, for a while, in parts, and without the key."""

import os
import re
import socket
import struct
import zlib
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zipfile import ZipFile

import aiohttp
import msgspec
import pytest
from yarl import URL

from currents_async import APIError, Currents, ForbiddenError, MisuseError, NotFoundError
from currents_async.models import Instance, NewAttachment
from currents_async.testing import FakeCurrents, World, WorldProject

pytestmark = pytest.mark.usefixtures("no_task_is_left")

SAMPLES = Path(__file__).parent.parent / "samples"
SIGNATURE = re.compile(r"[0-9a-f]{64}")


@pytest.fixture
async def server(world: World) -> AsyncIterator[FakeCurrents]:
    async with FakeCurrents(world, assets=True) as server:
        yield server


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def ports() -> tuple[int, int]:
    """Two neighbouring free ports, outside the range from which systems pick ports."""
    for port in range(20_000 + os.getpid() % 5_000 * 2, 32_000, 2):
        with socket.socket() as one, socket.socket() as two, suppress(OSError):
            one.bind(("127.0.0.1", port))
            two.bind(("127.0.0.1", port + 1))
            return port, port + 1
    raise AssertionError("no port is free")


@pytest.fixture
def instance_id(project: WorldProject) -> str:
    run = project.run(specs=1, tests=4, failures=2, flaky=0)
    return str(run.specs[0].instance_id)


@pytest.fixture
async def instance(currents: Currents, instance_id: str) -> Instance:
    return await currents.instances.get(instance_id)


def screenshot_of(instance: Instance) -> URL:
    assert instance.results is not None
    return URL(str(instance.results.screenshots[0].screenshot_url), encoded=True)


def changed(url: URL, name: str, value: str | None) -> URL:
    """Change or leave out one parameter of a URL, and nothing else."""
    pairs = [pair.partition("=") for pair in url.raw_query_string.split("&")]
    new = {key: quote(value or "") if key == name else old for key, _, old in pairs}
    query = "&".join(f"{key}={old}" for key, old in new.items() if value or key != name)
    return URL(f"{url.with_query(None)}?{query}", encoded=True)


async def get(
    session: aiohttp.ClientSession, url: URL, **headers: str
) -> tuple[int, bytes, aiohttp.ClientResponse]:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    async with session.get(url, headers=sent) as response:
        return response.status, await response.read(), response


class TestUrls:
    async def test_by_default_those_of_the_world(self, world: World, instance_id: str) -> None:
        async with (
            FakeCurrents(world) as server,
            Currents(server.api_key, base_url=server.url) as currents,
        ):
            assert screenshot_of(await currents.instances.get(instance_id)).host == (
                "fs.currents.dev"
            )

    async def test_signed_anew_in_each_response(
        self, server: FakeCurrents, currents: Currents, world: World, instance_id: str
    ) -> None:
        before = datetime.fromtimestamp(server.clock.wall(), UTC)
        instance = await currents.instances.get(instance_id)
        url = screenshot_of(instance)
        given = URL(world.instance(instance_id)["results"]["screenshots"][0]["screenshotURL"])  # type: ignore[index]
        assert url.host == "127.0.0.1"
        assert url.port not in {None, URL(server.url).port}
        assert url.path == given.path
        assert url.query.keys() == given.query.keys()  # signed as by S3
        assert instance.results is not None
        expiry = instance.results.screenshots[0].expires_at
        assert expiry is not None
        assert abs(expiry - before - timedelta(days=3)) <= timedelta(seconds=2)
        assert SIGNATURE.fullmatch(url.query["X-Amz-Signature"])
        server.clock.advance(minutes=1)
        again = screenshot_of(await currents.instances.get(instance_id))
        assert again.path == url.path
        assert again.query["X-Amz-Signature"] != url.query["X-Amz-Signature"]

    async def test_nothing_else_changes(
        self, serve: Any, world: World, project: WorldProject
    ) -> None:
        run = project.run(specs=30, framework="cypress", failures=9)
        async with serve(world, assets=True) as served:
            data = (await served.get(f"runs/{run.run_id}"))["data"]
        urls = re.compile(r'"http[^"]+\?(?:Expires|X-Amz)[^"]+"')
        given, signed = (msgspec.json.encode(one).decode() for one in (run.payload, data))
        assert urls.sub("", signed) == urls.sub("", given)
        assert len(urls.findall(signed)) == len(urls.findall(given)) >= 30
        assert "fs.currents.dev" not in signed

    @pytest.mark.parametrize(
        "name",
        ["instance-cypress.json", "instance-playwright.json", "instance-playwright-schema-2.json"],
    )
    async def test_those_of_payloads_too(
        self, server: FakeCurrents, currents: Currents, session: aiohttp.ClientSession, name: str
    ) -> None:
        data = msgspec.json.decode((SAMPLES / name).read_bytes())["data"]
        server.world.add_instance_payload(data)
        url = screenshot_of(await currents.instances.get(data["instanceId"]))
        assert url.path == URL(data["results"]["screenshots"][0]["screenshotURL"]).path
        assert (await get(session, url))[0] == 200

    async def test_lead_to_the_host_that_the_client_used(
        self, server: FakeCurrents, session: aiohttp.ClientSession, instance_id: str
    ) -> None:
        called = URL(server.url).with_host("localhost") / "instances" / instance_id
        headers = {"Authorization": f"Bearer {server.api_key}"}
        async with session.get(called, headers=headers) as response:
            data = (await response.json())["data"]
        assert data["results"]["screenshots"][0]["screenshotURL"].startswith("http://localhost:")


class TestAddress:
    async def test_on_the_next_port(self, world: World, ports: tuple[int, int]) -> None:
        async with FakeCurrents(world, port=ports[0], assets=True) as server:
            assert server.url == f"http://127.0.0.1:{ports[0]}/v1"
            assert server.asset_url == f"http://127.0.0.1:{ports[1]}"

    async def test_with_the_next_port_taken_nothing_is_left(
        self, world: World, ports: tuple[int, int]
    ) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", ports[1]))
            taken.listen()
            with pytest.raises(OSError, match=str(ports[1])):
                async with FakeCurrents(world, port=ports[0], assets=True):
                    pass
        async with FakeCurrents(world, port=ports[0], assets=True) as server:
            assert server.asset_url

    async def test_on_all_interfaces(self, world: World) -> None:
        async with FakeCurrents(world, host="0.0.0.0", assets=True) as server:  # noqa: S104
            assert URL(server.url).host == URL(server.asset_url).host == "127.0.0.1"

    async def test_not_without_assets(self, world: World) -> None:
        async with FakeCurrents(world) as server:
            with pytest.raises(MisuseError, match="assets=True"):
                _ = server.asset_url


@pytest.mark.parametrize("framework", ["playwright", "cypress"])
class TestClient:
    async def test_all_artifacts_of_a_run(
        self,
        server: FakeCurrents,
        currents: Currents,
        project: WorldProject,
        tmp_path: Path,
        framework: Any,
    ) -> None:
        run = project.run(specs=4, framework=framework, failures=3)
        kinds: list[str] = []
        async with currents.assets.of_run(run.run_id, to=tmp_path) as results:
            async for result in results:
                assert result.download is not None
                assert result.download.path.stat().st_size == result.download.size > 0
                kinds.append(str(result.kind))
        expected = {"playwright": {"screenshot", "video", "trace", "attachment"}}
        assert set(kinds) == expected.get(framework, {"screenshot", "video"})
        server.asset_requests.assert_count(len(kinds))
        server.asset_requests.of("downloadAsset", status=200).assert_count(len(kinds))
        assert not any(one.authorized for one in server.asset_requests)

    async def test_an_expired_signature_is_replaced(
        self,
        server: FakeCurrents,
        currents: Currents,
        project: WorldProject,
        tmp_path: Path,
        framework: Any,
    ) -> None:
        run = project.run(specs=1, framework=framework, failures=1)
        instance = await currents.instances.get(str(run.specs[0].instance_id))
        assert instance.results is not None
        (shot, *_) = instance.results.screenshots
        server.clock.advance(days=3)
        with pytest.raises(ForbiddenError, match="AccessDenied: Request has expired"):
            await currents.assets.download(shot, to=tmp_path / "a.png")
        saved = await currents.assets.download(
            shot, to=tmp_path / "a.png", instance_id=instance.instance_id
        )
        assert saved.path.read_bytes().startswith(b"\x89PNG")
        assert [one.status for one in server.asset_requests] == [403, 403, 200]
        async with currents.assets.of_instance(instance, to=tmp_path) as results:
            assert {result.error async for result in results} == {None}


async def test_the_terminal_output(
    server: FakeCurrents, currents: Currents, project: WorldProject, tmp_path: Path
) -> None:
    run = project.run(specs=1, schema_version=2)
    instance = await currents.instances.get(str(run.specs[0].instance_id))
    assert instance.results is not None
    assert instance.results.stdout is not None
    server.clock.advance(days=3)
    saved = await currents.assets.download(
        instance.results.stdout, to=tmp_path, instance_id=instance.instance_id
    )
    assert saved.path.name == f"stdout_{instance.instance_id}"
    assert b"\x1b[31m" in saved.path.read_bytes()
    assert [one.status for one in server.asset_requests] == [403, 200]


class TestSignatures:
    async def test_last_for_three_days(
        self, server: FakeCurrents, session: aiohttp.ClientSession, instance: Instance
    ) -> None:
        url = screenshot_of(instance)
        server.clock.advance(days=3, seconds=-5)
        assert (await get(session, url))[0] == 200
        server.clock.advance(5)
        status, body, response = await get(session, url)
        assert (status, response.content_type) == (403, "application/xml")
        assert b"<Code>AccessDenied</Code><Message>Request has expired</Message>" in body

    async def test_are_checked(
        self, server: FakeCurrents, session: aiohttp.ClientSession, instance: Instance
    ) -> None:
        url = screenshot_of(instance)
        other = url.parent / "other.png"
        for wrong in (
            url.with_query(None),
            changed(url, "X-Amz-Signature", "x" * 64),
            changed(url, "X-Amz-Signature", "größe"),
            changed(url, "X-Amz-Expires", "259201"),
            changed(url, "X-Amz-Expires", "-1"),
            changed(url, "X-Amz-Expires", "٣"),
            changed(url, "X-Amz-SignedHeaders", "other"),
            changed(url, "X-Amz-Signature", None),
            changed(url, "X-Amz-Expires", None),
            URL(f"{other}?{url.raw_query_string}", encoded=True),
        ):
            assert (await get(session, wrong))[0] == 403, wrong
        assert (await get(session, url))[0] == 200

    async def test_of_another_world_differ(
        self, session: aiohttp.ClientSession, instance: Instance
    ) -> None:
        url = screenshot_of(instance)
        async with FakeCurrents(World(seed=2), assets=True) as other:
            elsewhere = url.with_port(URL(other.asset_url).port)
            assert (await get(session, elsewhere))[0] == 403

    async def test_do_not_stand_in_for_a_key(
        self, server: FakeCurrents, session: aiohttp.ClientSession, instance: Instance
    ) -> None:
        key = f"Bearer {server.api_key}"
        status, body, _ = await get(session, screenshot_of(instance), Authorization=key)
        assert status == 400
        assert b"Only one auth mechanism allowed" in body
        assert server.asset_requests[0].authorized

    async def test_are_not_recorded(
        self, server: FakeCurrents, session: aiohttp.ClientSession, instance: Instance
    ) -> None:
        url = screenshot_of(instance)
        await get(session, url)
        (request,) = server.asset_requests
        assert request.path == url.path
        assert request.path_args == dict(zip(("org", "file"), url.parts[1:], strict=True))
        assert ("X-Amz-Expires", "259200") in request.query
        with pytest.raises(AssertionError) as caught:
            server.asset_requests.assert_none()
        assert url.query["X-Amz-Signature"] not in repr(request) + str(caught.value)
        assert not request.authorized

    async def test_unknown_files(
        self, server: FakeCurrents, session: aiohttp.ClientSession, instance: Instance
    ) -> None:
        status, body, _ = await get(session, screenshot_of(instance).with_path("/"))
        assert (status, b"<Code>NoSuchKey</Code>" in body) == (404, True)
        async with session.delete(screenshot_of(instance)) as response:
            assert response.status == 404


class TestFiles:
    async def files(
        self, currents: Currents, session: aiohttp.ClientSession, instance_id: str
    ) -> dict[str, tuple[str, bytes]]:
        """Fetch one file of each kind, by its suffix."""
        results = (await currents.instances.get(instance_id)).results
        assert results is not None
        urls = [
            results.screenshots[0].screenshot_url,
            results.videos[0].video_url,
            results.playwright_traces[0].trace_url,
            results.attachments[0].read_url,
        ]
        found: dict[str, tuple[str, bytes]] = {}
        for text in urls:
            url = URL(str(text), encoded=True)
            _, body, response = await get(session, url)
            found[url.suffix] = response.content_type, body
        return found

    async def test_are_what_they_say(
        self, currents: Currents, session: aiohttp.ClientSession, instance_id: str
    ) -> None:
        files = await self.files(currents, session, instance_id)
        assert {suffix: kind for suffix, (kind, _) in files.items()} == {
            ".png": "image/png",
            ".webm": "video/webm",
            ".zip": "application/zip",
            ".md": "text/markdown",
        }
        assert files[".webm"][1].startswith(b"\x1a\x45\xdf\xa3")
        assert b"webm" in files[".webm"][1][:64]
        assert files[".md"][1].decode().startswith("# ")
        check_png(files[".png"][1])
        with ZipFile(BytesIO(files[".zip"][1])) as archive:
            assert archive.testzip() is None
            assert {"trace.trace", "trace.network"} <= set(archive.namelist())
            assert msgspec.json.decode(archive.read("trace.trace"))["type"] == "context-options"

    async def test_a_video_of_cypress(
        self, currents: Currents, project: WorldProject, session: aiohttp.ClientSession
    ) -> None:
        run = project.run(specs=1, framework="cypress")
        results = (await currents.instances.get(str(run.specs[0].instance_id))).results
        assert results is not None
        _, body, response = await get(session, URL(str(results.video_url), encoded=True))
        assert response.content_type == "video/mp4"
        boxes: list[bytes] = []
        while body:
            size, kind = struct.unpack(">I4s", body[:8])
            assert size <= len(body)
            boxes.append(kind)
            body = body[size:]
        assert boxes == [b"ftyp", b"mdat"]

    @pytest.mark.parametrize(
        ("name", "content_type"),
        [("some.thing", "application/octet-stream"), ("stdout_7c8e40712b596ba9", "text/plain")],
    )
    async def test_other_kinds(
        self,
        server: FakeCurrents,
        currents: Currents,
        session: aiohttp.ClientSession,
        name: str,
        content_type: str,
    ) -> None:
        data = msgspec.json.decode((SAMPLES / "instance-playwright.json").read_bytes())["data"]
        (shot,) = data["results"]["screenshots"][:1]
        shot["screenshotURL"] = f"https://storage.example/org/run/web/{name}?X-Amz-Signature=x"
        server.world.add_instance_payload(data)
        url = screenshot_of(await currents.instances.get(data["instanceId"]))
        status, body, response = await get(session, url)
        assert (status, response.content_type) == (200, content_type)
        assert body

    async def test_are_the_same_each_time_and_differ_between_instances(
        self, world: World, project: WorldProject, instance_id: str
    ) -> None:
        other = str(project.run(specs=1, tests=4, failures=2).specs[0].instance_id)
        found: list[dict[str, tuple[str, bytes]]] = []
        for one in (instance_id, instance_id, other):
            async with (
                FakeCurrents(world, assets=True) as server,
                Currents(server.api_key, base_url=server.url) as currents,
                aiohttp.ClientSession() as session,
            ):
                found.append(await self.files(currents, session, one))
        assert found[0] == found[1]
        for suffix in found[0]:
            assert found[0][suffix][1] != found[2][suffix][1], suffix


class TestRanges:
    @pytest.mark.parametrize(
        ("asked", "part"),
        [
            ("bytes=0-", slice(0, None)),
            ("bytes=10-", slice(10, None)),
            ("bytes=10-19", slice(10, 20)),
            ("bytes=10-99999", slice(10, None)),
            ("bytes=-5", slice(-5, None)),
        ],
    )
    async def test_a_range(
        self, session: aiohttp.ClientSession, instance: Instance, asked: str, part: slice
    ) -> None:
        url = screenshot_of(instance)
        _, whole, first = await get(session, url)
        status, body, response = await get(session, url, Range=asked)
        assert (status, body) == (206, whole[part])
        start, stop, _ = part.indices(len(whole))
        assert response.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{len(whole)}"
        assert response.headers["ETag"] == first.headers["ETag"]
        assert response.headers["Accept-Ranges"] == "bytes"

    @pytest.mark.parametrize(
        "headers",
        [
            {"Range": "bytes=10-", "If-Range": '"other"'},
            {"Range": "bytes=10-", "If-Range": "Tue, 06 Jan 2026 09:00:00 GMT"},
            {"Range": "bytes=0-1,3-4"},
            {"Range": "lines=1-2"},
            {"Range": "bytes=9-5"},
        ],
        ids=str,
    )
    async def test_the_whole(
        self, session: aiohttp.ClientSession, instance: Instance, headers: dict[str, str]
    ) -> None:
        url = screenshot_of(instance)
        _, whole, _ = await get(session, url)
        assert (await get(session, url, **headers))[:2] == (200, whole)

    async def test_the_same_version(
        self, session: aiohttp.ClientSession, instance: Instance
    ) -> None:
        url = screenshot_of(instance)
        _, whole, first = await get(session, url)
        headers = {"Range": "bytes=1-", "If-Range": first.headers["ETag"]}
        assert (await get(session, url, **headers))[:2] == (206, whole[1:])

    async def test_beyond_the_end(self, session: aiohttp.ClientSession, instance: Instance) -> None:
        url = screenshot_of(instance)
        _, whole, _ = await get(session, url)
        status, _, response = await get(session, url, Range=f"bytes={len(whole)}-")
        assert status == 416
        assert response.headers["Content-Range"] == f"bytes */{len(whole)}"


class TestFaults:
    async def test_a_download_goes_on_where_it_broke_off(
        self, server: FakeCurrents, currents: Currents, instance: Instance, tmp_path: Path
    ) -> None:
        assert instance.results is not None
        (video, *_) = instance.results.videos
        whole = await currents.assets.download(video, to=tmp_path / "whole")
        server.fail("downloadAsset", fault="truncate")
        saved = await currents.assets.download(video, to=tmp_path / "resumed")
        assert saved.path.read_bytes() == whole.path.read_bytes()
        assert saved.resumed
        assert [one.status for one in server.asset_requests] == [200, 200, 206]
        assert server.asset_requests[1].fault == "truncate"

    async def test_a_status_with_the_hosts_own_body(
        self, server: FakeCurrents, currents: Currents, instance: Instance, tmp_path: Path
    ) -> None:
        url = screenshot_of(instance)
        server.fail("downloadAsset", 404, path_args={"file": url.name})
        with pytest.raises(NotFoundError, match="NotFound"):
            await currents.assets.download(str(url), to=tmp_path / "a")
        server.fail("downloadAsset", 499)
        with pytest.raises(APIError, match="Status 499"):
            await currents.assets.download(str(url), to=tmp_path / "a")

    async def test_own_body(
        self, server: FakeCurrents, session: aiohttp.ClientSession, instance: Instance
    ) -> None:
        headers = {"content-type": "text/html"}
        server.fail("downloadAsset", 502, headers=headers, body=b"<html>")
        status, body, response = await get(session, screenshot_of(instance))
        assert (status, body) == (502, b"<html>")
        assert response.headers.getall("Content-Type") == ["text/html"]

    async def test_every_request_means_assets_too(
        self, server: FakeCurrents, session: aiohttp.ClientSession, instance: Instance
    ) -> None:
        server.fail(None)
        assert (await get(session, screenshot_of(instance)))[0] == 503
        assert (await get(session, screenshot_of(instance)))[0] == 200


def check_png(content: bytes) -> None:
    """Assert that a PNG is sound, down to its pixels."""
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    chunks: dict[bytes, bytes] = {}
    rest = content[8:]
    while rest:
        size, kind = struct.unpack(">I4s", rest[:8])
        data, (crc,) = rest[8 : 8 + size], struct.unpack(">I", rest[8 + size : 12 + size])
        assert crc == zlib.crc32(kind + data)
        chunks[kind] = data
        rest = rest[12 + size :]
    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"]
    width, height, depth, colours = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    assert (depth, colours) == (8, 2)
    assert len(zlib.decompress(chunks[b"IDAT"])) == height * (1 + 3 * width)


class TestUploads:
    @pytest.mark.parametrize(
        ("headers", "body", "minutes", "status", "code"),
        [
            ({"Content-Type": "a/b"}, b"abc", 0, 200, ""),
            ({"Content-Type": "a/c"}, b"abc", 0, 403, "SignatureDoesNotMatch"),
            ({"Content-Type": "a/b"}, b"abcd", 0, 403, "SignatureDoesNotMatch"),
            ({"Content-Type": "a/b"}, b"abc", 10, 403, "Request has expired"),
            ({"Content-Type": "a/b", "Authorization": "Bearer k"}, b"abc", 0, 400, "auth"),
            ({"Content-Type": "a/b", "x-currents-key": "k"}, b"abc", 0, 400, "auth"),
            ({"Content-Type": "a/b", "Cookie": "a=b"}, b"abc", 0, 400, "auth"),
        ],
    )
    async def test_are_checked_as_by_storage(
        self,
        server: FakeCurrents,
        currents: Currents,
        project: WorldProject,
        headers: dict[str, str],
        body: bytes,
        minutes: int,
        status: int,
        code: str,
    ) -> None:
        file = NewAttachment(name="a", content_type="a/b", size_bytes=3)
        declared = await currents.runs.add_attachments(project.run(specs=1).run_id, [file])
        url = URL(declared.attachments[0].upload_url, encoded=True)
        server.clock.advance(minutes=minutes)
        async with (
            aiohttp.ClientSession() as session,
            session.put(url, data=body, headers=headers) as response,
        ):
            assert response.status == status
            assert code in await response.text()
        [attachment] = server.world.attachments.values()
        assert attachment.content == (body if status == 200 else None)

    async def test_of_a_session_without_a_size(
        self, server: FakeCurrents, currents: Currents, project: WorldProject
    ) -> None:
        file = NewAttachment(name="a", content_type="a/b", size_bytes=None)
        session = await currents.sessions.create(
            "t", "passed", project_id=project.project_id, attachments=[file]
        )
        [declared] = session.attachments
        async with (
            aiohttp.ClientSession() as http,
            http.put(
                URL(declared.upload_url, encoded=True),
                data=b"any",
                headers=declared.upload_headers,
            ) as response,
        ):
            assert response.status == 200
        [attachment] = server.world.attachments.values()
        assert attachment.content == b"any"
