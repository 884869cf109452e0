"""How fast jobs are behind the limiters that services have, of which the client knows nothing.

A ratio is the time of a job over the least possible: what a client takes that knows the limiter.
"""

import asyncio
import math
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from statistics import median
from typing import NamedTuple

from benchmarks.grid import Case, cases
from benchmarks.payloads import TINY
from benchmarks.report import Column, Part, Reach, Report, at_least, at_most, table
from benchmarks.results import Results, value
from benchmarks.simulation import Scenario, allowed, least, simulate
from benchmarks.strays import StrayRefusals
from benchmarks.suites import Options
from currents_async import Currents, RateLimitedError, ServerError
from currents_async.testing import FakeCurrents, World
from currents_async.testing.limiters import (
    AllOf,
    ChangesAfter,
    ConcurrencyLimit,
    FixedWindow,
    Limiter,
    LoadShedding,
    Says,
    SlidingCounter,
    SlidingLog,
    TokenBucket,
)

_WORKERS = 16
_LOOPBACK = 0.004
"""Seconds that a request takes over loopback."""
_SILENT = Says(retry_after=None)
_TOLD = Says(headers="ratelimit")
_SLOW, _FAST = TokenBucket(rate=30, burst=20), TokenBucket(rate=100, burst=20)
NAMED: dict[str, Limiter] = {
    "token bucket 50/s, burst 20": TokenBucket(rate=50, burst=20),
    "token bucket 50/s, burst 100": TokenBucket(rate=50, burst=100),
    "leaky bucket 50/s, burst 2": TokenBucket(rate=50, burst=2),
    "token bucket, says nothing": TokenBucket(rate=50, burst=20, says=_SILENT),
    "the same with 503": TokenBucket(rate=50, burst=20, says=Says(retry_after=None, status=503)),
    "token bucket, RateLimit": TokenBucket(rate=50, burst=100, says=_TOLD),
    "fixed window of a second": FixedWindow(requests=50),
    "the same, RateLimit": FixedWindow(requests=50, says=_TOLD),
    "sliding log, says nothing": SlidingLog(requests=50, says=_SILENT),
    "sliding counter": SlidingCounter(requests=50),
    "50 a second and 1,000 a minute": AllOf(
        limiters=[FixedWindow(requests=50), FixedWindow(requests=1000, per=60)]
    ),
    "100/s, after 4 s 30/s": ChangesAfter(first=_FAST, seconds=4, then=_SLOW),
    "30/s, after 4 s 100/s": ChangesAfter(first=_SLOW, seconds=4, then=_FAST),
    "8 at once": ConcurrencyLimit(requests=8),
    "load shedding": LoadShedding(starts_at=8, all_at=16),
    "1 % strays": StrayRefusals(share=0.01),
    "8 % strays, says nothing": StrayRefusals(share=0.08, says=_SILENT),
    "one stray, the first": StrayRefusals(first=1),
}
_AT = 4
"""Seconds after which a limit changes."""
_SHARED_SINCE = 20
"""Seconds after which several clients must share a limit well."""
_PER_SECOND = 200
"""Requests for each second of a job where it is no rate that limits them."""


class _Run(NamedTuple):
    ratio: float
    refused: float
    """Percentage of what was sent."""
    errors: int
    seconds: float = 0.0


class _Sizes(NamedTuple):
    short: int
    """Scenarios of ten seconds."""
    long: int
    """Scenarios of a minute."""
    on_sockets: float
    """Seconds of traffic."""


def run(options: Options) -> Report:
    """Simulate the grid, then what has a name, and that over sockets too."""
    if options.sizes is TINY:
        sizes = _Sizes(short=35, long=0, on_sockets=0.2)
    elif options.rounds > 5:  # noqa: PLR2004 - thorough
        sizes = _Sizes(short=700, long=70, on_sockets=10)
    else:
        sizes = _Sizes(short=140, long=14, on_sockets=4)
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        parts = [
            _grid(pool, 10, sizes.short),
            *([_grid(pool, 60, sizes.long)] if sizes.long else []),
            _changes(),
            _shared(),
        ]
        named = dict(zip(NAMED, pool.map(_simulated, NAMED.values()), strict=True))
    return Report([*parts, _named(named, sizes.on_sockets)], ["currents-async", "aiohttp"])


def _grid(pool: ProcessPoolExecutor, seconds: int, number: int) -> Part:
    found = list(pool.map(_measured, cases(number, seconds), chunksize=4))
    runs = [one for _, one in found]
    title = f"{number} scenarios of {seconds} s of traffic, simulated"
    tables = [
        _spread(f"{title}: by {name}", _group(found, key))
        for name, key in (("limiter", _kind), ("what it says", _way))
    ]
    told = [one for case, one in found if case.way in {"RateLimit", "RateLimit draft"}]
    return Part(
        tables=tables,
        reach=_reach_short(runs, told) if seconds < 60 else _reach_long(runs),  # noqa: PLR2004
        measured={
            f"grid of {seconds} s": Results(_group(found, lambda case: f"{case.kind}, {case.way}"))
        },
    )


def _measured(case: Case) -> tuple[Case, _Run]:
    return case, _simulated(case.scenario)


def _simulated(what: Scenario | Limiter) -> _Run:
    scenario = what if isinstance(what, Scenario) else _scenario(what, 10)
    outcome = simulate(scenario)
    ratio = outcome.seconds / least(scenario)
    return _Run(ratio, 100 * outcome.share_refused, len(outcome.errors), outcome.seconds)


def _scenario(limiter: Limiter, seconds: float, latency: float = 0.02) -> Scenario:
    requests = round(_PER_SECOND * seconds)
    if not isinstance(limiter, StrayRefusals):
        requests = allowed(limiter, seconds, enough=requests)
    return Scenario(limiter=limiter, requests=requests, workers=_WORKERS, latency=latency)


def _kind(case: Case) -> str:
    return case.kind


def _way(case: Case) -> str:
    return case.way


def _group(found: Iterable[tuple[Case, _Run]], key: Callable[[Case], str]) -> dict[str, list[_Run]]:
    groups: dict[str, list[_Run]] = {}
    for case, one in found:
        groups.setdefault(key(case), []).append(one)
    return groups


def _spread(title: str, groups: Mapping[str, Sequence[_Run]]) -> str:
    found: Results[str, _Run] = Results({
        **groups,
        "all": [one for runs in groups.values() for one in runs],
    })
    ratio, refused = value("ratio"), value("refused")
    columns = [
        Column[str]("scenarios", lambda name: len(found[name]), 0),
        Column("median", found.of(ratio), 2, "x"),
        Column("95 %", found.of(ratio, _at(0.95)), 2, "x"),
        Column("worst", found.of(ratio, max), 2, "x"),
        Column("refused", found.of(refused), 1, " %"),
        Column("95 %", found.of(refused, _at(0.95)), 1, " %"),
        Column("errors", found.of(value("errors"), sum), 0),
    ]
    return table(title, {name: name for name in found}, columns)


def _at(share: float) -> Callable[[Iterable[float]], float]:
    def chosen(values: Iterable[float]) -> float:
        ordered = sorted(values)
        return ordered[math.floor(share * (len(ordered) - 1))]

    return chosen


def _within(runs: Sequence[_Run], bound: float) -> float:
    return 100 * sum(one.ratio <= bound for one in runs) / len(runs)


def _reach_short(runs: Sequence[_Run], told: Sequence[_Run]) -> list[Reach]:
    return [
        at_least("10 s: scenarios within 1.25x of the least", _within(runs, 1.25), 95, " %"),
        at_least("10 s: scenarios within 1.5x", _within(runs, 1.5), 100, " %"),
        at_most("10 s: refused, median", median(one.refused for one in runs), 5, " %"),
        at_most("10 s: RateLimit headers, median", median(one.ratio for one in told), 1.05, "x"),
        at_most("10 s: errors", sum(one.errors for one in runs), 0),
    ]


def _reach_long(runs: Sequence[_Run]) -> list[Reach]:
    return [
        at_most("60 s: median", median(one.ratio for one in runs), 1.06, "x"),
        at_least("60 s: scenarios within 1.15x", _within(runs, 1.15), 95, " %"),
        at_most("60 s: refused, median", median(one.refused for one in runs), 1, " %"),
        at_most("60 s: errors", sum(one.errors for one in runs), 0),
    ]


def _changes() -> Part:
    """Measure how soon a new limit is in use."""
    bucket = partial(TokenBucket, burst=20)
    risen = _over(ChangesAfter(first=bucket(rate=30), seconds=_AT, then=bucket(rate=90)), 60)
    used = max(_between(risen.accepted, at, at + 1) for at in range(_AT, _AT + 10))
    fallen = _over(ChangesAfter(first=bucket(rate=90), seconds=_AT, then=bucket(rate=30)), 60)
    refused = _between(fallen.refused, _AT, _AT + 10)
    sent = refused + _between(fallen.accepted, _AT, _AT + 10)
    return Part(
        tables=[],
        reach=[
            at_least("rises threefold: of the new limit in use within 10 s", used / 0.9, 80, " %"),
            at_most("falls threefold: refused in the next 10 s", 100 * refused / sent, 5, " %"),
        ],
    )


def _between(times: Sequence[float], since: float, until: float) -> int:
    return sum(since <= at < until for at in times)


class _Times(NamedTuple):
    accepted: list[float]
    refused: list[float]
    by_client: list[int]


def _over(
    limiter: Limiter, seconds: float, clients: int = 1, since: float = 0.0, seed: int = 0
) -> _Times:
    requests = allowed(limiter, seconds)
    outcome = simulate(Scenario(limiter=limiter, requests=requests, clients=clients, seed=seed))
    times = [at for at, _ in outcome.accepted]
    ours = [client for at, client in outcome.accepted if since <= at < seconds]
    return _Times(times, outcome.refused_at, [ours.count(client) for client in range(clients)])


def _shared() -> Part:
    """Measure what several clients make of one limit, after 20 s: medians of some seeds."""
    rows: list[Reach] = []
    limiter = TokenBucket(rate=50, burst=20)
    for clients in (2, 4):
        found = [_over(limiter, 60, clients, _SHARED_SINCE, seed).by_client for seed in range(5)]
        together = median(100 * sum(shares) / (50 * 40) for shares in found)
        slowest = median(100 * min(shares) * clients / (50 * 40) for shares in found)
        rows += [
            at_least(f"{clients} clients: of the limit in use together", together, 90, " %"),
            at_least(f"{clients} clients: the slowest, of its share", slowest, 50, " %"),
        ]
    return Part(tables=[], reach=rows)


def _named(simulated: Mapping[str, _Run], seconds: float) -> Part:
    on_sockets = asyncio.run(_on_sockets(seconds))
    columns = [
        Column[str]("simulated", lambda name: simulated[name].ratio, 2, "x"),
        Column[str]("refused", lambda name: simulated[name].refused, 1, " %"),
        Column[str]("errors", lambda name: simulated[name].errors, 0),
        Column[str]("on sockets", lambda name: on_sockets[name].ratio, 2, "x"),
        Column[str]("refused", lambda name: on_sockets[name].refused, 1, " %"),
        Column[str]("errors", lambda name: on_sockets[name].errors, 0),
    ]
    title = f"What has a name: 10 s of traffic simulated, {seconds:g} s on sockets, 16 workers"
    return Part(
        tables=[table(title, {name: name for name in NAMED}, columns)],
        reach=[
            at_most("on sockets: errors", sum(one.errors for one in on_sockets.values()), 0),
        ],
        measured={"simulated": simulated, "on sockets": on_sockets},
    )


async def _on_sockets(seconds: float) -> dict[str, _Run]:
    """Run all jobs, a few at a time: each is idle most of the time."""
    places = asyncio.Semaphore(4)

    async def one(limiter: Limiter) -> _Run:
        async with places:
            return await _job(_scenario(limiter, seconds, _LOOPBACK))

    runs = await asyncio.gather(*(one(limiter) for limiter in NAMED.values()))
    return dict(zip(NAMED, runs, strict=True))


async def _job(scenario: Scenario) -> _Run:
    world = World(seed=1)
    run = world.project().run(specs=1, tests=(1, 1))
    left = iter(range(scenario.requests))
    errors = 0

    async def work(currents: Currents) -> None:
        nonlocal errors
        for _ in left:
            try:
                await currents.instances.get(run.specs[0].instance_id)
            except (RateLimitedError, ServerError):
                errors += 1

    async with (
        FakeCurrents(world, rate_limit=scenario.limiter) as server,
        Currents(server.api_key, base_url=server.url) as currents,
    ):
        began = time.perf_counter()
        await asyncio.gather(*(work(currents) for _ in range(_WORKERS)))
        took = time.perf_counter() - began
        requests, throttles = currents.traffic.requests, currents.rate.throttles
    return _Run(took / least(scenario), 100 * throttles / requests, errors, took)
