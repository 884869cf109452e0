import asyncio
import math
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import pytest

from currents_async import InvalidArgumentError
from currents_async.testing import FakeCurrents, ManualClock, RatePolicy, RecordedRequest
from currents_async.testing.limiters import (
    AllOf,
    ConcurrencyLimit,
    FixedWindow,
    LoadShedding,
    Says,
    TokenBucket,
)

RATE = ["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"]


@pytest.fixture
def clock() -> ManualClock:
    """A clock that a test winds."""
    clock = ManualClock(auto=False, wall=1_000_000.0)
    clock.advance(50)
    return clock


async def get(served: Any, path: str = "instances/i") -> tuple[int, dict[str, str]]:
    async with served.session.get(path) as response:
        await response.read()
        names = [*RATE, "Retry-After"]
        return response.status, {
            name: response.headers[name] for name in names if name in response.headers
        }


def rate(*values: int) -> dict[str, str]:
    return dict(zip(RATE, map(str, values), strict=True))


async def test_a_window(serve: Any, clock: ManualClock) -> None:
    async with serve(rate_limit=RatePolicy(requests=2, per=10), clock=clock) as served:
        assert await get(served) == (404, rate(2, 1, 1_000_060))
        clock.advance(3.5)
        assert await get(served) == (404, rate(2, 0, 1_000_060))
        clock.advance(0.25)
        assert await get(served) == (429, rate(2, 0, 1_000_060) | {"Retry-After": "7"})
        clock.advance(6)
        assert await get(served) == (429, rate(2, 0, 1_000_060) | {"Retry-After": "1"})
        assert [one.status for one in served.server.requests] == [404, 404, 429, 429]
        assert [one.fault for one in served.server.requests] == [None] * 4


async def test_the_next_window_begins_with_a_request(serve: Any, clock: ManualClock) -> None:
    async with serve(rate_limit=RatePolicy(requests=1, per=10), clock=clock) as served:
        assert (await get(served))[0] == 404
        clock.advance(10)
        assert (await get(served))[0] == 404
        clock.advance(17)
        assert await get(served) == (404, rate(1, 0, 1_000_087))
        clock.advance(9)
        assert (await get(served))[0] == 429
        clock.advance(1)
        assert (await get(served))[0] == 404


async def test_the_response(serve: Any, clock: ManualClock) -> None:
    async with serve(rate_limit=RatePolicy(requests=1), clock=clock) as served:
        path = f"runs/{next(iter(served.server.world.runs))}"
        assert await get(served, path) == (200, rate(1, 0, 1_000_051))
        response = await served.call("GET", path)
        assert response == (429, {"status": "FAILED", "error": "Too Many Requests"})


async def test_reset_is_rounded_up(serve: Any, clock: ManualClock) -> None:
    async with serve(rate_limit=RatePolicy(per=0.25), clock=clock) as served:
        assert await get(served) == (404, rate(100, 99, 1_000_051))


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({}, {*RATE, "Retry-After"}),
        ({"retry_after": False}, {*RATE}),
        ({"rate_headers": False}, {"Retry-After"}),
        ({"retry_after": False, "rate_headers": False}, set[str]()),
    ],
)
async def test_headers(serve: Any, clock: ManualClock, options: Any, names: set[str]) -> None:
    async with serve(rate_limit=RatePolicy(requests=1, **options), clock=clock) as served:
        assert set((await get(served))[1]) == names - {"Retry-After"}
        status, headers = await get(served)
        assert status == 429
        assert set(headers) == names


async def test_no_limit_says_nothing(served: Any) -> None:
    assert await get(served) == (404, {})


async def test_faults_do_not_count(serve: Any, clock: ManualClock) -> None:
    async with serve(rate_limit=RatePolicy(requests=1), clock=clock) as served:
        served.server.fail("getInstance", 500)
        assert await get(served) == (500, {})
        assert (await get(served))[0] == 404
        served.server.fail("getInstance", 500)
        assert await get(served) == (500, {})
        assert (await get(served))[0] == 429


async def test_a_refused_write_does_not_happen(serve: Any, clock: ManualClock) -> None:
    async with serve(rate_limit=RatePolicy(requests=1), clock=clock) as served:
        await get(served)
        run = next(iter(served.server.world.runs))
        assert (await served.call("DELETE", f"runs/{run}"))[0] == 429
        assert run in served.server.world.runs


async def test_a_token_bucket_with_the_status_of_nginx(serve: Any, clock: ManualClock) -> None:
    limiter = TokenBucket(rate=2, burst=2, says=Says(status=503, retry_after=None))
    async with serve(rate_limit=limiter, clock=clock) as served:
        path = f"runs/{next(iter(served.server.world.runs))}"
        assert [await get(served, path) for _ in range(3)] == [(200, {}), (200, {}), (503, {})]
        response = await served.call("GET", path)
        assert response == (503, {"status": "FAILED", "error": "Service Unavailable"})
        clock.advance(0.5)
        assert [(await get(served, path))[0] for _ in range(2)] == [200, 503]


async def test_windows_aligned_to_the_wall_clock(serve: Any, clock: ManualClock) -> None:
    says = Says(headers="x-ratelimit", retry_after="date")
    limiter = FixedWindow(requests=1, per=60, aligned=True, says=says)
    async with serve(rate_limit=limiter, clock=clock) as served:
        # It is 1,000,050 s after the epoch; a minute ends at 1,000,080.
        assert await get(served) == (404, rate(1, 0, 1_000_080))
        status, headers = await get(served)
        assert status == 429
        assert parsedate_to_datetime(headers["Retry-After"]).timestamp() == 1_000_080
        clock.advance(30)
        assert await get(served) == (404, rate(1, 0, 1_000_140))


async def test_structured_fields_on_the_wire(serve: Any, clock: ManualClock) -> None:
    limits = [FixedWindow(requests=50), FixedWindow(requests=1_000, per=60)]
    limiter = AllOf(limiters=limits, says=Says(headers="ratelimit"))
    async with (
        serve(rate_limit=limiter, clock=clock) as served,
        served.session.get("instances/i") as response,
    ):
        assert response.headers["RateLimit-Policy"] == '"limit-1";q=50;w=1, "limit-2";q=1000;w=60'
        assert response.headers["RateLimit"] == '"limit-1";r=49;t=1, "limit-2";r=999;t=60'


async def test_requests_at_once(serve: Any) -> None:
    """Slots are held from arrival to the last byte; refused and failed requests hold none."""
    arrived = asyncio.Event()
    respond = asyncio.Event()

    async def hold(recorded: RecordedRequest) -> None:
        if recorded.path.endswith("/held"):
            arrived.set()
            await respond.wait()

    async with serve(rate_limit=ConcurrencyLimit(requests=1)) as served:
        served.server.before_response = hold
        held = asyncio.create_task(get(served, "instances/held"))
        await arrived.wait()
        assert [await get(served) for _ in range(2)] == [(429, {})] * 2
        served.server.fail("getInstance", 500)
        assert (await get(served))[0] == 500
        respond.set()
        assert (await held)[0] == 404
        assert [(await get(served))[0] for _ in range(3)] == [404] * 3


async def test_a_client_that_hangs_up_gives_its_slot_back(serve: Any) -> None:
    arrived = asyncio.Event()

    async def never(recorded: RecordedRequest) -> None:
        arrived.set()
        await asyncio.Event().wait()

    async with serve(rate_limit=LoadShedding(starts_at=1, all_at=1)) as served:
        served.server.before_response = never
        held = asyncio.create_task(get(served))
        await arrived.wait()
        held.cancel()
        await served.server.idle()
        served.server.before_response = None
        assert (await get(served))[0] == 404


async def test_a_damaged_response_counts(serve: Any, clock: ManualClock) -> None:
    async with serve(rate_limit=RatePolicy(requests=1), clock=clock) as served:
        served.server.fail("getInstance", fault="truncate")
        with pytest.raises(aiohttp.ClientPayloadError):
            await get(served)
        assert (await get(served))[0] == 429


async def test_time_of_the_machine(serve: Any) -> None:
    async with serve(rate_limit=RatePolicy(requests=1, per=3600)) as served:
        _, headers = await get(served)
        assert int(headers["X-RateLimit-Reset"]) > 1_700_000_000
        status, headers = await get(served)
        assert status == 429
        assert 0 < int(headers["Retry-After"]) <= 3600


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"requests": 0}, "RatePolicy.requests must be a positive integer"),
        ({"per": 0}, "RatePolicy.per must be"),
        ({"per": -1.0}, "RatePolicy.per must be"),
        ({"per": math.inf}, "RatePolicy.per must be"),
        ({"per": math.nan}, "RatePolicy.per must be"),
        ({"retry_after": "seconds"}, "RatePolicy.retry_after must be a bool"),
        ({"rate_headers": "x-ratelimit"}, "RatePolicy.rate_headers must be a bool"),
    ],
)
def test_refused(options: Any, words: str) -> None:
    with pytest.raises(InvalidArgumentError, match=words):
        RatePolicy(**options)


def test_only_limiters_limit_the_rate() -> None:
    rate_limit: Any = 50
    with pytest.raises(InvalidArgumentError, match=r"^rate_limit must be a limiter, not int"):
        FakeCurrents(rate_limit=rate_limit)
