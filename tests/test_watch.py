"""Runs that are watched until they have ended: by a clock that jumps, over a real socket."""

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from functools import partial
from itertools import groupby
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from currents_async import (
    ClientClosedError,
    ConnectError,
    Currents,
    CurrentsError,
    DecodeError,
    ForbiddenError,
    InvalidArgumentError,
    MisuseError,
    NotFoundError,
    PayloadTooLargeError,
    RateLimitedError,
    ResponseTooLargeError,
    Retries,
    ServerError,
    StillRunningError,
    Timeouts,
    UnauthorizedError,
)
from currents_async._watch import RunWatch
from currents_async.models import CompletionState, Run, RunSpec
from currents_async.testing import FakeCurrents, RecordedRequest, World, WorldProject, WorldRun
from currents_async.testing.clock import ManualClock

ONCE = Retries(attempts=1)
"""Each request is a poll."""


@pytest.fixture
def clock() -> ManualClock:
    """A clock that jumps; with its dice each wait is as long as it is said to be."""
    return ManualClock()


@pytest.fixture
async def currents(server: FakeCurrents, clock: ManualClock) -> AsyncIterator[Currents]:
    async with open_client(server, clock) as currents:
        yield currents


def open_client(server: FakeCurrents, clock: ManualClock, **options: Any) -> Currents:
    options = {"base_url": server.url, "clock": clock, "retries": ONCE, **options}
    return Currents(server.api_key, **options)


def before_each_answer(server: FakeCurrents, steps: Iterable[Callable[[], object]]) -> None:
    """Let something happen between the requests: one step for each of them."""
    left = iter(steps)

    async def step(_: RecordedRequest) -> None:
        next(left, nothing)()

    server.before_response = step


def nothing() -> None:
    """Let nothing happen."""


def completing(run: WorldRun, *counts: int) -> Iterator[Callable[[], object]]:
    """Make steps in which so many specs of a run complete."""
    return (partial(run.complete, count) if count else nothing for count in counts)


async def collect(watch: RunWatch) -> tuple[list[RunSpec], Run]:
    async with watch as events:
        arrived = [spec async for spec in events]
        return arrived, events.run


def ids_of(specs: Iterable[RunSpec]) -> list[str | None]:
    return [spec.instance_id for spec in specs]


def other_tasks() -> set[asyncio.Task[Any]]:
    """Our tasks, without those of the server, which shares the loop."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    return {task for task in tasks if "currents_async/_" in repr(task)}


async def until(condition: Callable[[], object]) -> None:
    """Let the loop turn until something has come about."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0)


async def test_each_spec_as_it_completes(
    server: FakeCurrents, currents: Currents, project: WorldProject, clock: ManualClock
) -> None:
    run = project.run(specs=40, completed=4, failures=3)
    before_each_answer(server, completing(run, *[3] * 12))
    arrived: list[RunSpec] = []
    async with currents.runs.watch(run.run_id) as events:
        async for spec in events:
            arrived.append(spec)
            assert len(arrived) <= 4 + 3 * len(server.requests)
        final = events.run
    whole = await currents.runs.get(run.run_id)
    assert tuple(arrived) == whole.specs
    assert final == msgspec.structs.replace(whole, specs=())
    assert (final.completion_state, final.failed) == (CompletionState.COMPLETE, True)
    assert len(server.requests) == 12 + 1
    assert clock.waited == [2.0] * 11


@pytest.mark.parametrize("state", ["complete", "cancelled", "timed out"])
async def test_a_run_that_has_ended_takes_one_request(
    server: FakeCurrents, currents: Currents, project: WorldProject, clock: ManualClock, state: str
) -> None:
    run = project.run(specs=9, timed_out=state == "timed out", unclaimed=2 * (state != "complete"))
    if state == "cancelled":
        run.cancel()
    arrived, final = await collect(currents.runs.watch(run.run_id))
    assert ids_of(arrived) == [spec.instance_id for spec in run.specs if spec.instance_id]
    assert final.has_ended
    assert final.is_complete is (state == "complete")
    assert len(server.requests) == 1
    assert clock.waited == []


@pytest.mark.parametrize("end", ["cancel", "time out"])
async def test_what_is_left_comes_before_the_end(
    server: FakeCurrents, currents: Currents, project: WorldProject, end: str
) -> None:
    run = project.run(specs=20, completed=0)

    def finish() -> None:
        run.complete(4)
        if end == "cancel":
            run.cancel()
        else:
            run.payload.update(completionState="TIMEOUT", status="FAILED")

    before_each_answer(server, [*completing(run, 5, 0), finish])
    arrived, final = await collect(currents.runs.watch(run.run_id))
    assert len(ids_of(arrived)) == len(set(ids_of(arrived))) == 9
    ended = CompletionState.CANCELED if end == "cancel" else CompletionState.TIMEOUT
    assert final.completion_state == ended
    assert len(server.requests) == 3


class TestWhatIsNew:
    async def test_a_spec_that_was_reset_comes_again(
        self, server: FakeCurrents, currents: Currents, project: WorldProject, world: World
    ) -> None:
        run = project.run(specs=60, completed=0)
        first: list[str | None] = []

        def reset() -> None:
            first.extend(world.reset(run.run_id, run.machine_ids[:1]))

        before_each_answer(server, [*completing(run, 40), reset, *completing(run, 30, 60)])
        arrived, _ = await collect(currents.runs.watch(run.run_id))
        assert 0 < len(first) < 40
        assert len(arrived) == len(set(ids_of(arrived))) == 60 + len(first)
        last = {spec.spec: spec.instance_id for spec in arrived}
        assert last == {spec.path: spec.instance_id for spec in run.specs}

    async def test_a_claimed_spec_comes_when_it_has_completed(
        self, server: FakeCurrents, currents: Currents, world: World
    ) -> None:
        spec = {"spec": "a.ts", "instanceId": "i", "claimedAt": "2026-01-05T09:00:00.000Z"}
        done = {**spec, "completedAt": "2026-01-05T09:01:00.000Z", "results": {"flaky": 0}}
        states: list[tuple[str, dict[str, Any]]] = [
            ("IN_PROGRESS", spec),
            ("IN_PROGRESS", done),
            ("COMPLETE", done),
        ]
        before_each_answer(server, [partial(add_run, world, *one) for one in states])
        arrived, _ = await collect(currents.runs.watch("r"))
        assert [one.instance_id for one in arrived] == ["i"]
        assert len(server.requests) == 3

    async def test_without_instances_specs_are_told_apart_by_group_and_path(
        self, server: FakeCurrents, currents: Currents, world: World
    ) -> None:
        when = "2026-01-05T09:01:00.000Z"
        specs = [
            {"spec": name, "groupId": group, "completedAt": when, "results": {"flaky": 0}}
            for name, group in [("a.ts", "one"), ("a.ts", "two"), ("b.ts", "one"), ("a.ts", "one")]
        ]
        before_each_answer(
            server,
            [
                partial(add_run, world, "IN_PROGRESS", *specs[:2]),
                partial(add_run, world, "COMPLETE", *specs),
            ],
        )
        arrived, _ = await collect(currents.runs.watch("r"))
        assert [(one.spec, one.group_id) for one in arrived] == [
            ("a.ts", "one"),
            ("a.ts", "two"),
            ("b.ts", "one"),
        ]

    async def test_no_more_than_that_is_kept(
        self, server: FakeCurrents, currents: Currents, project: WorldProject
    ) -> None:
        run = project.run(specs=500, completed=490)
        before_each_answer(server, completing(run, 1, 3, 6))
        async with currents.runs.watch(run.run_id) as events:
            at_hand = [len(events._new) async for _ in events]
        assert at_hand == [*range(490, -1, -1), *range(2, -1, -1), *range(5, -1, -1)]


def add_run(world: World, state: str, *specs: dict[str, Any]) -> None:
    head = {"runId": "r", "projectId": "p", "status": "RUNNING"}
    world.add_run_payload({**head, "completionState": state, "specs": specs})


class TestWaits:
    async def test_grow_while_nothing_is_new(
        self, server: FakeCurrents, currents: Currents, project: WorldProject, clock: ManualClock
    ) -> None:
        run = project.run(specs=5, completed=0)
        before_each_answer(server, completing(run, *[0] * 9, 1, 0, 0, 4))
        await collect(currents.runs.watch(run.run_id))
        growing = [2, 3, 4.5, 6.75, 10.125, 15.1875, 22.78125, 30, 30]
        assert clock.waited == [*growing, 2, 3, 4.5]
        assert len(server.requests) == 13

    @pytest.mark.parametrize(
        ("interval", "waits"), [(0.5, [0.5, 0.75, 1.125]), (25, [25, 30, 30]), (45, [45, 45, 45])]
    )
    async def test_begin_with_the_interval(
        self,
        server: FakeCurrents,
        currents: Currents,
        project: WorldProject,
        clock: ManualClock,
        interval: float,
        waits: list[float],
    ) -> None:
        run = project.run(specs=5, completed=0)
        before_each_answer(server, completing(run, 0, 0, 0, 5))
        await collect(currents.runs.watch(run.run_id, interval=interval))
        assert clock.waited == waits

    @pytest.mark.parametrize(("chance", "wait"), [(0.0, 1.5), (0.25, 1.75), (0.75, 2.25)])
    async def test_are_jittered(
        self, server: FakeCurrents, project: WorldProject, chance: float, wait: float
    ) -> None:
        clock = ManualClock(chance=chance)
        run = project.run(specs=5, completed=0)
        before_each_answer(server, completing(run, 1, 4))
        async with open_client(server, clock) as currents:
            await collect(currents.runs.watch(run.run_id))
        assert clock.waited == [wait]

    async def test_count_from_the_last_answer(
        self, server: FakeCurrents, project: WorldProject
    ) -> None:
        """What the consumer's work takes need not be waited for again."""
        clock = ManualClock(auto=False)
        run = project.run(specs=3, completed=0)
        before_each_answer(server, completing(run, 1, 1, 1))
        async with (
            open_client(server, clock) as currents,
            currents.runs.watch(run.run_id, interval=10) as events,
        ):
            await anext(events)
            clock.advance(7)
            second = asyncio.create_task(anext(events))
            await until(lambda: clock.waiting)
            assert clock.waiting == [3]
            clock.advance(3)
            await second
            clock.advance(11)
            await anext(events)
        assert clock.waited == [3]

    async def test_are_as_long_as_the_server_asks_for(
        self, server: FakeCurrents, project: WorldProject
    ) -> None:
        clock = ManualClock(auto=False)
        run = project.run(specs=3)
        server.fail("getRun", 429, headers={"Retry-After": "300"})
        server.fail("getRun", 503, headers={"Retry-After": "100"})
        async with open_client(server, clock) as currents:
            watching = asyncio.create_task(collect(currents.runs.watch(run.run_id)))
            for seconds in (300, 100):
                await until(lambda: clock.waiting)
                assert clock.waiting == [seconds]
                clock.advance(seconds)
                await asyncio.sleep(0)
            arrived, _ = await watching
        assert len(arrived) == len(server.requests) == 3


class TestFaults:
    @pytest.mark.parametrize(
        "fault",
        [
            {"status": 500},
            {"status": 503, "headers": {"Retry-After": "7"}},
            {"status": 502, "body": b"<html>Bad Gateway</html>"},
            {"status": 429},
            {"status": 429, "headers": {"Retry-After": "40"}},
            {"status": 200, "body": b"<html>We are back soon</html>"},
            {"fault": "reset"},
            {"fault": "close"},
            {"fault": "truncate"},
            {"fault": "cut-gzip"},
            {"fault": "corrupt"},
        ],
        ids=str,
    )
    @pytest.mark.parametrize("attempts", [1, 3])
    async def test_cost_time_only(
        self,
        server: FakeCurrents,
        project: WorldProject,
        clock: ManualClock,
        fault: dict[str, Any],
        attempts: int,
    ) -> None:
        run = project.run(specs=300, completed=0)
        before_each_answer(server, completing(run, *[20] * 15))
        server.fail("getRun", times=None, probability=0.5, seed=3, **fault)
        retries = Retries(attempts=attempts)
        async with open_client(server, clock, retries=retries) as currents:
            arrived, final = await collect(currents.runs.watch(run.run_id))
        assert len(arrived) == 300
        assert set(ids_of(arrived)) == {spec.instance_id for spec in run.specs}
        assert final.is_complete
        assert sum(request.fault is not None for request in server.requests) > 3

    async def test_what_a_broken_answer_told_comes_with_the_next(
        self, server: FakeCurrents, currents: Currents, project: WorldProject
    ) -> None:
        """Half of 3,000 specs have been decoded when the answer breaks off."""
        run = project.run(specs=3_000, running=True)
        server.fail("getRun", fault="truncate")
        server.fail("getRun", fault="corrupt")
        before_each_answer(server, [nothing, nothing, run.complete])
        arrived, _ = await collect(currents.runs.watch(run.run_id))
        assert ids_of(arrived) == [spec.instance_id for spec in run.specs]
        assert len(server.requests) == 3

    @pytest.mark.parametrize(
        ("fault", "kind"),
        [
            ({"status": 503}, ServerError),
            ({"status": 429}, RateLimitedError),
            ({"status": 200, "body": b"<html>"}, DecodeError),
        ],
        ids=["503", "429", "no JSON"],
    )
    async def test_the_tenth_in_a_row_is_raised(
        self,
        server: FakeCurrents,
        currents: Currents,
        project: WorldProject,
        clock: ManualClock,
        fault: dict[str, Any],
        kind: type[CurrentsError],
    ) -> None:
        run = project.run(specs=3, completed=1)
        server.fail("getRun", times=9, **fault)
        server.fail("getRun", 200, body=msgspec.json.encode({"status": "OK", "data": run.payload}))
        server.fail("getRun", times=None, **fault)
        arrived: list[RunSpec] = []
        with pytest.raises(kind) as caught:
            async with currents.runs.watch(run.run_id) as events:
                async for spec in events:
                    arrived.append(spec)  # noqa: PERF401 - the error is what is tested
        assert len(arrived) == 1
        assert caught.value.__context__ is None
        assert len(server.requests) == 9 + 1 + 10
        in_a_row = [2, 3, 4.5, 6.75, 10.125, 15.1875, 22.78125, 30, 30]
        assert clock.waited == [*in_a_row, *in_a_row, 30]

    async def test_nobody_answers(self, unused_port: int, clock: ManualClock) -> None:
        async with Currents(
            "key", base_url=f"http://127.0.0.1:{unused_port}", clock=clock, retries=ONCE
        ) as currents:
            with pytest.raises(ConnectError):
                await collect(currents.runs.watch("r"))
        assert len(clock.waited) == 9

    @pytest.mark.parametrize(
        ("fault", "kind"),
        [
            ({"status": 401}, UnauthorizedError),
            ({"status": 404}, NotFoundError),
            ({"status": 413}, PayloadTooLargeError),
            ({"status": 200, "body": b'{"status": "OK", "data": [1]}'}, DecodeError),
            ({"status": 200, "body": b" " * 33 * 1024 * 1024}, ResponseTooLargeError),
        ],
        ids=["401", "404", "413", "another shape", "too large"],
    )
    async def test_what_will_not_pass_is_raised_at_once(
        self,
        server: FakeCurrents,
        currents: Currents,
        clock: ManualClock,
        fault: dict[str, Any],
        kind: type[CurrentsError],
    ) -> None:
        server.fail("getRun", times=None, **fault)
        with pytest.raises(kind):
            await collect(currents.runs.watch("r"))
        assert len(server.requests) == 1
        assert clock.waited == []

    async def test_after_an_error_it_can_be_gone_on(
        self, server: FakeCurrents, currents: Currents, project: WorldProject
    ) -> None:
        run = project.run(specs=6, completed=2)
        before_each_answer(server, completing(run, 0, 0, 4))
        server.fail("getRun", 403, after=1)
        async with currents.runs.watch(run.run_id) as events:
            arrived = [await anext(events), await anext(events)]
            with pytest.raises(ForbiddenError):
                await anext(events)
            arrived += [spec async for spec in events]
        assert ids_of(arrived) == [spec.instance_id for spec in run.specs]


class TestTimeout:
    async def test_ends_the_watch(
        self, server: FakeCurrents, currents: Currents, project: WorldProject, clock: ManualClock
    ) -> None:
        run = project.run(specs=5, completed=2)
        arrived: list[RunSpec] = []
        with pytest.raises(StillRunningError, match="within 10 s") as caught:
            async with currents.runs.watch(run.run_id, timeout=10) as events:
                async for spec in events:
                    arrived.append(spec)  # noqa: PERF401 - the error is what is tested
        assert isinstance(caught.value, TimeoutError)
        assert caught.value.run_id == run.run_id
        assert caught.value.__cause__ is None
        assert len(arrived) == 2
        # Nothing is asked at the deadline, for there would be no time for an answer.
        assert clock.waited == [2, 3, 4.5, 0.5]
        assert clock.now() == 10
        assert len(server.requests) == 4

    async def test_begins_with_the_context_and_spares_what_has_come(
        self, server: FakeCurrents, project: WorldProject
    ) -> None:
        clock = ManualClock(auto=False)
        run = project.run(specs=5, completed=3)
        async with open_client(server, clock) as currents:
            watch = currents.runs.watch(run.run_id, timeout=10)
            clock.advance(100)
            async with watch as events:
                await anext(events)
                clock.advance(10)
                assert [await anext(events), await anext(events)]
                for _ in range(2):
                    with pytest.raises(StillRunningError) as caught:
                        await anext(events)
                    assert caught.value.__cause__ is None
        assert len(server.requests) == 1

    async def test_tells_why_it_could_not_see(
        self, server: FakeCurrents, currents: Currents, project: WorldProject
    ) -> None:
        server.fail("getRun", 503, times=None)
        with pytest.raises(StillRunningError) as caught:
            await collect(currents.runs.watch(project.run().run_id, timeout=10))
        assert isinstance(caught.value.__cause__, ServerError)

    async def test_tells_of_no_failure_that_has_passed(
        self, server: FakeCurrents, currents: Currents, project: WorldProject
    ) -> None:
        server.fail("getRun", 503, times=2)
        with pytest.raises(StillRunningError) as caught:
            await collect(currents.runs.watch(project.run(running=True).run_id, timeout=10))
        assert caught.value.__cause__ is None

    async def test_comes_before_a_pause_that_is_longer(
        self, server: FakeCurrents, currents: Currents, clock: ManualClock
    ) -> None:
        server.fail("getRun", 429, times=None, headers={"Retry-After": "300"})
        with pytest.raises(StillRunningError) as caught:
            await collect(currents.runs.watch("r", timeout=50))
        assert isinstance(caught.value.__cause__, RateLimitedError)
        assert clock.waited == [50]

    @pytest.mark.parametrize("how", ["watch", "wait"])
    async def test_ends_a_poll_under_way(self, server: FakeCurrents, how: str) -> None:
        server.fail("getRun", times=None, fault="stall")
        async with Currents(server.api_key, base_url=server.url) as currents:
            with pytest.raises(StillRunningError) as caught:
                async with asyncio.timeout(20):
                    if how == "watch":
                        await collect(currents.runs.watch("r", timeout=0.1))
                    else:
                        await currents.runs.wait("r", timeout=0.1)
        assert isinstance(caught.value.__cause__, TimeoutError)
        assert len(server.requests) == 1

    async def test_of_the_client_is_for_each_poll(
        self, server: FakeCurrents, clock: ManualClock, project: WorldProject
    ) -> None:
        run = project.run(specs=30, completed=0)
        before_each_answer(server, completing(run, *[1] * 30))
        timeouts = Timeouts(total=5)
        async with open_client(server, clock, timeouts=timeouts) as currents:
            arrived, _ = await collect(currents.runs.watch(run.run_id))
        assert len(arrived) == 30
        assert clock.now() == 58


class TestLeaving:
    async def test_nothing_is_open_while_the_consumer_works(
        self, server: FakeCurrents, currents: Currents, project: WorldProject, clock: ManualClock
    ) -> None:
        run = project.run(specs=2_000, completed=1_000)
        async with currents.runs.watch(run.run_id) as events:
            await anext(events)
            assert server.in_flight == 0
            assert other_tasks() == set()
            assert clock.waiting == []
            assert currents._channel.memory._total == 0

    async def test_a_poll_that_failed_leaves_no_answer(
        self, server: FakeCurrents, project: WorldProject
    ) -> None:
        """An error with its traceback would keep half of 3,000 specs for the time of the wait."""
        clock = ManualClock(auto=False)
        run = project.run(specs=3_000)
        server.fail("getRun", fault="truncate")
        async with (
            open_client(server, clock) as currents,
            currents.runs.watch(run.run_id) as events,
        ):
            first = asyncio.create_task(anext(events))
            await until(lambda: clock.waiting)
            failure = events._polls._failure
            assert isinstance(failure, CurrentsError)
            assert failure.__traceback__ is None
            clock.advance(2)
            await first

    async def test_break_leaves_nothing(
        self, server: FakeCurrents, currents: Currents, project: WorldProject, clock: ManualClock
    ) -> None:
        run = project.run(specs=9, completed=3)
        async with currents.runs.watch(run.run_id, timeout=50) as events:
            async for _ in events:
                break
        with pytest.raises(MisuseError, match="inside 'async with'"):
            await anext(events)
        assert clock.waiting == []
        assert len(server.requests) == 1
        assert (await currents.runs.get(run.run_id)).run_id == run.run_id

    async def test_what_the_consumer_raises_leaves_as_itself(
        self, currents: Currents, project: WorldProject
    ) -> None:
        error = ZeroDivisionError()
        with pytest.raises(ZeroDivisionError) as caught:
            async with currents.runs.watch(project.run().run_id) as events:
                async for _ in events:
                    raise error
        assert caught.value is error
        assert error.__context__ is None

    @pytest.mark.parametrize("where", ["in a wait", "in a poll"])
    async def test_cancelled_it_can_be_gone_on(
        self, server: FakeCurrents, project: WorldProject, where: str
    ) -> None:
        clock = ManualClock(auto=False)
        run = project.run(specs=6, completed=2)
        async with (
            open_client(server, clock) as currents,
            currents.runs.watch(run.run_id) as events,
        ):
            arrived = [await anext(events), await anext(events)]
            run.complete()
            waiting = asyncio.create_task(anext(events))
            await until(lambda: clock.waiting)
            if where == "in a poll":
                held = asyncio.Event()
                hold_answers(server, held)
                clock.advance(2)
                await until(held.is_set)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            await server.idle()
            assert clock.waiting == []
            assert other_tasks() == set()
            server.before_response = None
            clock.advance(2)
            arrived += [spec async for spec in events]
        assert ids_of(arrived) == [spec.instance_id for spec in run.specs]
        assert len(server.requests) == 2 + (where == "in a poll")

    @pytest.mark.parametrize("where", ["in a wait", "in a poll", "between two"])
    @pytest.mark.parametrize("how", ["watch", "wait"])
    async def test_closing_the_client_ends_it(
        self, server: FakeCurrents, project: WorldProject, where: str, how: str
    ) -> None:
        clock = ManualClock(auto=False)
        run = project.run(specs=6, completed=1)
        async with (
            open_client(server, clock) as currents,
            currents.runs.watch(run.run_id) as events,
        ):
            if where == "between two":
                await anext(events)
                await currents.aclose()
            held = asyncio.Event()
            if where == "in a poll":
                hold_answers(server, held)
            watching = asyncio.create_task(
                collect_all(events) if how == "watch" else currents.runs.wait(run.run_id)
            )
            if where == "in a poll":
                await until(held.is_set)
            elif where == "in a wait":
                await until(lambda: clock.waiting)
            await currents.aclose()
            with pytest.raises(ClientClosedError):
                await asyncio.wait_for(watching, 20)
        assert clock.waiting == []


def hold_answers(server: FakeCurrents, held: asyncio.Event) -> None:
    """Answer nothing any more, and tell when somebody waits for that."""

    async def hold(_: RecordedRequest) -> None:
        held.set()
        await asyncio.Event().wait()

    server.before_response = hold


async def collect_all(events: RunWatch) -> list[RunSpec]:
    return [spec async for spec in events]


async def test_two_at_once(
    server: FakeCurrents, currents: Currents, project: WorldProject, clock: ManualClock
) -> None:
    runs = [project.run(specs=12, completed=0) for _ in range(2)]
    counts = {run.run_id: iter([1, 2, 3, 4, 2]) for run in runs}

    async def step(request: RecordedRequest) -> None:
        run_id = request.path_args["run_id"]
        server.world.runs[run_id].complete(next(counts[run_id]))

    server.before_response = step
    collected = await asyncio.gather(*(collect(currents.runs.watch(run.run_id)) for run in runs))
    for run, (arrived, final) in zip(runs, collected, strict=True):
        assert ids_of(arrived) == [spec.instance_id for spec in run.specs]
        assert final.run_id == run.run_id
    assert len(server.requests) == 10
    assert clock.waited == [2.0] * 8


class TestWait:
    async def test_returns_the_run_with_its_specs(
        self, server: FakeCurrents, currents: Currents, project: WorldProject, clock: ManualClock
    ) -> None:
        run = project.run(specs=40, completed=0)
        before_each_answer(server, completing(run, 10, 10, 10, 10))
        waited_for = await currents.runs.wait(run.run_id)
        assert waited_for == await currents.runs.get(run.run_id)
        assert len(waited_for.specs) == 40
        assert waited_for.is_complete
        assert len(server.requests) == 4 + 1
        assert clock.waited == [2, 3, 4.5]

    async def test_a_run_that_has_ended_takes_one_request(
        self, server: FakeCurrents, currents: Currents, project: WorldProject, clock: ManualClock
    ) -> None:
        run = project.run(specs=5, unclaimed=1)
        run.cancel()
        assert len((await currents.runs.wait(run.run_id)).specs) == 5
        assert len(server.requests) == 1
        assert clock.waited == []

    async def test_in_spite_of_faults(
        self, server: FakeCurrents, currents: Currents, project: WorldProject, clock: ManualClock
    ) -> None:
        run = project.run(specs=5)
        server.fail("getRun", 503, headers={"Retry-After": "40"})
        server.fail("getRun", fault="reset")
        server.fail("getRun", fault="corrupt")
        assert (await currents.runs.wait(run.run_id, interval=1)).is_complete
        assert len(server.requests) == 4
        assert clock.waited == [40, 1.5, 2.25]

    async def test_not_for_ever(
        self, server: FakeCurrents, currents: Currents, project: WorldProject, clock: ManualClock
    ) -> None:
        run = project.run(running=True)
        with pytest.raises(StillRunningError) as caught:
            await currents.runs.wait(run.run_id, timeout=60, interval=15)
        assert caught.value.run_id == run.run_id
        assert clock.waited == [15, 22.5, 22.5]
        assert len(server.requests) == 3

    async def test_no_such_run(self, server: FakeCurrents, currents: Currents) -> None:
        with pytest.raises(NotFoundError):
            await currents.runs.wait("unknown")
        assert len(server.requests) == 1


class TestMisuse:
    @pytest.mark.parametrize(
        "options",
        [
            {name: value}
            for name in ("timeout", "interval")
            for value in (0, -1, math.nan, math.inf, True, "5")
        ]
        + [{"interval": None}, {"run_id": ""}, {"run_id": "a/b"}, {"run_id": 5}],
        ids=str,
    )
    @pytest.mark.parametrize("how", ["watch", "wait"])
    async def test_arguments(
        self, server: FakeCurrents, currents: Currents, options: dict[str, Any], how: str
    ) -> None:
        [name] = options
        arguments: dict[str, Any] = {"run_id": "r", **options}
        with pytest.raises(InvalidArgumentError, match=f"^{name} must "):
            if how == "watch":
                currents.runs.watch(**arguments)
            else:
                await currents.runs.wait(**arguments)
        assert server.requests == []

    async def test_iterating_without_entering(self, currents: Currents) -> None:
        with pytest.raises(MisuseError, match="inside 'async with'"):
            await anext(currents.runs.watch("r"))

    async def test_entering_twice(self, currents: Currents) -> None:
        watch = currents.runs.watch("r")
        async with watch:
            pass
        with pytest.raises(MisuseError, match="has been used"):
            async with watch:
                pytest.fail("it was entered twice")

    async def test_the_run_is_not_there_yet(
        self, currents: Currents, project: WorldProject
    ) -> None:
        async with currents.runs.watch(project.run(specs=3).run_id) as events:
            for _ in range(2):
                with pytest.raises(MisuseError, match="before the iteration has ended"):
                    _ = events.run
                await anext(events)

    @pytest.mark.parametrize("name", ["watch", "wait"])
    async def test_there_is_no_raw_answer(self, currents: Currents, name: str) -> None:
        with pytest.raises(AttributeError, match="no single operation"):
            getattr(currents.runs.raw, name)


FAULTS: dict[str, dict[str, Any]] = {
    "503": {"status": 503},
    "reset": {"fault": "reset"},
    "truncate": {"fault": "truncate"},
    "corrupt": {"fault": "corrupt"},
}
STEP = st.one_of(
    st.tuples(st.just("complete"), st.integers(1, 5)),
    st.tuples(st.just("take back"), st.integers(0, 20)),
    st.tuples(st.sampled_from([*FAULTS]), st.just(0)),
)


def is_bearable(steps: list[tuple[str, int]]) -> bool:
    """Say whether there are never ten faults in a row, which would be the end."""
    runs = groupby(steps, key=lambda step: step[0] in FAULTS)
    return all(len(list(several)) < 10 for are_faults, several in runs if are_faults)


@given(steps=st.lists(STEP, max_size=25).filter(is_bearable), attempts=st.integers(1, 2))
@settings(max_examples=40)
def test_each_instance_exactly_once_whatever_happens(
    steps: list[tuple[str, int]], attempts: int
) -> None:
    asyncio.run(check_each_once(steps, attempts))


async def check_each_once(steps: list[tuple[str, int]], attempts: int) -> None:
    world = World()
    run = world.project().run(specs=12, completed=0)
    left = iter(steps)
    seen: list[list[str]] = []
    """What was complete when a request came."""

    async def step(_: RecordedRequest) -> None:
        what, number = next(left, ("complete", 12))
        if what in FAULTS:
            server.fail("getRun", **FAULTS[what])
        elif what == "complete" and run.completion_state == "IN_PROGRESS":
            run.complete(number)
        elif what == "take back" and run.machine_ids:
            world.reset(run.run_id, [run.machine_ids[number % len(run.machine_ids)]])
        seen.append([spec.instance_id for spec in run.specs if spec.instance_id])

    async with (
        FakeCurrents(world) as server,
        open_client(server, ManualClock(), retries=Retries(attempts=attempts)) as currents,
    ):
        server.before_response = step
        arrived, final = await collect(currents.runs.watch(run.run_id))
    told = [
        instance_id
        for request, complete in zip(server.requests, seen, strict=True)
        if request.fault is None
        for instance_id in complete
    ]
    assert len(set(ids_of(arrived))) == len(arrived)
    assert {spec.instance_id for spec in run.specs} <= set(ids_of(arrived)) <= set(told)
    assert final.is_complete
    if attempts == 1:
        # A second attempt is lost with the half of the first, where the run has got on meanwhile.
        assert ids_of(arrived) == list(dict.fromkeys(told))
