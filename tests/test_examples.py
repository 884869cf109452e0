"""The programs in `tests/examples`, each from its environment to its effect."""

import runpy
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from currents_async.testing import FakeCurrents, ManualClock, World, WorldProject
from tests.quarantine.suite import NOW, SPEC, Suite

EXAMPLES = Path(__file__).parent / "examples"


def load(name: str) -> dict[str, Any]:
    return runpy.run_path(str(EXAMPLES / f"{name}.py"))


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_an_example_is_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) < 60


@pytest.fixture(autouse=True)
def service(server: FakeCurrents, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CURRENTS_API_KEY", server.api_key)
    monkeypatch.setenv("CURRENTS_API_URL", server.url)


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
