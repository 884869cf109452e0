"""The programs in `tests/recipes`, with the frameworks they are for, but without their networks."""

import asyncio
import runpy
import socket
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import discord
import pytest
import uvicorn
from aiohttp import web
from aiohttp.test_utils import TestServer
from aiohttp.typedefs import Handler
from slack_sdk.web.async_client import AsyncWebClient
from yarl import URL

from currents_async import Currents
from currents_async.testing import FakeCurrents, WorldProject, WorldRun

RECIPES = Path(__file__).parent / "recipes"
SECRET = {"X-Secret": "a-secret-of-the-bot"}


def load(name: str) -> dict[str, Any]:
    return runpy.run_path(str(RECIPES / f"{name}.py"))


@pytest.fixture(autouse=True)
def service(server: FakeCurrents, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CURRENTS_API_KEY", server.api_key)
    monkeypatch.setenv("CURRENTS_API_URL", server.url)
    monkeypatch.setenv("CURRENTS_WEBHOOK_SECRET", SECRET["X-Secret"])


@pytest.fixture
def run(project: WorldProject) -> WorldRun:
    return project.run(specs=6, tests=3, failures=2)


class Uvicorn(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_up.set()


@asynccontextmanager
async def served(app: Any) -> AsyncGenerator[str]:
    """Serve an ASGI application on a loopback port, with its lifespan."""
    server = Uvicorn(uvicorn.Config(app, port=0, log_config=None, lifespan="on"))
    serving = asyncio.create_task(server.serve())
    await server.is_up.wait()
    [listening] = server.servers[0].sockets
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/webhooks/currents"
    finally:
        server.should_exit = True
        await serving


@pytest.mark.parametrize("recipe", ["fastapi_app", "starlette_app"])
class TestAsgi:
    async def test_deliveries(
        self, recipe: str, server: FakeCurrents, run: WorldRun, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with served(load(recipe)["make_app"]()) as url:
            [forged] = await server.emit(run, "RUN_FINISH", to=url, headers={"X-Secret": "no"})
            [taken] = await server.emit(run, "RUN_FINISH", to=url, headers=SECRET)
            again = await server.redeliver(taken)
        assert [forged.status, taken.status, again.status] == [401, 202, 200]
        # Once shut down, it has handled what it accepted, exactly once.
        server.requests.assert_sent("getRun", times=1)
        assert f"run {run.run_id} has FAILED" in caplog.text

    async def test_a_body_without_end(self, recipe: str, server: FakeCurrents) -> None:
        async def endless() -> AsyncIterator[bytes]:
            while True:
                yield b" " * 65_536

        told = {**SECRET, "x-timestamp": str(time.time())}
        async with (
            served(load(recipe)["make_app"]()) as url,
            aiohttp.ClientSession() as session,
            session.post(url, data=endless(), headers=told) as response,
        ):
            assert response.status == 413
        assert server.requests == []

    async def test_strangers_are_refused_at_the_headers_and_hang_up_without_a_traceback(
        self, recipe: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with served(load(recipe)["make_app"]()) as url:
            for told in ("a guess", SECRET["X-Secret"]):
                reader, writer = await asyncio.open_connection("127.0.0.1", URL(url).port)
                head = f"X-Secret: {told}\r\nX-Timestamp: {time.time()}\r\nContent-Length: 99\r\n"
                writer.write(f"POST /webhooks/currents HTTP/1.1\r\nHost: x\r\n{head}\r\n".encode())
                if told == "a guess":
                    assert b" 401 " in await reader.readline()
                writer.transport.abort()
            while len(refusals := [one.message for one in caplog.records]) < 2:  # noqa: ASYNC110
                await asyncio.sleep(0)
        assert refusals == [
            "refused a delivery with 401: the delivery does not carry the secret",
            "refused a delivery with 400: the body broke off: ClientDisconnect",
        ]


class TestFastApi:
    async def test_a_model_is_a_response(
        self, currents: Currents, server: FakeCurrents, run: WorldRun
    ) -> None:
        expected = await currents.runs.get(run.run_id)
        async with (
            served(load("fastapi_app")["make_app"]()) as url,
            aiohttp.ClientSession(URL(url).origin()) as session,
            session.get(f"/runs/{run.run_id}") as response,
        ):
            assert response.content_type == "application/json"
            assert await response.json() == expected.to_dict()


class TestDiscord:
    async def test_failures_are_said_in_the_channel(
        self, server: FakeCurrents, run: WorldRun, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        said: list[str] = []

        class Channel(discord.TextChannel):
            def __init__(self) -> None:
                """Have no state: nothing of it is asked for."""

            async def send(self, content: str) -> None:  # type: ignore[override]
                said.append(content)

        monkeypatch.setenv("DISCORD_CHANNEL", "7")
        bot = load("discord_bot")["FailureBot"](port=0)
        monkeypatch.setattr(bot, "get_channel", {7: Channel()}.get)
        await bot.setup_hook()
        port = bot.runner.addresses[0][1]
        to = f"http://127.0.0.1:{port}/webhooks/currents"
        [delivery] = await server.emit(run, "RUN_FINISH", to=to, headers=SECRET)
        assert delivery.status == 202
        await bot.close()
        [text] = said
        assert text.startswith(f"**2 failed**: https://app.currents.dev/run/{run.run_id}\n- ")


class TestSlack:
    async def test_failures_are_posted(
        self, server: FakeCurrents, run: WorldRun, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        posted: list[Any] = []

        async def post_message(request: web.Request) -> web.Response:
            assert request.headers["Authorization"] == "Bearer xoxb-token"
            posted.append(await request.json())
            return web.json_response({"ok": True})

        monkeypatch.setenv("SLACK_CHANNEL", "C7")
        slack_app = web.Application()
        slack_app.router.add_post("/api/chat.postMessage", post_message)
        async with TestServer(slack_app) as slack:
            client = AsyncWebClient("xoxb-token", base_url=str(slack.make_url("/api/")))
            async with TestServer(load("slack_bot")["make_app"](client)) as bot:
                to = str(bot.make_url("/webhooks/currents"))
                [delivery] = await server.emit(run, "RUN_FINISH", to=to, headers=SECRET)
                assert delivery.status == 202
        [message] = posted
        assert (message["channel"], message["text"]) == ("C7", "2 tests failed")
        assert len(message["blocks"]) == 3


class GitHub:
    """As much of the API of GitHub as the recipe needs."""

    def __init__(self) -> None:
        self.checks: list[Any] = []
        self.comments: list[dict[str, Any]] = [
            {"id": number, "body": "Looks good"} for number in range(130)
        ]

    def app(self) -> web.Application:
        app = web.Application(middlewares=[authorised])
        app.router.add_post("/repos/{owner}/{name}/check-runs", self.check)
        issue = "/repos/{owner}/{name}/issues/{number}/comments"
        app.router.add_get(issue, self.list)
        app.router.add_post(issue, self.create)
        app.router.add_patch("/repos/{owner}/{name}/issues/comments/{id}", self.edit)
        return app

    async def check(self, request: web.Request) -> web.Response:
        self.checks.append(await request.json())
        return web.json_response({}, status=201)

    async def list(self, request: web.Request) -> web.Response:
        begin = (int(request.query["page"]) - 1) * int(request.query["per_page"])
        return web.json_response(self.comments[begin : begin + int(request.query["per_page"])])

    async def create(self, request: web.Request) -> web.Response:
        self.comments.append({"id": len(self.comments), **await request.json()})
        return web.json_response({}, status=201)

    async def edit(self, request: web.Request) -> web.Response:
        self.comments[int(request.match_info["id"])] |= await request.json()
        return web.json_response({})


@web.middleware
async def authorised(request: web.Request, handler: Handler) -> web.StreamResponse:
    assert request.headers["Authorization"] == "Bearer ghs-token"
    return await handler(request)


class TestGitHub:
    async def test_a_check_and_one_comment(
        self, server: FakeCurrents, project: WorldProject, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        runs = [project.run(specs=2, failures=one, pull_request=3) for one in (1, 0)]
        runs.append(project.run(specs=1))  # of no pull request
        monkeypatch.setenv("GITHUB_TOKEN", "ghs-token")
        github = GitHub()
        async with TestServer(github.app()) as api:
            monkeypatch.setenv("GITHUB_API_URL", str(api.make_url("/")).rstrip("/"))
            for run in runs:
                await load("github_bot")["main"](run.run_id)
        assert [one["conclusion"] for one in github.checks] == ["failure", "success"]
        assert github.checks[0]["output"]["summary"].startswith("## ✗ Run failed")
        [comment] = github.comments[130:]
        assert "## ✓ Run passed" in comment["body"]
