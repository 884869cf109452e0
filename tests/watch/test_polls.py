"""When a run is polled, and for how long, in spite of faults."""

import asyncio
from typing import Any

import msgspec
import pytest

from currents_async import (
    ConnectError,
    Currents,
    CurrentsError,
    DecodeError,
    ForbiddenError,
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
from currents_async.models import RunSpec
from currents_async.testing import FakeCurrents, WorldProject
from currents_async.testing.clock import ManualClock
from tests.watch.watching import (
    ONCE,
    before_each_response,
    collect,
    completing,
    ids_of,
    nothing,
    open_client,
    until,
)


class TestWaits:
    async def test_grow_while_nothing_is_new(
        self, server: FakeCurrents, currents: Currents, project: WorldProject, clock: ManualClock
    ) -> None:
        run = project.run(specs=5, completed=0)
        before_each_response(server, completing(run, *[0] * 9, 1, 0, 0, 4))
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
        before_each_response(server, completing(run, 0, 0, 0, 5))
        await collect(currents.runs.watch(run.run_id, interval=interval))
        assert clock.waited == waits

    @pytest.mark.parametrize(("chance", "wait"), [(0.0, 1.5), (0.25, 1.75), (0.75, 2.25)])
    async def test_are_jittered(
        self, server: FakeCurrents, project: WorldProject, chance: float, wait: float
    ) -> None:
        clock = ManualClock(chance=chance)
        run = project.run(specs=5, completed=0)
        before_each_response(server, completing(run, 1, 4))
        async with open_client(server, clock) as currents:
            await collect(currents.runs.watch(run.run_id))
        assert clock.waited == [wait]

    async def test_count_from_the_last_response(
        self, server: FakeCurrents, project: WorldProject
    ) -> None:
        """The time that the consumer takes is part of the wait."""
        clock = ManualClock(auto=False)
        run = project.run(specs=3, completed=0)
        before_each_response(server, completing(run, 1, 1, 1))
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

    async def test_respect_retry_after(self, server: FakeCurrents, project: WorldProject) -> None:
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
        before_each_response(server, completing(run, *[20] * 15))
        server.fail("getRun", times=None, probability=0.5, seed=3, **fault)
        retries = Retries(attempts=attempts)
        async with open_client(server, clock, retries=retries) as currents:
            arrived, final = await collect(currents.runs.watch(run.run_id))
        assert len(arrived) == 300
        assert set(ids_of(arrived)) == {spec.instance_id for spec in run.specs}
        assert final.is_complete
        assert sum(request.fault is not None for request in server.requests) > 3

    async def test_specs_of_a_broken_response_come_with_the_next_poll(
        self, server: FakeCurrents, currents: Currents, project: WorldProject
    ) -> None:
        """Half of 3,000 specs have been decoded when the response breaks off."""
        run = project.run(specs=3_000, running=True)
        server.fail("getRun", fault="truncate")
        server.fail("getRun", fault="corrupt")
        before_each_response(server, [nothing, nothing, run.complete])
        arrived, _ = await collect(currents.runs.watch(run.run_id))
        assert set(ids_of(arrived)) == {spec.instance_id for spec in run.specs}
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

    async def test_connection_refused(self, unused_port: int, clock: ManualClock) -> None:
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
    async def test_permanent_errors_are_raised_at_once(
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

    async def test_iteration_can_continue_after_an_error(
        self, server: FakeCurrents, currents: Currents, project: WorldProject
    ) -> None:
        run = project.run(specs=6, completed=2)
        before_each_response(server, completing(run, 0, 0, 4))
        server.fail("getRun", 403, after=1)
        async with currents.runs.watch(run.run_id) as events:
            arrived = [await anext(events), await anext(events)]
            with pytest.raises(ForbiddenError):
                await anext(events)
            arrived += [spec async for spec in events]
        assert set(ids_of(arrived)) == {spec.instance_id for spec in run.specs}


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
        # Nothing is requested at the deadline, when there is no time for a response.
        assert clock.waited == [2, 3, 4.5, 0.5]
        assert clock.now() == 10
        assert len(server.requests) == 4

    async def test_begins_on_entering_and_keeps_specs_that_have_come(
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

    async def test_has_the_last_failure_as_its_cause(
        self, server: FakeCurrents, currents: Currents, project: WorldProject
    ) -> None:
        server.fail("getRun", 503, times=None)
        with pytest.raises(StillRunningError) as caught:
            await collect(currents.runs.watch(project.run().run_id, timeout=10))
        assert isinstance(caught.value.__cause__, ServerError)

    async def test_has_no_cause_after_a_successful_poll(
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
    async def test_ends_a_poll_in_progress(self, server: FakeCurrents, how: str) -> None:
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
        before_each_response(server, completing(run, *[1] * 30))
        timeouts = Timeouts(total=5)
        async with open_client(server, clock, timeouts=timeouts) as currents:
            arrived, _ = await collect(currents.runs.watch(run.run_id))
        assert len(arrived) == 30
        assert clock.now() == 58
