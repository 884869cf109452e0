"""Signatures of URLs: renewed once they have expired, and never shown."""

import asyncio
import gc
import logging
import pickle
import weakref
from collections.abc import Awaitable
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler

from currents_async import (
    APIError,
    Currents,
    CurrentsError,
    ForbiddenError,
    InvalidArgumentError,
    NotFoundError,
    RequestAttempt,
    Retries,
    Timeouts,
)
from currents_async._downloads.save import Saver
from currents_async._transport import CallOptions, asset_attempt
from currents_async._wire.asset_url import AssetUrl, read_asset_url
from currents_async.models import Attachment, Instance, InstanceReport
from currents_async.testing import FakeCurrents, World
from tests.downloads.asset_host import (
    EXPIRED,
    FRESH,
    OLD,
    SECRETS,
    AssetHost,
    files_in,
    quote_the_query,
    redirect,
    reset,
    serve_instance,
    stall,
    status,
)
from tests.support import shown_of

pytestmark = pytest.mark.usefixtures("no_task_is_left")


class TestSignatures:
    @pytest.fixture(autouse=True)
    def signed_again(self, host: AssetHost, world: World) -> None:
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
        self, server: FakeCurrents, currents: Currents, host: AssetHost, folder: Path, path: str
    ) -> None:
        content = host.add(path)
        saved = await currents.assets.download(host.signed(path), to=folder, instance_id="i")
        assert files_in(folder) == {path[1:]: content}
        assert [request.query for request in host.requests] == [OLD, FRESH]
        assert [request.operation for request in server.requests] == ["getInstance"]
        assert saved.attempts == 2
        assert all("Authorization" not in request.headers for request in host.requests)

    @pytest.mark.parametrize("seconds", [-1, 30, 90])
    async def test_signed_again_before_a_download_when_it_is_over_or_nearly_so(
        self,
        server: FakeCurrents,
        currents: Currents,
        host: AssetHost,
        folder: Path,
        seconds: int,
    ) -> None:
        content = host.add("/a")
        ends_soon = f"Expires={int(currents.clock.wall()) + seconds}&Signature=s"
        host.signature = FRESH if seconds < 60 else ends_soon
        url = host.signed("/a", ends_soon)
        saved = await currents.assets.download(url, to=folder, instance_id="i")
        assert files_in(folder) == {"a": content}
        assert [request.query for request in host.requests] == [host.signature]
        assert len(server.requests) == (seconds < 60)
        assert saved.attempts == 1

    async def test_what_has_just_been_signed_is_tried_whatever_the_clock_says(
        self, server: FakeCurrents, currents: Currents, host: AssetHost, folder: Path, world: World
    ) -> None:
        host.signature = "Expires=2&Signature=s"
        urls = [{"readUrl": host.signed(path, host.signature)} for path in ("/a", "/b", "/c")]
        given = Instance(
            instance_id="j",
            results=InstanceReport(
                attachments=tuple(
                    Attachment(read_url=host.signed(path, EXPIRED)) for path in ("/a", "/b", "/c")
                )
            ),
        )
        serve_instance(world, "j", attachments=urls)
        contents = [host.add(path) for path in ("/a", "/b", "/c")]
        async with currents.assets.of_instance(given, to=folder, concurrency=1) as results:
            assert len([result async for result in results]) == 3
        assert sorted(files_in(folder).values()) == sorted(contents)
        assert len(server.requests) == 1

    @pytest.mark.parametrize("query", [OLD, EXPIRED])
    async def test_the_instance_is_fetched_once_for_all_its_assets(
        self,
        server: FakeCurrents,
        currents: Currents,
        host: AssetHost,
        folder: Path,
        world: World,
        query: str,
    ) -> None:
        paths = [f"/{number}" for number in range(20)]
        contents = [host.add(path) for path in paths]
        stale, fresh = (
            [{"readUrl": host.signed(path, one)} for path in paths] for one in (query, FRESH)
        )
        serve_instance(world, "j", attachments=stale)
        given = await currents.instances.get("j")
        serve_instance(world, "j", attachments=fresh)
        async with currents.assets.of_instance(given, to=folder) as results:
            assert {result.error async for result in results} == {None}
        assert sorted(files_in(folder).values()) == sorted(contents)
        assert len(server.requests) == 2
        sent = [request.query for request in host.requests]
        assert sent.count(FRESH) == 20
        assert sent.count(EXPIRED) == 0

    async def test_a_refusal_of_what_was_signed_again_is_final_for_each_asset(
        self, server: FakeCurrents, currents: Currents, host: AssetHost, folder: Path, world: World
    ) -> None:
        host.signature = "another"
        urls = [{"readUrl": host.signed(f"/{number}", FRESH)} for number in range(9)]
        serve_instance(world, "j", attachments=urls)
        old = tuple(Attachment(read_url=host.signed(f"/{number}")) for number in range(9))
        given = Instance(instance_id="j", results=InstanceReport(attachments=old))
        async with currents.assets.of_instance(given, to=folder, on_error="collect") as results:
            errors = {type(result.error) async for result in results}
        assert errors == {ForbiddenError}
        assert len(server.requests) == 1
        assert len(host.requests) == 18

    @pytest.mark.parametrize("code", [400, 401])
    async def test_other_statuses_of_an_expired_signature(
        self, currents: Currents, host: AssetHost, folder: Path, code: int
    ) -> None:
        content = host.add("/a")
        host.responses.append(status(code, "<Error><Code>ExpiredToken</Code></Error>"))
        await currents.assets.download(host.signed("/a"), to=folder, instance_id="i")
        assert files_in(folder) == {"a": content}

    async def test_only_the_beginning_of_a_refusal_is_read(
        self, currents: Currents, host: AssetHost, folder: Path, monkeypatch: pytest.MonkeyPatch
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

        monkeypatch.setattr(asset_attempt, "is_expired", judge)
        host.responses.append(endless_refusal)
        with pytest.raises(ForbiddenError):
            await currents.assets.download(host.signed("/a"), to=folder)
        [length] = lengths
        assert 64 * 1024 <= length < 512 * 1024

    async def test_other_refusals_are_final(
        self, server: FakeCurrents, currents: Currents, host: AssetHost, folder: Path
    ) -> None:
        host.responses.append(status(400, "<Error><Code>InvalidURI</Code></Error>"))
        with pytest.raises(APIError, match="InvalidURI"):
            await currents.assets.download(host.signed("/a"), to=folder, instance_id="i")
        assert server.requests == []

    async def test_expires_during_a_download(
        self, server: FakeCurrents, currents: Currents, host: AssetHost, folder: Path
    ) -> None:
        content = host.add("/a", 10_000)
        host.signature = None
        host.responses.append(host.break_after(4_000))

        async def expired(request: web.Request) -> web.StreamResponse:
            host.signature = FRESH
            return await host.serve(request)

        host.responses.append(expired)
        saved = await currents.assets.download(host.signed("/a"), to=folder, instance_id="i")
        assert files_in(folder) == {"a": content}
        assert [request.range for request in host.requests] == [None, "bytes=4000-", "bytes=4000-"]
        assert saved.resumed
        assert len(server.requests) == 1

    async def test_signing_again_has_the_deadline_of_the_download(
        self, currents: Currents, host: AssetHost, folder: Path
    ) -> None:
        given: list[CallOptions] = []

        async def fetch(instance_id: str, options: CallOptions) -> Instance:
            given.append(options)
            return Instance(instance_id=instance_id)

        url = read_asset_url(host.signed("/a"))
        assert isinstance(url, AssetUrl)
        for timeout, longest in ((5, 5), (None, currents.timeouts.total)):
            saver = Saver(currents._transport, fetch, max_bytes=1, timeout=timeout)
            with pytest.raises(ForbiddenError):
                await saver.save(url, folder / "a", saver.signer("i"))
            left = given[-1].deadline - currents.clock.now()
            assert longest - 5 < left <= longest

    async def test_signs_again_only_once(
        self, server: FakeCurrents, currents: Currents, host: AssetHost, folder: Path
    ) -> None:
        host.signature = "another"
        with pytest.raises(ForbiddenError, match="Request has expired") as caught:
            await currents.assets.download(host.signed("/a"), to=folder, instance_id="i")
        assert [request.query for request in host.requests] == [OLD, FRESH]
        assert len(server.requests) == 1
        assert caught.value.attempts == 2
        assert files_in(folder) == {}

    async def test_it_does_not_cost_a_retry(
        self, currents: Currents, host: AssetHost, folder: Path
    ) -> None:
        content = host.add("/a")
        host.responses.extend([host.serve, status(503)])
        view = currents.with_options(retries=Retries(attempts=2))
        await view.assets.download(host.signed("/a"), to=folder, instance_id="i")
        assert files_in(folder) == {"a": content}

    @pytest.mark.parametrize("instance_id", ["i", None])
    async def test_instance_has_no_newer_url(
        self, currents: Currents, host: AssetHost, folder: Path, instance_id: str | None
    ) -> None:
        host.signature = "another"
        for url in (host.signed("/unknown"), host.signed("/a", FRESH)):
            with pytest.raises(ForbiddenError):
                await currents.assets.download(url, to=folder, instance_id=instance_id)
        assert len(host.requests) == 2

    async def test_the_instance_is_gone(
        self, currents: Currents, host: AssetHost, folder: Path
    ) -> None:
        with pytest.raises(NotFoundError) as caught:
            await currents.assets.download(host.signed("/a"), to=folder, instance_id="gone")
        assert caught.value.operation == "getInstance"
        assert files_in(folder) == {}


class TestSecrets:
    @pytest.mark.parametrize(
        "respond",
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
        host: AssetHost,
        folder: Path,
        world: World,
        caplog: pytest.LogCaptureFixture,
        respond: Handler,
    ) -> None:
        caplog.set_level(logging.DEBUG)
        host.responses.extend([respond, respond] if respond is quote_the_query else [respond])
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
        shown = shown_of(caught.value, without=__file__) + repr(task) + caplog.text
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
            assert SECRETS[0] not in shown_of(caught.value, without=__file__)

    async def test_a_cancellation(self, currents: Currents, host: AssetHost, folder: Path) -> None:
        began = asyncio.Event()

        async def hold(request: web.Request) -> web.StreamResponse:
            began.set()
            return await stall(request)

        host.responses.append(hold)
        task = asyncio.create_task(currents.assets.download(host.signed("/a"), to=folder))
        await began.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        assert SECRETS[0] not in shown_of(caught.value, without=__file__)

    async def test_the_results(self, currents: Currents, host: AssetHost, folder: Path) -> None:
        host.add("/a")
        saved = await currents.assets.download(host.signed("/a"), to=folder)
        assert SECRETS[0] not in repr(saved) + repr(pickle.dumps(saved))

    def test_a_url(self) -> None:
        url = read_asset_url(f"https://host.example/a?{OLD}&plus=a%2Bb%2Bcdefgh&n=1")
        assert isinstance(url, AssetUrl)
        assert repr(url) == "<AssetUrl https://host.example/a>"
        assert url.redact(f"{OLD} a+b+cdefgh a%2Bb%2Bcdefgh 1") == (
            "Expires=[signature]&Signature=[signature] [signature] [signature] 1"
        )
        assert str(url.reveal()).endswith(f"{OLD}&plus=a%2Bb%2Bcdefgh&n=1")


async def raised_by(call: Awaitable[object]) -> weakref.ref[CurrentsError]:
    try:
        await call
    except CurrentsError as error:
        return weakref.ref(error)
    raise AssertionError


async def test_errors_do_not_keep_themselves_alive(
    currents: Currents, host: AssetHost, folder: Path, world: World
) -> None:
    async def save_all(instance: str) -> None:
        async with currents.assets.of_instance(instance, to=folder) as saved:
            async for _ in saved:
                pass

    serve_instance(world, "i", videoUrl=host.signed("/missing"))
    host.responses.extend([status(503)] * 3)
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
