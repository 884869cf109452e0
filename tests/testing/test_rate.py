import math
from typing import Any

import pytest

from currents_async import InvalidArgumentError
from currents_async.testing import ManualClock, RatePolicy

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
        ({"requests": 0}, "requests must be at least 1"),
        ({"per": 0}, "per must be"),
        ({"per": -1.0}, "per must be"),
        ({"per": math.inf}, "per must be"),
        ({"per": math.nan}, "per must be"),
    ],
)
def test_refused(options: Any, words: str) -> None:
    with pytest.raises(InvalidArgumentError, match=words):
        RatePolicy(**options)
