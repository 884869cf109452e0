"""Servers whose runs go on by the clock, and that call webhooks by themselves."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web

from currents_async import Currents, InvalidArgumentError
from currents_async.models import HookEvent
from currents_async.receiver import Receiver, Router, RunEvent, Verifier
from currents_async.receiver.web import setup_webhooks
from currents_async.testing import FakeCurrents, ManualClock, World, WorldRun

pytestmark = pytest.mark.usefixtures("no_task_is_left")

SECRET = {"X-Secret": "s3cret"}
NOW = 1_767_690_000.0


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(auto=False, wall=NOW)


@pytest.fixture
async def received(clock: ManualClock) -> AsyncIterator[list[tuple[str, str]]]:
    """Events that our receiver has accepted, and its URL as the first."""
    events: list[tuple[str, str]] = []
    router = Router()

    @router.on(RunEvent)
    async def _note(event: RunEvent) -> None:
        events.append((event.name, event.run_id or ""))

    app = web.Application()
    setup_webhooks(app, Receiver(Verifier(SECRET, clock=clock), router), "/hooks")
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    events.append(("url", f"http://127.0.0.1:{runner.addresses[0][1]}/hooks"))
    yield events
    await runner.cleanup()


def hook(world: World, url: str) -> None:
    fields = {"url": url, "headers": json.dumps(SECRET), "hookEvents": [*HookEvent]}
    world.webhooks.add(world.projects[0].project_id, fields, 0)


async def until(events: list[Any], count: int) -> list[Any]:
    """Wait until that many events have been handled, and return them."""
    async with asyncio.timeout(5):
        while len(events) < count:  # noqa: ASYNC110 - a receiver cannot be awaited
            await asyncio.sleep(0)
    return events


class TestRuns:
    @pytest.mark.parametrize("framework", ["playwright", "cypress"])
    def test_a_run_advances_to_the_same_end_in_any_steps(self, framework: Any) -> None:
        runs: list[WorldRun] = []
        for step in (0.001, 7.5, 3600.0):
            run = World().project().run(specs=30, framework=framework, completed=0, failures=2)
            while run.completion_state == "IN_PROGRESS":
                run.advance(step if step > 1 else run.next_change or 0)
            runs.append(run)
        assert runs[0].payload == runs[1].payload == runs[2].payload
        assert (
            runs[0].payload
            == World().project().run(specs=30, framework=framework, failures=2).payload
        )
        assert runs[0].next_change is None

    def test_specs_are_claimed_before_they_are_complete(self) -> None:
        run = World().project().run(specs=30, completed=0)
        seen: set[tuple[int, int]] = set()
        while (wait := run.next_change) is not None:
            run.advance(wait)
            counts = run.payload["groups"][0]["instances"]
            seen.add((counts["claimed"] - counts["complete"], counts["complete"]))
        assert max(claimed for claimed, _ in seen) == 8  # two machines with four workers
        assert max(seen, key=lambda one: one[1]) == (0, 30)

    def test_specs_no_machine_had_claimed_run_at_once_too(self) -> None:
        run = World().project().run(specs=20, unclaimed=10)
        run.advance(10)
        claimed = [spec for spec in run.specs if spec.machine_id and spec.instance_id is None]
        assert len(claimed) == 4
        run.advance(1000)
        assert run.completion_state == "COMPLETE"
        machines = {spec.machine_id for spec in run.specs}
        assert len(machines) == 2  # one of its own for those that were late

    def test_specs_that_are_taken_back_are_executed_again(self) -> None:
        world = World()
        run = world.project().run(specs=10, completed=0)
        run.advance(9)
        [machine] = run.machine_ids
        before = {spec.instance_id for spec in run.specs} - {None}
        assert before == {*world.reset(run.run_id, [machine])}
        assert run.machine_ids == []
        run.advance(1000)
        assert run.completion_state == "COMPLETE"
        assert before.isdisjoint(spec.instance_id for spec in run.specs)

    def test_a_run_that_has_ended_or_was_added_does_not_go_on(self) -> None:
        project = World().project()
        with pytest.raises(InvalidArgumentError, match="has ended"):
            project.run(specs=1).advance(1)
        added = World().add_run_payload(project.run(specs=2, completed=1).payload)
        assert added.next_change is None


class TestServer:
    async def test_a_watch_ends(self, world: World) -> None:
        run = world.project().run(specs=12, completed=2, failures=1)
        clock = ManualClock(wall=NOW)
        async with (
            FakeCurrents(world, clock=clock, speed=1) as server,
            Currents(server.api_key, base_url=server.url, clock=clock) as currents,
            currents.runs.watch(run.run_id) as specs,
        ):
            seen = [spec.spec async for spec in specs]
        assert sorted(seen) == sorted(spec.path for spec in run.specs)
        assert specs.run.status == "FAILED"
        polls = len(server.requests.of("getRun"))
        assert 3 < polls < 40
        assert server.deliveries == []

    @pytest.mark.parametrize(("speed", "seconds"), [(1, 3600), (60, 60), (0.5, 7200)])
    async def test_the_speed(
        self, world: World, clock: ManualClock, speed: float, seconds: float
    ) -> None:
        run = world.project().run(specs=6, completed=0)
        needed = int(World().project().run(specs=6).payload["durationMs"]) / 1000
        async with FakeCurrents(world, clock=clock, speed=speed):
            clock.advance(needed / speed - 0.1)
            assert run.completion_state == "IN_PROGRESS"
            clock.advance(0.2)
            assert run.completion_state == "COMPLETE"
        assert seconds > needed / speed
        assert clock.waited == []

    async def test_without_speed_nothing_moves(self, world: World, clock: ManualClock) -> None:
        run = world.project().run(specs=6, completed=0)
        before = world.version
        for speed in (None, 0):
            async with FakeCurrents(world, clock=clock, speed=speed):
                clock.advance(days=1)
        assert (run.completion_state, world.version) == ("IN_PROGRESS", before)

    @pytest.mark.parametrize("speed", [-1, float("inf"), float("nan")])
    def test_speeds_that_cannot_be(self, speed: float) -> None:
        with pytest.raises(InvalidArgumentError, match="speed must be a number from 0"):
            FakeCurrents(speed=speed)

    async def test_payloads_that_were_added_stay_as_they_are(
        self, world: World, clock: ManualClock
    ) -> None:
        added: dict[str, Any] = {"runId": "r", "projectId": world.project().project_id}
        world.add_run_payload(added)
        async with FakeCurrents(world, clock=clock, speed=1) as server:
            clock.advance(hours=1)
            added_later = world.add_run_payload({**added, "runId": "s"})
            assert (await server.cause("RUN_FINISH", added_later))[1] == []
        assert [run.payload for run in world.runs.values()] == [added, {**added, "runId": "s"}]


class TestWebhooks:
    async def test_our_receiver_hears_of_starts_and_ends(
        self, world: World, clock: ManualClock, received: list[tuple[str, str]]
    ) -> None:
        project = world.project()
        project.run(specs=2)  # has ended before
        run = project.run(specs=3, completed=0)
        hook(world, received[0][1])
        async with (
            FakeCurrents(world, clock=clock, speed=1) as server,
            Currents(server.api_key, base_url=server.url) as currents,
        ):
            await server.idle()
            clock.advance(minutes=2)
            await server.idle()
            late = project.run(specs=4, completed=1, created_at=datetime(2026, 2, 1, tzinfo=UTC))
            await currents.projects.list()
            await server.idle()
            await currents.runs.cancel(late.run_id)
            await server.idle()
            stuck = project.run(specs=4, completed=1)
            stuck.time_out()
            await currents.projects.list()
            await server.idle()
            assert [one.status for one in server.deliveries] == [202] * 6
        assert (await until(received, 7))[1:] == [
            ("RUN_START", run.run_id),
            ("RUN_FINISH", run.run_id),
            ("RUN_START", late.run_id),
            ("RUN_CANCELED", late.run_id),
            ("RUN_START", stuck.run_id),
            ("RUN_TIMEOUT", stuck.run_id),
        ]

    async def test_the_body_is_of_the_moment_of_the_event(
        self, world: World, clock: ManualClock, received: list[tuple[str, str]]
    ) -> None:
        run = world.project().run(specs=3, completed=0, tests=2)
        hook(world, received[0][1])
        async with FakeCurrents(world, clock=clock, speed=1) as server:
            clock.advance(hours=1)
            await server.idle()
            started, finished = (json.loads(one.body) for one in server.deliveries)
            times = [one.headers["x-timestamp"] for one in server.deliveries]
        assert (started["overall"], finished["overall"]) == (0, 6)
        assert int(times[0]) == NOW * 1000
        duration = int(run.payload["durationMs"])
        assert duration - 1000 < int(times[1]) - int(times[0]) <= duration + 50

    async def test_those_that_do_not_respond_do_not_hold_up_the_end(
        self, world: World, clock: ManualClock
    ) -> None:
        world.project().run(specs=3, completed=0)
        async with FakeCurrents() as never:
            never.fail(None, fault="stall")
            hook(world, never.url)
            async with FakeCurrents(world, clock=clock, speed=1) as server:
                await until(never.requests, 1)
                assert server.deliveries == []
        assert server.deliveries == []

    async def test_a_bounded_number_is_remembered(self, world: World, clock: ManualClock) -> None:
        project = world.project()
        heard: list[str] = []
        tell: Callable[[Any], None] = lambda one: heard.append(one.event)  # noqa: E731
        async with FakeCurrents(world, clock=clock, max_requests=2) as server:
            server.on_delivery = tell
            hook(world, "http://127.0.0.1:1/")
            run = project.run(specs=1)
            for event in ("RUN_START", "RUN_FINISH", "RUN_TIMEOUT"):
                await server.emit(run, event)
            assert [one.event for one in server.deliveries] == ["RUN_FINISH", "RUN_TIMEOUT"]
        assert heard == ["RUN_START", "RUN_FINISH", "RUN_TIMEOUT"]
