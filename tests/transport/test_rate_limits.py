"""Pauses, rates and deadlines, end to end, by a clock that jumps."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Any

import pytest

from currents_async import (
    AmbiguousError,
    APIError,
    Currents,
    Limits,
    NotFoundError,
    RateLimit,
    RateLimitedError,
    RequestAttempt,
    RequestTimeoutError,
    Retries,
    ServerError,
    Timeouts,
)
from currents_async.testing import FakeCurrents, RatePolicy, RecordedRequest, WorldProject
from currents_async.testing.clock import ManualClock
from currents_async.testing.faults import BODY

Connect = Callable[..., Awaitable[Currents]]

START = int(ManualClock().wall())


def date(seconds: float) -> str:
    """Return the date so many seconds after the clock's beginning."""
    return formatdate(START + seconds, usegmt=True)


def epoch(seconds: float) -> str:
    return str(START + seconds)


async def until(condition: Callable[[], object]) -> None:
    """Let the event loop run until something has happened."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0)


async def quiet() -> None:
    """Let the event loop run until all that can happen has happened."""
    for _ in range(200):
        await asyncio.sleep(0)


WORDS: list[tuple[dict[str, str], float | None]] = [
    ({"Retry-After": "7"}, 7),
    ({"Retry-After": "0"}, 0),
    ({"Retry-After": "1.5"}, 1.5),
    ({"Retry-After": "60"}, 60),
    ({"Retry-After": date(30)}, 30),
    # The clocks need not agree: the date of the response is what counts.
    ({"Retry-After": date(10_030), "Date": date(10_000)}, 30),
    ({"Retry-After": "7", "X-RateLimit-Reset": epoch(12)}, 7),
    ({"Retry-After": "0", "X-RateLimit-Reset": epoch(12)}, 0),
    ({"Retry-After": "7", "X-RateLimit-Reset": "soon"}, 7),
    ({"Retry-After": "soon"}, None),
    ({"Retry-After": "-7"}, None),
    ({"Retry-After": ""}, None),
    ({"Retry-After": "99999999"}, None),
    ({"Retry-After": date(-5)}, None),
    ({"X-RateLimit-Reset": epoch(-5)}, None),
    ({"X-RateLimit-Remaining": "0"}, None),
    ({}, None),
]
WORDS_OF_THROTTLES: list[tuple[dict[str, str], float]] = [
    ({"X-RateLimit-Reset": epoch(12)}, 12),
    ({"X-RateLimit-Reset": "12"}, 12),
    ({"X-RateLimit-Reset": epoch(-1000 + 12), "Date": date(-1000)}, 12),
    ({"Retry-After": "soon", "X-RateLimit-Reset": epoch(12)}, 12),
    ({"Retry-After": "-7", "X-RateLimit-Reset": epoch(12)}, 12),
    ({"Retry-After": date(-5), "X-RateLimit-Reset": epoch(12)}, 12),
]
BACKOFFS = {429: 0.125, 408: 0.025, 500: 0.025, 502: 0.025, 503: 0.025, 504: 0.025}


class TestRequestedWait:
    @pytest.mark.parametrize(
        ("status", "headers", "wait"),
        [
            *(
                (status, headers, backoff if seconds is None else seconds)
                for status, backoff in BACKOFFS.items()
                for headers, seconds in WORDS
            ),
            # Other responses may carry the window all the time: it says nothing about a failure.
            *(
                (status, headers, seconds if status == 429 else backoff)
                for status, backoff in BACKOFFS.items()
                for headers, seconds in WORDS_OF_THROTTLES
            ),
        ],
    )
    async def test_replaces_backoff(
        self,
        server: FakeCurrents,
        currents: Currents,
        clock: ManualClock,
        status: int,
        headers: dict[str, str],
        wait: float,
    ) -> None:
        server.fail("getRun", status, headers={"Date": date(0), **headers})
        server.fail("getRun", 200, body=BODY)
        await currents.runs.get("r")
        assert clock.waited == ([wait] if wait else [])
        assert clock.now() == wait

    async def test_counts_for_each_attempt(
        self, server: FakeCurrents, currents: Currents, clock: ManualClock
    ) -> None:
        server.fail("getRun", 429, headers={"Retry-After": "7"})
        server.fail("getRun", 503, headers={"Retry-After": "3"})
        server.fail("getRun", 200, body=BODY)
        await currents.runs.get("r")
        assert clock.waited == [7, 3]

    @pytest.mark.parametrize("status", [400, 403, 404, 409, 413, 422, 302])
    async def test_without_a_retry_delays_no_other_call(
        self, server: FakeCurrents, currents: Currents, clock: ManualClock, status: int
    ) -> None:
        server.fail("getRun", status, headers={"Retry-After": "7"})
        server.fail("getRun", 200, body=BODY)
        with pytest.raises(APIError) as caught:
            await currents.runs.get("r")
        assert caught.value.retry_after == 7
        await currents.runs.get("r")
        assert clock.now() == 0

    async def test_is_seen_by_observers(self, server: FakeCurrents, connect: Connect) -> None:
        seen: list[RequestAttempt] = []
        currents = await connect(observer=seen.append)
        server.fail("getRun", 503, headers={"Retry-After": "7"})
        server.fail("getRun", 500)
        server.fail("getRun", 200, body=BODY)
        await currents.runs.get("r")
        assert [attempt.waited for attempt in seen] == pytest.approx([0, 7, 0.05])
        assert [attempt.status for attempt in seen] == [503, 500, 200]
        assert [attempt.attempt for attempt in seen] == [1, 2, 3]
        assert len({attempt.call.number for attempt in seen}) == 1


class TestTooLong:
    @pytest.mark.parametrize(
        ("status", "kind", "headers", "seconds"),
        [
            *(
                (status, kind, headers, seconds)
                for status, kind in ((429, RateLimitedError), (503, ServerError), (408, APIError))
                for headers, seconds in (
                    ({"Retry-After": "61"}, 61),
                    ({"Retry-After": "60.001"}, 60.001),
                    ({"Retry-After": "86400"}, 86_400),
                    ({"Retry-After": date(3_600)}, 3_600),
                )
            ),
            (429, RateLimitedError, {"X-RateLimit-Reset": epoch(90)}, 90),
        ],
    )
    async def test_longer_than_a_minute(
        self,
        server: FakeCurrents,
        currents: Currents,
        clock: ManualClock,
        status: int,
        kind: type[APIError],
        headers: dict[str, str],
        seconds: float,
    ) -> None:
        server.fail("getRun", status, None, headers={"Date": date(0), **headers})
        with pytest.raises(kind) as caught:
            await currents.runs.get("r")
        assert type(caught.value) is kind
        assert caught.value.retry_after == seconds
        assert caught.value.attempts == len(server.requests) == 1
        assert clock.now() == 0
        assert clock.waiting == []

    @pytest.mark.parametrize(
        ("asked", "attempts", "waited"),
        [
            ([11], 1, []),
            ([4, 7], 2, [4]),
            ([4, 5, 2], 3, [4, 5]),
        ],
    )
    async def test_beyond_the_deadline(
        self,
        server: FakeCurrents,
        connect: Connect,
        clock: ManualClock,
        asked: list[int],
        attempts: int,
        waited: list[float],
    ) -> None:
        currents = await connect(timeouts=Timeouts(total=10), retries=Retries(attempts=9))
        for seconds in asked:
            server.fail("getRun", 429, headers={"Retry-After": str(seconds)})
        with pytest.raises(RateLimitedError) as caught:
            await currents.runs.get("r")
        assert caught.value.retry_after == asked[-1]
        assert caught.value.attempts == len(server.requests) == attempts
        assert clock.waited == waited

    @pytest.mark.parametrize(("total", "attempts"), [(5, 8), (10, 9)])
    async def test_a_backoff_beyond_the_deadline(
        self,
        server: FakeCurrents,
        connect: Connect,
        clock: ManualClock,
        total: float,
        attempts: int,
    ) -> None:
        """After waits of 0.025, 0.05, … 1.6 s, which are 3.175 s, comes one of 3.2 s."""
        currents = await connect(timeouts=Timeouts(total=total), retries=Retries(attempts=20))
        server.fail("getRun", 500, None)
        with pytest.raises(ServerError) as caught:
            await currents.runs.get("r")
        assert caught.value.attempts == len(server.requests) == attempts
        assert clock.now() == pytest.approx(0.025 * (2 ** (attempts - 1) - 1))

    async def test_a_retry_that_the_pause_of_another_call_delays_beyond_the_deadline(
        self, server: FakeCurrents, connect: Connect, clock: ManualClock
    ) -> None:
        currents = await connect(timeouts=Timeouts(total=10))

        async def pause(_: RecordedRequest) -> None:
            currents._channel.gate.pause(50)

        server.before_response = pause
        server.fail("getRun", 503)
        with pytest.raises(ServerError):
            await currents.runs.get("r")
        assert len(server.requests) == 1
        assert clock.waited == []

    async def test_other_calls_fail_without_a_request(
        self, server: FakeCurrents, currents: Currents, clock: ManualClock
    ) -> None:
        server.fail("getRun", 429, None, headers={"Retry-After": "100"})
        with pytest.raises(RateLimitedError):
            await currents.runs.get("r")
        clock.advance(10)
        with pytest.raises(RateLimitedError) as caught:
            await currents.runs.cancel("r")
        assert caught.value.status == 429
        assert caught.value.retry_after == 90
        assert caught.value.attempts == 0
        assert len(server.requests) == 1

    async def test_until_it_is_short_enough(
        self, server: FakeCurrents, currents: Currents, clock: ManualClock
    ) -> None:
        server.fail("getRun", 429, headers={"Retry-After": "100"})
        server.fail("getRun", 200, body=BODY)
        with pytest.raises(RateLimitedError):
            await currents.runs.get("r")
        clock.advance(40)
        await currents.runs.get("r")
        assert clock.now() == 100

    async def test_for_a_write_that_may_have_happened(
        self, server: FakeCurrents, connect: Connect
    ) -> None:
        clock = ManualClock(auto=False)
        currents = await connect(clock=clock)
        server.fail("resetRun", 503)
        write = asyncio.create_task(currents.runs.reset("r", ["m"], retry_ambiguous=True))
        await until(lambda: clock.waiting)
        server.fail("getRun", 429, headers={"Retry-After": "100"})
        with pytest.raises(RateLimitedError):
            await currents.runs.get("r")
        clock.advance(1)
        with pytest.raises(AmbiguousError):
            await write


class TestAllCalls:
    """One pause for all tasks of a client, whatever view of it they use."""

    @pytest.fixture
    def clock(self) -> ManualClock:
        return ManualClock(auto=False)

    async def test_keep_one_pause(
        self, server: FakeCurrents, currents: Currents, clock: ManualClock
    ) -> None:
        server.fail(None, 429, headers={"Retry-After": "30"})
        server.fail(None, 200, None, body=BODY)
        view = currents.with_options(timeouts=Timeouts(total=99), retries=Retries(attempts=1))
        async with asyncio.TaskGroup() as group:
            group.create_task(currents.runs.get("r"))
            await until(lambda: clock.waiting)
            for client in (currents, view):
                group.create_task(client.runs.get("r"))
                group.create_task(client.instances.get("i"))
                group.create_task(client.runs.reset("r", ["m"]))
            await quiet()
            clock.advance(29.9)
            await quiet()
            assert len(server.requests) == 1
            clock.advance(0.2)
            # One goes at once; the rate found out lets the others follow.
            await until(lambda: len(server.requests) > 1)
            for _ in range(40):
                await quiet()
                clock.advance(1)
        assert len(server.requests) == 8
        assert clock.waited[0] == 30

    async def test_keep_the_longest_pause(
        self, server: FakeCurrents, currents: Currents, clock: ManualClock
    ) -> None:
        answers = asyncio.Event()

        async def wait(_: RecordedRequest) -> None:
            await answers.wait()

        server.before_response = wait
        for seconds in (5, 20, 10):
            server.fail("getRun", 503, headers={"Retry-After": str(seconds)})
        server.fail("getRun", 200, None, body=BODY)
        async with asyncio.TaskGroup() as group:
            for _ in range(3):
                group.create_task(currents.runs.get("r"))
            await until(lambda: server.in_flight == 3)
            answers.set()
            await until(lambda: server.in_flight == 0)
            await quiet()
            clock.advance(19.5)
            await quiet()
            assert len(server.requests) == 3
            clock.advance(0.5)
        assert len(server.requests) == 6
        assert clock.waited == [20]

    async def test_with_less_time_fail_at_once(
        self, server: FakeCurrents, currents: Currents, clock: ManualClock
    ) -> None:
        server.fail("getRun", 503, headers={"Retry-After": "30"})
        server.fail("getRun", 200, None, body=BODY)
        hasty = currents.with_options(timeouts=Timeouts(total=20))
        patient = asyncio.create_task(currents.runs.get("r"))
        await until(lambda: clock.waiting)
        with pytest.raises(RateLimitedError) as caught:
            await hasty.runs.get("r")
        assert (caught.value.retry_after, caught.value.attempts) == (30, 0)
        clock.advance(30)
        await patient
        assert len(server.requests) == 2

    async def test_urgent_calls_overtake_bulk_ones(
        self, server: FakeCurrents, connect: Connect, clock: ManualClock, project: WorldProject
    ) -> None:
        run = project.run(specs=6)
        currents = await connect(limits=Limits(concurrency=1))
        server.fail("getInstance", 503, headers={"Retry-After": "10"})
        async with currents.runs.instances(run.run_id, concurrency=4) as results:
            await until(lambda: clock.waiting)
            await quiet()
            urgent = asyncio.create_task(currents.runs.get(run.run_id))
            await quiet()
            clock.advance(10)
            count = [result.error async for result in results]
            await urgent
        assert count == [None] * 6
        operations = [request.operation for request in server.requests]
        assert operations == ["getRun", "getInstance", "getRun"] + ["getInstance"] * 6

    async def test_closing_ends_all_waits(
        self, server: FakeCurrents, currents: Currents, clock: ManualClock
    ) -> None:
        server.fail("getRun", 503)
        server.fail("getInstance", 503, headers={"Retry-After": "30"})
        in_backoff = asyncio.create_task(currents.runs.get("r"))
        await until(lambda: len(clock.waiting) == 1)
        in_pause = asyncio.create_task(currents.instances.get("i"))
        await until(lambda: len(clock.waiting) >= 2)
        await currents.aclose()
        results = await asyncio.gather(in_backoff, in_pause, return_exceptions=True)
        assert [type(result).__name__ for result in results] == ["ClientClosedError"] * 2
        assert clock.waiting == []

    async def test_cancelled_in_its_backoff(
        self, server: FakeCurrents, currents: Currents, clock: ManualClock
    ) -> None:
        server.fail("getRun", 503)
        task = asyncio.create_task(currents.runs.get("r"))
        await until(lambda: clock.waiting)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert clock.waiting == []
        assert len(server.requests) == 1


class TestRate:
    async def test_unlimited_until_a_throttle(
        self, server: FakeCurrents, currents: Currents, clock: ManualClock
    ) -> None:
        server.fail("getRun", 200, None, body=BODY)
        for _ in range(50):
            await currents.runs.get("r")
        assert clock.now() == 0

    async def test_a_single_throttle_without_a_wait_is_ignored(
        self, server: FakeCurrents, currents: Currents, clock: ManualClock
    ) -> None:
        server.fail("getRun", 429)
        server.fail("getRun", 200, None, body=BODY)
        for _ in range(20):
            await currents.runs.get("r")
        assert clock.waited == [0.125]

    async def test_a_single_throttle_with_a_wait_is_a_pause_and_no_more(
        self, server: FakeCurrents, currents: Currents, clock: ManualClock
    ) -> None:
        server.fail("getRun", 429, after=36, headers={"Retry-After": "1"})
        server.fail("getRun", 200, None, body=BODY)
        for _ in range(100):
            await currents.runs.get("r")
        assert clock.waited == [1]

    @pytest.mark.parametrize("rate", [2, 0.5])
    async def test_given(
        self, server: FakeCurrents, connect: Connect, clock: ManualClock, rate: float
    ) -> None:
        currents = await connect(limits=Limits(rate=rate))
        server.fail("getRun", 200, None, body=BODY)
        for _ in range(5):
            await currents.runs.get("r")
        assert clock.waited == pytest.approx([1 / (rate * 0.96)] * 4)

    async def test_given_for_all_tasks_together(
        self, server: FakeCurrents, connect: Connect, clock: ManualClock
    ) -> None:
        currents = await connect(limits=Limits(rate=4))
        server.fail(None, 200, None, body=BODY)
        view = currents.with_options(retries=Retries(attempts=1))
        async with asyncio.TaskGroup() as group:
            for _ in range(5):
                group.create_task(currents.runs.get("r"))
                group.create_task(view.instances.get("i"))
        assert clock.now() == pytest.approx(9 / (4 * 0.96))

    async def test_given_counts_retries(
        self, server: FakeCurrents, connect: Connect, clock: ManualClock
    ) -> None:
        currents = await connect(limits=Limits(rate=1))
        server.fail("getRun", 500, None)
        with pytest.raises(ServerError):
            await currents.runs.get("r")
        assert len(server.requests) == 3
        assert clock.now() == pytest.approx(2 / 0.96)

    async def test_given_at_what_the_key_allows_is_never_refused(
        self, world: Any, clock: ManualClock, project: WorldProject
    ) -> None:
        run = project.run(specs=1)
        policy = RatePolicy(requests=100, per=1)
        async with (
            FakeCurrents(world, rate_limit=policy, clock=clock) as server,
            Currents(
                server.api_key, base_url=server.url, clock=clock, limits=Limits(rate=100)
            ) as currents,
        ):
            for _ in range(250):
                await currents.runs.get(run.run_id)
        assert {request.status for request in server.requests} == {200}

    async def test_given_after_a_pause_is_never_refused(
        self, world: Any, clock: ManualClock, project: WorldProject
    ) -> None:
        """A timer that was in time leaves nothing to be made up for."""
        run = project.run(specs=1)
        policy = RatePolicy(requests=128, per=1)  # the steps are exact
        async with (
            FakeCurrents(world, rate_limit=policy, clock=clock) as server,
            Currents(
                server.api_key, base_url=server.url, clock=clock, limits=Limits(rate=128)
            ) as currents,
        ):
            server.fail("getRun", 503, headers={"Retry-After": "10"})
            for _ in range(200):
                await currents.runs.get(run.run_id)
        assert [request.status for request in server.requests] == [503] + [200] * 200

    @pytest.mark.parametrize("status", [200, 404])
    async def test_after_many_throttles_at_once_it_is_what_was_accepted(
        self, server: FakeCurrents, connect: Connect, status: int
    ) -> None:
        """Refusals for another reason count for the limit like everything else."""
        clock = ManualClock(auto=False)
        currents = await connect(clock=clock)
        server.fail("cancelRun", status, None, body=BODY)
        for _ in range(100):
            with nullcontext() if status == 200 else pytest.raises(NotFoundError):
                await currents.runs.cancel("r")
        server.fail("getRun", 429, 8, headers={"Retry-After": "1"})
        server.fail("getRun", 200, None, body=BODY)
        async with asyncio.TaskGroup() as group:
            for _ in range(8):
                group.create_task(currents.runs.get("r"))
            await until(lambda: len(server.requests) >= 108)
            await until(lambda: server.in_flight == 0)
            await quiet()
            clock.advance(1)
            await quiet()
            rate = currents._channel.gate._pace.rate
            clock.advance(10)
        assert rate == pytest.approx(100)

    async def test_a_fan_out_at_a_server_with_limits(
        self, world: Any, clock: ManualClock, project: WorldProject
    ) -> None:
        """Nothing is lost, and few are refused, though the clock leaps while requests travel."""
        run = project.run(specs=200, tests=(1, 1))
        policy = RatePolicy(requests=50, per=1)
        async with (
            FakeCurrents(world, rate_limit=policy, clock=clock) as server,
            Currents(server.api_key, base_url=server.url, clock=clock) as currents,
        ):
            instances = await currents.runs.get_instances(run.run_id)
        assert len(instances) == 200
        statuses = [request.status for request in server.requests]
        assert statuses.count(200) == 201
        assert statuses.count(429) <= 8
        assert currents.rate_limit is not None
        assert currents.rate_limit.limit == 50


class TestDeadline:
    async def test_waiting_does_not_count_for_the_attempt(
        self, server: FakeCurrents, connect: Connect, clock: ManualClock
    ) -> None:
        currents = await connect(timeouts=Timeouts(attempt=5, total=100))
        server.fail("getRun", 503, headers={"Retry-After": "30"})
        server.fail("getRun", 200, body=BODY)
        await currents.runs.get("r")
        assert clock.now() == 30

    async def test_of_an_attempt(self, server: FakeCurrents, connect: Connect) -> None:
        currents = await connect(timeouts=Timeouts(attempt=0.01))
        server.fail("getRun", fault="stall", times=None)
        with pytest.raises(RequestTimeoutError, match=r"within Timeouts\.attempt") as caught:
            await currents.runs.get("r")
        assert caught.value.attempts == currents.traffic.requests == 3
        await server.idle()

    async def test_still_queued_when_it_expires(
        self, server: FakeCurrents, connect: Connect
    ) -> None:
        clock = ManualClock(auto=False)
        currents = await connect(clock=clock, limits=Limits(concurrency=1))
        answers = asyncio.Event()

        async def wait(_: RecordedRequest) -> None:
            await answers.wait()

        server.before_response = wait
        server.fail("getRun", 200, None, body=BODY)
        first = asyncio.create_task(currents.runs.get("r"))
        await until(lambda: server.requests)
        late = asyncio.create_task(currents.with_options(timeouts=Timeouts(total=7)).runs.get("r"))
        await until(lambda: clock.waiting)
        clock.advance(6.9)
        await quiet()
        assert not late.done()
        clock.advance(0.1)
        with pytest.raises(
            RequestTimeoutError, match=r"still queued when Timeouts\.total"
        ) as caught:
            await late
        assert caught.value.attempts == 0
        answers.set()
        await first
        assert len(server.requests) == 1

    async def test_of_a_view_is_its_own(
        self, server: FakeCurrents, currents: Currents, clock: ManualClock
    ) -> None:
        server.fail("getRun", 500, None, headers={"Retry-After": "20"})
        view = currents.with_options(timeouts=Timeouts(total=10))
        with pytest.raises(ServerError) as caught:
            await view.runs.get("r")
        assert (caught.value.attempts, clock.now()) == (1, 0)
        with pytest.raises(ServerError) as caught:
            await currents.runs.get("r")
        assert (caught.value.attempts, clock.now()) == (3, 60)

    @pytest.mark.parametrize("timeout", [None, 50])
    async def test_of_a_fan_out_is_that_of_each_request(
        self,
        server: FakeCurrents,
        connect: Connect,
        clock: ManualClock,
        project: WorldProject,
        timeout: float | None,  # noqa: ASYNC109 - handed on
    ) -> None:
        run = project.run(specs=4)
        currents = await connect(timeouts=Timeouts(total=50), limits=Limits(concurrency=1))
        for seconds in (20, 20, 20):
            # None of them alone is too long.
            server.fail("getInstance", 503, headers={"Retry-After": str(seconds)})
            server.fail("getInstance", 200, body=BODY)
        if timeout is None:
            assert len(await currents.runs.get_instances(run.run_id)) == 4
            assert clock.waited == [20, 20, 20]
            return
        with pytest.raises(ServerError) as caught:
            await currents.runs.get_instances(run.run_id, timeout=timeout)
        assert caught.value.retry_after == 20
        assert clock.waited == [20, 20]
        assert len(server.requests) == 6

    async def test_nothing_is_sent_after_it(
        self, server: FakeCurrents, connect: Connect, project: WorldProject
    ) -> None:
        clock = ManualClock(auto=False)
        run = project.run(specs=20)
        currents = await connect(clock=clock, limits=Limits(concurrency=1))
        answered = 0

        async def count(_: RecordedRequest) -> None:
            nonlocal answered
            answered += 1
            if answered == 6:
                clock.advance(11)

        server.before_response = count
        async with currents.runs.instances(run.run_id, timeout=10, on_error="collect") as results:
            errors = [result.error async for result in results]
        await server.idle()
        assert errors.count(None) == 5
        assert currents.traffic.requests == len(server.requests) == 6


class TestLastKnown:
    @pytest.mark.parametrize("status", [200, 404, 429, 503])
    async def test_of_any_response(
        self, server: FakeCurrents, connect: Connect, status: int
    ) -> None:
        currents = await connect(retries=Retries(attempts=1))
        assert currents.rate_limit is None
        await answered(
            server, currents, status, {"Limit": "100", "Remaining": "7", "Reset": "1767225660"}
        )
        known = RateLimit(limit=100, remaining=7, reset=datetime(2026, 1, 1, 0, 1, tzinfo=UTC))
        assert currents.rate_limit == known
        assert currents.with_options(retries=Retries(attempts=9)).rate_limit == known

    async def test_a_response_without_it_changes_nothing(
        self, server: FakeCurrents, currents: Currents
    ) -> None:
        await answered(server, currents, 200, {"Limit": "100", "Remaining": "7"})
        for told in ({}, {"Limit": "many"}, {"Reset": "1767225660"}):
            await answered(server, currents, 200, told)
        assert currents.rate_limit == RateLimit(limit=100, remaining=7)
        await answered(server, currents, 200, {"Remaining": "6"})
        assert currents.rate_limit == RateLimit(remaining=6)


async def answered(
    server: FakeCurrents, currents: Currents, status: int, told: Mapping[str, str]
) -> None:
    """Have an answer say something of the rate limit."""
    headers = {f"X-RateLimit-{name}": value for name, value in told.items()}
    server.fail("getRun", status, headers=headers, body=BODY)
    with nullcontext() if status == 200 else pytest.raises(APIError, match=str(status)):
        await currents.runs.get("r")
