"""What people, logs and monitors see of the rate."""

import asyncio
import logging
import math

import msgspec
import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, NumberDataPoint

from currents_async import Currents, Limits, Observer, RateInUse, Timeouts
from currents_async.otel import OpenTelemetry
from currents_async.testing import FakeCurrents, ManualClock, World
from currents_async.testing.faults import BODY
from currents_async.testing.limiters import FixedWindow, Limiter, TokenBucket

LIMITED = TokenBucket(rate=50, burst=20)
FREE = RateInUse(
    per_second=None,
    reason="unlimited",
    pause_left=0,
    in_flight=0,
    slots=None,
    window=None,
    throttles=0,
)


class Seen(Observer):
    def __init__(self) -> None:
        self.rates: list[RateInUse] = []

    def rate_changed(self, rate: RateInUse) -> None:
        self.rates.append(rate)


async def send(currents: Currents, requests: int) -> None:
    async def one() -> None:
        await currents.projects.list()

    await asyncio.gather(*(one() for _ in range(requests)))


async def found(limiter: Limiter, observer: Observer) -> RateInUse:
    """Send until a limit is found, and return what is said of it then."""
    clock = ManualClock()
    # Without deadlines, which the clock would jump to.
    timeouts = Timeouts(total=math.inf, attempt=math.inf)
    async with (
        FakeCurrents(World(seed=1), rate_limit=limiter, clock=clock) as server,
        Currents(
            server.api_key,
            base_url=server.url,
            clock=clock,
            observer=observer,
            timeouts=timeouts,
        ) as currents,
    ):
        await send(currents, 200)
        return currents.rate


async def test_nothing_to_say_without_a_limit(server: FakeCurrents) -> None:
    async with Currents(server.api_key, base_url=server.url) as currents:
        await send(currents, 5)
        assert currents.rate == FREE


async def test_a_rate_that_was_given(server: FakeCurrents) -> None:
    async with Currents(server.api_key, base_url=server.url, limits=Limits(rate=100)) as currents:
        assert (currents.rate.reason, currents.rate.per_second) == ("given", 96)


async def test_a_limit_that_is_found_is_reported_and_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    observer = Seen()
    with caplog.at_level(logging.INFO, "currents_async"):
        rate = await found(LIMITED, observer)
    assert rate.reason == "found"
    assert rate.throttles > 0
    assert [one.reason for one in observer.rates] == ["found"] * len(observer.rates)
    lines = [line for line in caplog.messages if not line.startswith("paused ")]
    assert lines, "a line when it is found"
    assert all(line.startswith("rate: ") for line in lines)
    assert lines[0].endswith("/s, limited by the server")
    assert len(lines) <= len(observer.rates)


async def test_a_window_is_reported() -> None:
    observer = Seen()
    rate = await found(FixedWindow(requests=30, per=10), observer)
    assert rate.window == 30
    assert "30 in a window, limited by the server" in {str(one) for one in observer.rates}


async def test_metrics() -> None:
    reader = InMemoryMetricReader()
    observer = OpenTelemetry(meter_provider=MeterProvider([reader]))
    rate = await found(LIMITED, observer)
    data = reader.get_metrics_data()
    assert data is not None
    [scope] = data.resource_metrics[0].scope_metrics
    points = {metric.name: list(metric.data.data_points) for metric in scope.metrics}
    [throttles] = points["currents.client.throttles"]
    assert isinstance(throttles, NumberDataPoint)
    assert throttles.value == rate.throttles
    [limit] = points["currents.client.rate.limit"]
    assert isinstance(limit, NumberDataPoint)
    assert 10 < limit.value < 100
    assert limit.attributes == {"reason": "found"}
    [slots] = points["currents.client.rate.slots"]
    assert isinstance(slots, NumberDataPoint)
    assert slots.value == 0


async def test_headers_that_make_no_sense_change_nothing_but_a_line_at_debug(
    server: FakeCurrents, caplog: pytest.LogCaptureFixture
) -> None:
    headers = {"X-RateLimit-Limit": "5", "X-RateLimit-Remaining": "9", "X-RateLimit-Reset": "1"}
    server.fail(None, 200, times=None, headers=headers, body=BODY)
    with caplog.at_level(logging.DEBUG, "currents_async"):
        async with Currents(server.api_key, base_url=server.url) as currents:
            await currents.runs.get("r")
            assert currents.rate.reason == "unlimited"
    assert [one for one in caplog.messages if "makes no sense" in one]


def rate(**changes: object) -> RateInUse:
    return msgspec.structs.replace(FREE, **changes)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, ""),
        ({"throttles": 3}, ""),
        ({"per_second": 48.04, "reason": "found"}, "48/s, limited by the server"),
        ({"per_second": 4.804, "reason": "told"}, "4.8/s, limited by the server"),
        ({"per_second": 96.0, "reason": "given"}, "96/s, limited by Limits.rate"),
        ({"slots": 8}, "8 at once, limited by the server"),
        ({"window": 1000}, "1,000 in a window, limited by the server"),
        ({"pause_left": 2.6, "per_second": 48.0}, "paused 3 s: the server asked"),
    ],
)
def test_text(changes: dict[str, object], text: str) -> None:
    assert str(rate(**changes)) == text


@pytest.mark.parametrize(
    ("changes", "alike"),
    [
        ({}, True),
        ({"pause_left": 3.0, "in_flight": 5, "throttles": 9}, True),
        ({"per_second": 54.0}, True),
        ({"per_second": 56.0}, False),
        ({"per_second": None}, False),
        ({"reason": "told"}, False),
        ({"slots": 8}, False),
        ({"window": 1000}, False),
    ],
)
def test_changes_that_are_news(changes: dict[str, object], *, alike: bool) -> None:
    known = rate(per_second=50.0, reason="found")
    assert msgspec.structs.replace(known, **changes).is_like(known) is alike
    assert not known.is_like(None)
