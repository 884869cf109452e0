"""The client's own rate limiter against models of the servers' limiters, in virtual time.

Gate, pace and retries are the real ones; workers, network and server are simulated, and no time
passes: the loop's clock jumps to whatever comes next. A minute takes a fraction of a second, and
the same seed gives the same schedule.
"""

import asyncio
import math
import random
import selectors
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import islice
from types import SimpleNamespace
from typing import Any, cast

from multidict import CIMultiDict

from currents_async._clock import Timer
from currents_async._config import Retries
from currents_async._transport.channel import Channel
from currents_async._transport.gate import DeadlineExpiredError, Gate, PauseTooLongError
from currents_async._transport.pace import Pace
from currents_async._transport.retry import Quota, classify
from currents_async._transport.retry_state import RetryState
from currents_async.errors import (
    APIError,
    CurrentsError,
    RateLimitedError,
    RequestInfo,
    ServerError,
)
from currents_async.testing.limiters import ConcurrencyLimit, Decision, Limiter

EPOCH = 1_767_225_600.0
"""When the simulation begins, in seconds since the epoch."""
_OK = 200
_RETRIES = Retries()
_INFO = RequestInfo(operation="runs.get", method="GET", url="https://example.com")


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A job of requests that workers send as fast as they may."""

    limiter: Limiter
    requests: int
    """By each client."""
    workers: int = 16
    clients: int = 1
    latency: float = 0.02
    """Seconds to the server and back."""
    jitter: float = 0.3
    """By what share the latency varies, each way."""
    seed: int = 0
    deadline: float = math.inf
    """Seconds that each request has."""
    rate: float | None = None
    """What the client was given as `Limits.rate`."""


@dataclass
class Outcome:
    """What has become of a job."""

    seconds: float = 0.0
    refused_at: list[float] = field(default_factory=list[float])
    """When each refusal came."""
    errors: list[CurrentsError] = field(default_factory=list[CurrentsError])
    accepted: list[tuple[float, int]] = field(default_factory=list[tuple[float, int]])
    """When each request was accepted, and the number of its client."""
    sent_at: list[float] = field(default_factory=list[float])
    pauses: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    """When each pause that was asked for began and ended."""

    @property
    def share_refused(self) -> float:
        """The share of what was sent that was refused."""
        return len(self.refused_at) / len(self.sent_at) if self.sent_at else 0.0


def simulate(scenario: Scenario) -> Outcome:
    """Run a job to its end."""
    loop = _VirtualLoop()
    try:
        return loop.run_until_complete(_Simulation(scenario, loop).run())
    finally:
        loop.close()


def least(scenario: Scenario) -> float:
    """Return the fewest seconds that the job can take, by a client that knows all."""
    requests = scenario.requests * scenario.clients
    times = list(islice(_passes(scenario.limiter), requests))
    if len(times) < requests:
        return _by_latency(scenario)
    return max(times[-1], _by_latency(scenario)) + scenario.latency


def allowed(limiter: Limiter, seconds: float, *, enough: int = 1_000_000) -> int:
    """Return how many requests a limiter lets pass in a time: `enough` where it counts no time."""
    for number, time in enumerate(islice(_passes(limiter), enough)):
        if time >= seconds:
            return number
    return enough


def _passes(limiter: Limiter) -> Iterator[float]:
    """Yield when each request passes that comes as early as it may, in seconds.

    It ends where that is not a matter of time.
    """
    meter, now = limiter.meter(), EPOCH
    while True:
        decision = meter.arrive(now)
        if decision.accepted:
            yield now - EPOCH
        elif decision.wait is None:
            return
        else:
            now += max(decision.wait, 1e-6)


def _by_latency(scenario: Scenario) -> float:
    at_once = scenario.workers * scenario.clients
    if isinstance(scenario.limiter, ConcurrencyLimit):
        at_once = min(at_once, scenario.limiter.requests)
    return scenario.requests * scenario.clients * scenario.latency / at_once


class _Simulation:
    def __init__(self, scenario: Scenario, loop: "_VirtualLoop") -> None:
        self._scenario = scenario
        self._clock = _VirtualClock(loop, scenario.seed)
        self._network = random.Random(scenario.seed)  # noqa: S311 - no secret
        self._meter = scenario.limiter.meter()
        self._outcome = Outcome()

    async def run(self) -> Outcome:
        clients = [
            self._client(number, self._channel()) for number in range(self._scenario.clients)
        ]
        await asyncio.gather(*clients)
        self._outcome.seconds = self._clock.now()
        return self._outcome

    def _channel(self) -> Channel:
        workers = self._scenario.workers
        gate = Gate(workers, Pace(self._scenario.rate, workers=workers), self._clock)
        return cast("Channel", SimpleNamespace(gate=gate, clock=self._clock, quota=Quota()))

    async def _client(self, number: int, channel: Channel) -> None:
        left = iter(range(self._scenario.requests))

        async def work() -> None:
            for _ in left:
                await self._request(number, channel)

        await asyncio.gather(*(work() for _ in range(self._scenario.workers)))

    async def _request(self, number: int, channel: Channel) -> None:
        outcome, gate = self._outcome, channel.gate
        deadline = self._clock.now() + self._scenario.deadline
        retries = RetryState(channel, _RETRIES)
        tried = 0
        while True:
            try:
                await gate.enter(bulk=True, deadline=deadline)
            except (PauseTooLongError, DeadlineExpiredError):
                outcome.errors.append(CurrentsError("no time left"))
                return
            tried += 1
            sent = self._clock.now()
            outcome.sent_at.append(sent)
            decision = await self._send()
            heeded = gate.responded(
                decision.status or _OK,
                CIMultiDict(decision.headers),
                sent=sent,
                is_first=tried == 1,
            )
            gate.leave(responded=True)
            if decision.accepted:
                outcome.accepted.append((self._clock.now(), number))
                channel.quota.give_back(retries.taken)
                return
            outcome.refused_at.append(self._clock.now())
            if heeded.wait:
                outcome.pauses.append((self._clock.now(), self._clock.now() + heeded.wait))
            error = _error(decision.says.status, heeded.wait)
            delay = retries.delay(
                error,
                classify(error, repeatable=True),
                tried=tried,
                ends_at=deadline,
                at_least=gate.delay(),
                heeded=heeded,
            )
            if delay is None:
                outcome.errors.append(error)
                return
            await asyncio.sleep(0 if heeded.wait else delay)

    async def _send(self) -> Decision:
        await asyncio.sleep(self._one_way())
        decision = self._meter.arrive(self._clock.wall())
        await asyncio.sleep(self._one_way())
        if decision.accepted:
            self._meter.leave()
        return decision

    def _one_way(self) -> float:
        jitter = self._scenario.jitter * (2 * self._network.random() - 1)
        return self._scenario.latency / 2 * (1 + jitter)


def _error(status: int, wait: float | None) -> APIError:
    kind = RateLimitedError if status == HTTPStatus.TOO_MANY_REQUESTS else ServerError
    return kind("refused", **_INFO, status=status, retry_after=wait)


class _VirtualClock:
    """The clock that a client is given: that of its loop."""

    def __init__(self, loop: "_VirtualLoop", seed: int) -> None:
        self._loop = loop
        self.now = loop.time
        self.random = random.Random(seed).random  # noqa: S311

    def wall(self) -> float:
        return EPOCH + self._loop.time()

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        return self._loop.call_later(seconds, callback)


class _NoWaiting(selectors.SelectSelector):
    """Waits for nothing: lets the time pass that it would take."""

    passed = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        self.passed += timeout or 0.0
        return []


class _VirtualLoop(asyncio.SelectorEventLoop):
    """A loop whose time passes only where it would wait."""

    def __init__(self) -> None:
        self._waits = _NoWaiting()
        super().__init__(self._waits)

    def time(self) -> float:
        return self._waits.passed
