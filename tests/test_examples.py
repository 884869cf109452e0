"""The programs in `tests/examples`, each from its environment to its effect."""

import asyncio
import runpy
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from currents_async.testing import FakeCurrents, ManualClock, World, WorldProject
from tests.quarantine.suite import NOW, SPEC, Suite

EXAMPLES = Path(__file__).parent / "examples"
SECRET = "a-secret-of-the-bot"


def load(name: str) -> dict[str, Any]:
    return runpy.run_path(str(EXAMPLES / f"{name}.py"))


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_an_example_is_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) < 60


@pytest.fixture(autouse=True)
def service(server: FakeCurrents, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CURRENTS_API_KEY", server.api_key)
    monkeypatch.setenv("CURRENTS_API_URL", server.url)


class TestFailureBot:
    @pytest.fixture
    async def channel(self, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[asyncio.Queue[str]]:
        """What was posted to the Slack-style webhook."""
        posted: asyncio.Queue[str] = asyncio.Queue()

        async def take(request: web.Request) -> web.Response:
            posted.put_nowait((await request.json())["text"])
            return web.Response(text="ok")

        app = web.Application()
        app.router.add_post("/hook", take)
        async with TestServer(app) as slack:
            monkeypatch.setenv("SLACK_WEBHOOK_URL", str(slack.make_url("/hook")))
            monkeypatch.setenv("CURRENTS_WEBHOOK_SECRET", SECRET)
            yield posted

    async def test_it_posts_what_is_new(
        self, server: FakeCurrents, project: WorldProject, channel: asyncio.Queue[str]
    ) -> None:
        old = project.run(specs=10, tests=3, failures=0)
        new = project.run(specs=10, tests=3, failures=2)
        async with TestServer(load("failure_bot")["make_app"]()) as bot:
            to = str(bot.make_url("/webhooks/currents"))
            for run, secret, status in (
                (new, "forged", 401),
                (old, SECRET, 202),  # the first of all runs is compared with none
                (new, SECRET, 202),
            ):
                [delivery] = await server.emit(
                    run, "RUN_FINISH", to=to, headers={"X-Secret": secret}
                )
                assert delivery.status == status
            text = await channel.get()
        assert text.startswith(f"*2 new failures* in https://app.currents.dev/run/{new.run_id}\n")
        assert text.count("\n") == 2
        assert channel.empty()

    async def test_it_says_nothing_when_nothing_broke(
        self, server: FakeCurrents, project: WorldProject, channel: asyncio.Queue[str]
    ) -> None:
        project.run(specs=4, failures=0)
        run = project.run(specs=4, failures=0)
        async with TestServer(load("failure_bot")["make_app"]()) as bot:
            to = str(bot.make_url("/webhooks/currents"))
            await server.emit(run, "RUN_FINISH", to=to, headers={"X-Secret": SECRET})
        # Once left, the bot has handled what it accepted.
        server.requests.of("getRun", run_id=run.run_id).assert_count(2)
        assert channel.empty()


class TestDeployGate:
    async def judge(self, run_id: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
        code = await load("deploy_gate")["main"](run_id)
        return code, capsys.readouterr().out

    async def test_a_sound_run(
        self, project: WorldProject, capsys: pytest.CaptureFixture[str]
    ) -> None:
        run = project.run(specs=4, failures=0)
        assert await self.judge(run.run_id, capsys) == (0, "fit to be deployed\n")

    async def test_failures_that_were_there_before(
        self, project: WorldProject, capsys: pytest.CaptureFixture[str]
    ) -> None:
        project.run(specs=1, tests=1, failures=1)
        again = project.run(specs=1, tests=1, failures=1)
        assert await self.judge(again.run_id, capsys) == (0, "fit to be deployed\n")

    async def test_new_failures(
        self, project: WorldProject, capsys: pytest.CaptureFixture[str]
    ) -> None:
        first = project.run(specs=4, tests=2, failures=1)
        code, out = await self.judge(first.run_id, capsys)
        assert (code, out.count("\n")) == (1, 1)
        fixed = project.run(specs=4, tests=2, failures=0)
        broken = project.run(specs=4, tests=2, failures=3)
        assert (await self.judge(fixed.run_id, capsys))[0] == 0
        code, out = await self.judge(broken.run_id, capsys)
        assert (code, out.count("\n")) == (1, 3)

    async def test_a_run_that_was_cancelled(
        self, project: WorldProject, capsys: pytest.CaptureFixture[str]
    ) -> None:
        run = project.run(specs=4, timed_out=True)
        code, out = await self.judge(run.run_id, capsys)
        assert (code, out) == (1, "the run was not completed: TIMEOUT\n")

    async def test_who_cannot_tell_does_not_deploy(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        code, out = await self.judge("unknown", capsys)
        assert code == 1
        assert out.startswith("cannot tell: getRun")


class TestQuarantineJob:
    @pytest.fixture
    async def server(
        self, world: World, no_task_is_left: None, monkeypatch: pytest.MonkeyPatch
    ) -> AsyncIterator[FakeCurrents]:
        """A server, and clients, on a day soon after the runs."""
        clock = ManualClock(wall=NOW.timestamp())
        monkeypatch.setattr("currents_async._client.SystemClock", lambda: clock)
        async with FakeCurrents(world, clock=clock) as server:
            yield server

    @pytest.fixture
    def suite(self, world: World, project: WorldProject) -> Suite:
        suite = Suite(world, project)
        suite.play({
            "cart > pays": "FFFF.FFFF.FF",
            "cart > ships": "............",
        })
        return suite

    async def test_it_puts_away_what_keeps_failing(
        self, server: FakeCurrents, suite: Suite, capsys: pytest.CaptureFixture[str]
    ) -> None:
        job = load("quarantine_job")["main"]
        assert await job(suite.project_id, apply=False) == 0
        dry = capsys.readouterr().out
        assert dry.count("failed") >= 10
        server.requests.assert_none("createAction")
        assert await job(suite.project_id, apply=True) == 0
        assert capsys.readouterr().out.endswith("created 1, lifted 0\n")
        [action] = server.world.actions.values()
        assert f"{SPEC} > cart > pays" in action.fields["name"]
        assert await job(suite.project_id, apply=True) == 0
        server.requests.assert_sent("createAction", times=1)
