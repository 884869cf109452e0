"""What is behind shares and trace links: read by their URLs, without a key, and shown to nobody."""

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from aiohttp import web

from currents_async import (
    Currents,
    CurrentsError,
    InvalidArgumentError,
    Limits,
    NotFoundError,
    RateLimitedError,
    RawResponse,
    RedirectError,
    RequestAttempt,
    ResponseTooLargeError,
    ServerError,
)
from currents_async._wire.link_url import LinkUrl, read_link_url
from currents_async.models import Share, TraceLink
from currents_async.testing import FakeCurrents, ManualClock, World, WorldProject
from tests.downloads.asset_host import AssetHost, files_in
from tests.downloads.test_signatures import raised_by
from tests.support import shown_of

pytestmark = pytest.mark.usefixtures("no_task_is_left")

SECRET = "FTfOjTRMQvCiFtiv"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def server(world: World, clock: ManualClock) -> AsyncIterator[FakeCurrents]:
    async with FakeCurrents(world, assets=True, clock=clock) as server:
        yield server


@pytest.fixture
async def currents(server: FakeCurrents, clock: ManualClock) -> AsyncIterator[Currents]:
    async with Currents(server.api_key, base_url=server.url, clock=clock) as currents:
        yield currents


@pytest.fixture
async def link(currents: Currents, project: WorldProject) -> TraceLink:
    run = project.run(specs=1, tests=1, failures=1, flaky=0)
    instance = await currents.instances.get(str(run.specs[0].instance_id))
    return await currents.traces.link(instance.instance_id, instance.tests[0].test_id or "")


READS: dict[str, Callable[[Currents, TraceLink | str], Awaitable[RawResponse]]] = {
    "filmstrip": lambda c, link: c.traces.filmstrip(link),
    "animation": lambda c, link: c.traces.animation(link),
    "frames": lambda c, link: c.traces.frames(link),
    "frames/0": lambda c, link: c.traces.frame(link, 0.0),
    "frames/1250.5": lambda c, link: c.traces.frame(link, "1250.5"),
    "snapshots": lambda c, link: c.traces.snapshots(link),
    "requests": lambda c, link: c.traces.requests(link),
    "attachments": lambda c, link: c.traces.attachments(link),
}
TYPES = {"filmstrip": "image/png", "animation": "image/gif"}


@pytest.mark.parametrize(("view", "read"), READS.items(), ids=READS)
async def test_views(
    server: FakeCurrents,
    currents: Currents,
    link: TraceLink,
    view: str,
    read: Callable[[Currents, TraceLink | str], Awaitable[RawResponse]],
) -> None:
    response = await read(currents, link)
    is_image = view in TYPES or "/" in view
    expected = TYPES.get(view, "image/png") if is_image else "application/json"
    assert response.headers["Content-Type"] == expected
    assert response.body if is_image else response.json()
    assert (await read(currents, link.url)).body == response.body
    for request in server.asset_requests:
        assert (request.operation, request.path_args) == ("readTrace", {"view": view})
        assert request.path == f"/trace/[secret]/{view}"
        assert not {"Authorization", "Cookie"} & {*request.headers}
        assert not request.authorized


async def test_text_and_filters(server: FakeCurrents, currents: Currents, link: TraceLink) -> None:
    digest = await currents.traces.digest(link)
    assert digest.startswith("# ")
    assert "- State: failed" in digest
    server.asset_requests.assert_sent("readTrace", view="digest", query={"format": "md"})
    every = (await currents.traces.requests(link)).json()
    failed = (await currents.traces.requests(link, status="failed")).json()
    assert failed == [one for one in every if one["status"] == 500]


async def test_downloads(
    server: FakeCurrents, currents: Currents, link: TraceLink, tmp_path: Path
) -> None:
    server.fail("readTrace", fault="truncate")
    saved = await currents.traces.download(link, to=tmp_path)
    assert (saved.path, saved.attempts) == (tmp_path / "trace.zip", 2)
    assert saved.url == f"{server.asset_url}/[secret]/download"
    with ZipFile(BytesIO(saved.path.read_bytes())) as archive:
        assert "trace.trace" in archive.namelist()
    image = await currents.traces.download(link, to=tmp_path, view="animation")
    assert (image.path.name, image.path.read_bytes()[:3]) == ("animation", b"GIF")
    assert {*files_in(tmp_path)} == {"trace.zip", "animation"}


async def test_shares(
    server: FakeCurrents, currents: Currents, project: WorldProject, clock: ManualClock
) -> None:
    run = project.run(specs=2, tests=3, failures=2, flaky=1)
    report = await currents.shares.create("report", run_id=run.run_id)
    text = await currents.shares.read(report)
    assert text == await currents.shares.read(report.url)
    assert text.count("\n- ") == 6
    fix = await currents.shares.read(await currents.shares.create("fix", run_id=run.run_id))
    assert (fix.count("- failed: "), fix.count("- flaky: "), fix.count("\n- ")) == (2, 1, 3)
    server.fail("readShare", 429, headers={"Retry-After": "100"})
    with pytest.raises(RateLimitedError, match="readShare"):
        await currents.shares.read(report)
    clock.advance(days=7)
    with pytest.raises(NotFoundError, match=r"it expired at .* UTC: create another"):
        await currents.shares.read(report)
    with pytest.raises(NotFoundError, match="it may have expired: create another share"):
        await currents.shares.read(report.url)


class TestRefusals:
    async def test_an_expired_link(
        self, currents: Currents, link: TraceLink, clock: ManualClock
    ) -> None:
        clock.advance(days=1, seconds=-1)
        assert await currents.traces.digest(link)
        clock.advance(1)
        with pytest.raises(NotFoundError, match=f"expired at {link.expires_at:%Y-%m-%d %H}.* UTC"):
            await currents.traces.digest(link)

    async def test_what_is_not_there_yet(
        self, server: FakeCurrents, currents: Currents, link: TraceLink, tmp_path: Path
    ) -> None:
        server.fail("readTrace", 404)
        with pytest.raises(NotFoundError, match="may not have been uploaded yet") as caught:
            await currents.traces.download(link, to=tmp_path)
        assert caught.value.operation == "readTrace"
        assert files_in(tmp_path) == {}
        server.fail("readTrace", 503, times=3)
        with pytest.raises(ServerError, match="cannot serve it at the moment: try again later"):
            await currents.traces.digest(link)

    async def test_more_than_memory_allows(self, server: FakeCurrents, link: TraceLink) -> None:
        limits = Limits(body=10, memory=10)
        async with Currents(server.api_key, base_url=server.url, limits=limits) as currents:
            with pytest.raises(ResponseTooLargeError) as caught:
                await currents.traces.filmstrip(link)
        assert caught.value.limit == 10

    @pytest.mark.parametrize(
        ("call", "named"),
        [
            (lambda c: c.traces.digest(""), "link must begin with https://"),
            (lambda c: c.traces.digest(f"ftp://host/{SECRET}"), "link must begin with https://"),
            (lambda c: c.traces.digest(f"http://host/{SECRET}"), "link leads to plain http://"),
            (lambda c: c.traces.digest(f"https://u:p@host/{SECRET}"), "link must have no user"),
            (lambda c: c.traces.digest(f"https://host/{SECRET} "), "link must not contain spaces"),
            (lambda c: c.traces.digest(f"https://host:x/{SECRET}"), "link is not a URL"),
            (lambda c: c.traces.digest("https://host/"), "link must be the whole URL"),
            (lambda c: c.traces.digest(7), "link must be a TraceLink or its URL, not int"),
            (lambda c: c.traces.digest(Share(url="x")), "a TraceLink or its URL, not Share"),
            (lambda c: c.shares.read(TraceLink(url="x")), "a Share or its URL, not TraceLink"),
            (lambda c: c.traces.frame("https://host/x", "a/b"), "t must be one path segment"),
            (lambda c: c.traces.frame("https://host/x", -1), "t must be a timestamp"),
            (lambda c: c.traces.frame("https://host/x", 10**400), "t must be a timestamp"),
            (lambda c: c.traces.frame("https://host/x", True), "t must be a timestamp"),  # noqa: FBT003
            (lambda c: c.traces.requests("https://host/x", status=""), "status must not be empty"),
            (lambda c: c.traces.download("https://host/x", to=""), "to must be a path"),
            (lambda c: c.traces.download("https://host/x", to="t", view="x"), "view must be one"),
            (lambda c: c.traces.download("https://host/x", to="t", max_bytes=0), "max_bytes"),
            (lambda c: c.traces.download("https://host/x", to="t", timeout=0), "timeout"),
        ],
    )
    async def test_bad_arguments(
        self, currents: Currents, call: Callable[[Currents], Awaitable[Any]], named: str
    ) -> None:
        with pytest.raises(InvalidArgumentError, match=named) as caught:
            await call(currents)
        assert SECRET not in shown_of(caught.value, without=__file__)

    async def test_a_private_host(self, currents: Currents) -> None:
        """A link may be anybody's: it must not lead into the caller's network."""
        with pytest.raises(InvalidArgumentError, match="link leads to the private address"):
            await currents.traces.digest(f"https://10.0.0.1/{SECRET}")


class TestSecrecy:
    @pytest.mark.parametrize("redirects", [0, 1, 9])
    async def test_nothing_shows_the_link(
        self,
        server: FakeCurrents,
        host: AssetHost,
        caplog: pytest.LogCaptureFixture,
        redirects: int,
    ) -> None:
        """The host quotes the URL, or redirects in a circle."""
        caplog.set_level(logging.DEBUG, "currents_async")
        attempts: list[RequestAttempt] = []

        async def quote(request: web.Request) -> web.StreamResponse:
            return web.Response(status=404, text=f'{{"error": "no {request.url} {SECRET}"}}')

        async def redirect(request: web.Request) -> web.StreamResponse:
            location = f"/{SECRET}/on?token=another-secret"
            return web.Response(status=302, headers={"Location": location})

        host.responses.extend([*[redirect] * min(redirects, 6), *[quote] * (redirects < 6)])
        async with Currents(
            server.api_key, base_url=server.url, observer=attempts.append
        ) as currents:
            task = asyncio.create_task(currents.traces.digest(f"{host.url}/{SECRET}"))
            with pytest.raises(CurrentsError) as caught:
                await task
        assert type(caught.value) is (NotFoundError if redirects < 6 else RedirectError)
        shown = shown_of(caught.value, without=__file__) + repr(task) + caplog.text
        shown += "".join(f"{attempt!r} {attempt}" for attempt in attempts)
        assert f"{host.url}/[secret]/digest" in shown
        for secret in (SECRET, "another-secret", server.api_key):
            assert secret not in shown
        assert not any("Authorization" in request.headers for request in host.requests)

    async def test_a_query_stays_in_front_of_that_of_the_view(self, host: AssetHost) -> None:
        url = read_link_url(f"{host.url}/a%2Fbcdefghi/?key=k-e-y-k-e-y#x")
        assert isinstance(url, LinkUrl)
        view = url.view("/requests", [("status", "failed")])
        expected = f"{host.url}/a%2Fbcdefghi/requests?key=k-e-y-k-e-y&status=failed"
        assert str(view.reveal()) == expected
        assert repr(view) == f"<LinkUrl {host.url}/[secret]/requests>"
        hidden = view.redact(f"{expected} a/bcdefghi k-e-y-k-e-y attachments")
        assert hidden.endswith("[secret] [signature] attachments")
        assert "bcdefghi" not in hidden

    async def test_errors_do_not_keep_themselves_alive(
        self, server: FakeCurrents, currents: Currents, link: TraceLink, tmp_path: Path
    ) -> None:
        server.fail("readTrace", 404, times=2)
        gc.disable()
        try:
            for call in (
                currents.traces.digest(link),
                currents.traces.download(link, to=tmp_path),
                currents.traces.digest("http://host.example/a"),
            ):
                assert (await raised_by(call))() is None
        finally:
            gc.enable()
