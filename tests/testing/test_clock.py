"""The clock of the fake service: what goes by it, and what a client makes of it."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from currents_async import Clock, Currents, InvalidArgumentError, Limits
from currents_async.testing import FakeCurrents, ManualClock, RatePolicy, RunningClock, World

pytestmark = pytest.mark.usefixtures("no_task_is_left")

FAR = 3600.0
"""Seconds that no test waits for."""


def still() -> ManualClock:
    return ManualClock(auto=False)


@pytest.mark.parametrize("make", [still, RunningClock])
class TestAdvance:
    @pytest.mark.parametrize(
        ("units", "seconds"),
        [
            ({}, 0),
            ({"seconds": 1.5}, 1.5),
            ({"minutes": 2}, 120),
            ({"hours": 2}, 7_200),
            ({"days": 0.5}, 43_200),
            ({"seconds": 1, "minutes": 1, "hours": 1, "days": 1}, 90_061),
        ],
        ids=str,
    )
    def test_units(self, make: Callable[[], Any], units: Any, seconds: float) -> None:
        clock = make()
        now, wall = clock.now(), clock.wall()
        clock.advance(**units)
        assert clock.now() - now == pytest.approx(seconds, abs=1)
        assert clock.wall() - wall == pytest.approx(seconds, abs=1)

    def test_seconds_come_first(self, make: Callable[[], Any]) -> None:
        clock = make()
        before = clock.now()
        clock.advance(FAR)
        assert clock.now() - before >= FAR

    @pytest.mark.parametrize("seconds", [-0.1, float("inf"), float("nan")])
    def test_only_forward(self, make: Callable[[], Any], seconds: float) -> None:
        clock = make()
        with pytest.raises(InvalidArgumentError, match="only be moved forward"):
            clock.advance(seconds)


class TestRunningClock:
    def test_it_is_a_clock(self) -> None:
        clock: Clock = RunningClock()
        assert clock.now() <= time.monotonic() <= clock.now()
        assert clock.wall() <= time.time() <= clock.wall()
        assert 0 <= clock.random() < 1

    async def test_waits_end_by_themselves(self) -> None:
        clock = RunningClock()
        ended = asyncio.Event()
        clock.call_later(0, ended.set)
        await asyncio.wait_for(ended.wait(), 5)
        assert clock.waiting == []

    async def test_waits_end_in_order_and_at_their_own_times(self) -> None:
        clock = RunningClock()
        begin = clock.now()
        ended: list[tuple[str, float]] = []

        def noting(name: str) -> Callable[[], None]:
            return lambda: ended.append((name, clock.now() - begin))

        for name, seconds in (("c", 30), ("a", 10), ("b", 10), ("d", FAR), ("now", -1)):
            clock.call_later(seconds, noting(name))
        clock.advance(40)
        assert [name for name, _ in ended] == ["now", "a", "b", "c"]
        assert [at for _, at in ended] == pytest.approx([0, 10, 10, 30], abs=1)
        assert clock.waiting == pytest.approx([FAR - 40], abs=1)
        clock.advance(hours=1)
        assert ended[-1][0] == "d"
        assert clock.waiting == []

    async def test_waits_that_begin_when_others_end(self) -> None:
        clock = RunningClock()
        ended: list[float] = []

        def again() -> None:
            ended.append(clock.now())
            clock.call_later(20, again)

        clock.call_later(20, again)
        clock.advance(70)
        assert len(ended) == 3
        assert clock.waiting == pytest.approx([10], abs=1)

    async def test_the_rest_of_a_wait_takes_real_time(self) -> None:
        clock = RunningClock()
        ended = asyncio.Event()
        clock.call_later(FAR, ended.set)
        clock.advance(FAR - 0.01)
        assert not ended.is_set()
        await asyncio.wait_for(ended.wait(), 5)

    async def test_cancelled(self) -> None:
        clock = RunningClock()
        timer = clock.call_later(10, pytest.fail)
        timer.cancel()
        timer.cancel()
        clock.advance(20)
        assert clock.waiting == []

    async def test_cancelled_by_a_wait_that_ends(self) -> None:
        clock = RunningClock()
        later = clock.call_later(11, pytest.fail)
        clock.call_later(10, later.cancel)
        clock.advance(20)
        assert clock.waiting == []

    async def test_moved_within_a_move(self) -> None:
        clock = RunningClock()
        before = clock.now()
        clock.call_later(10, lambda: clock.advance(hours=1))
        clock.advance(20)
        assert clock.now() - before >= FAR

    @given(st.lists(st.integers(0, 100), max_size=10), st.lists(st.integers(0, 50), max_size=6))
    async def test_every_wait_ends_once_and_not_early(
        self, waits: list[int], steps: list[int]
    ) -> None:
        clock = RunningClock()
        ended: list[int] = []
        # Halves, so that the time the test takes makes no difference.
        timers = [
            clock.call_later(seconds + 0.5, partial(ended.append, seconds)) for seconds in waits
        ]
        for step in steps:
            clock.advance(step)
        assert ended == sorted(seconds for seconds in waits if seconds < sum(steps))
        for timer in timers:
            timer.cancel()
        assert clock.waiting == []


class TestServer:
    async def test_by_default_the_time_of_the_machine(self, served: Any) -> None:
        assert isinstance(served.server.clock, RunningClock)
        assert abs(await date(served) - time.time()) < 5

    async def test_dates_follow(self, serve: Any) -> None:
        moment = datetime(2026, 1, 6, 9, tzinfo=UTC).timestamp()
        async with serve(clock=ManualClock(auto=False, wall=moment)) as served:
            assert await date(served) == moment
            served.server.clock.advance(days=1, seconds=0.9)
            assert await date(served) == moment + 86_400

    async def test_a_date_of_a_fault_stays(self, served: Any) -> None:
        served.server.fail("getInstance", headers={"date": "Tue, 06 Jan 2026 09:00:00 GMT"})
        async with served.session.get("instances/i") as response:
            assert response.headers.getall("Date") == ["Tue, 06 Jan 2026 09:00:00 GMT"]

    async def test_the_rate_window_is_refilled(self, serve: Any) -> None:
        async with serve(rate_limit=RatePolicy(requests=1, per=3600)) as served:
            assert await statuses(served, 2) == [404, 429]
            served.server.clock.advance(hours=2)
            assert await statuses(served, 2) == [404, 429]

    async def test_arrivals_are_timed(self, serve: Any) -> None:
        async with serve(clock=still()) as served:
            await statuses(served, 2)
            served.server.clock.advance(minutes=1)
            await statuses(served, 1)
            assert [one.at for one in served.server.requests] == [0, 0, 60]


class TestClient:
    async def test_a_jump_of_the_clock_opens_the_next_rate_window(self, world: World) -> None:
        run = world.project().run(specs=30)
        clock = ManualClock()
        policy = RatePolicy(requests=10, per=10)
        async with (
            FakeCurrents(world, clock=clock, rate_limit=policy) as server,
            Currents(
                server.api_key, base_url=server.url, clock=clock, limits=Limits(concurrency=4)
            ) as currents,
        ):
            instances = await currents.runs.get_instances(run.run_id)
            assert len(instances) == 30
            # 31 requests at 10 in ten seconds.
            assert 30 <= clock.now() < 120
            server.requests.of(status=200).assert_count(31)
            server.requests.of(status=200).assert_rate(max_requests=20, per=10)

    async def test_backoff_ends_when_the_time_is_moved(self, server: FakeCurrents) -> None:
        clock = RunningClock()
        run_id = server.world.project().run(specs=1).run_id
        server.fail("getRun", 429, headers={"Retry-After": "50"})
        async with Currents(server.api_key, base_url=server.url, clock=clock) as currents:
            call = asyncio.ensure_future(currents.runs.get(run_id))
            async with asyncio.timeout(10):
                while not clock.waiting:  # noqa: ASYNC110 - until the client waits
                    await asyncio.sleep(0)
                clock.advance(49)
                for _ in range(20):
                    await asyncio.sleep(0)
                assert not call.done()
                clock.advance(2)
                assert (await call).run_id == run_id


async def date(served: Any) -> float:
    async with served.session.get("instances/i") as response:
        return parsedate_to_datetime(response.headers["Date"]).timestamp()


async def statuses(served: Any, count: int) -> list[int]:
    return [(await served.call("GET", "instances/i"))[0] for _ in range(count)]
