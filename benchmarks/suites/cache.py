"""What a cache saves: jobs on runs that have ended, over a network and out of the cache."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from tempfile import TemporaryDirectory
from typing import NamedTuple

from benchmarks import payloads
from benchmarks.processes import Server, pin
from benchmarks.report import Column, Part, Report, at_least, at_most, table
from benchmarks.results import Results, value
from benchmarks.server import KEY, SINCE, Fake
from benchmarks.suites import Options
from benchmarks.suites._stores import stores
from currents_async import Cache, Currents
from currents_async.export import export
from currents_async.reports import run_html

_LATENCY = 0.05
_FULL = Fake(runs=2, specs=500, latency=_LATENCY)
_TINY = Fake(runs=2, specs=10, latency=_LATENCY)

_LISTS = {"export": 1}
"""Requests for lists, which are never kept."""

Job = Callable[[Currents], Awaitable[object]]


class _Round(NamedTuple):
    """Seconds that a job takes in three clients, and what the last one sent."""

    network: float
    """Without a cache."""
    filling: float
    """With an empty one."""
    cached: float
    """With all of it in the cache."""
    cpu: float
    """Of the last one."""
    requests: int

    @property
    def gain(self) -> float:
        """How many times as long the network takes."""
        return self.network / self.cached

    @property
    def cost(self) -> float:
        """How many times as long it takes to fill the cache besides."""
        return self.filling / self.network


def run(options: Options) -> Report:
    """Measure everything, in this process, against a server in another."""
    pin("client")
    size = _TINY if options.sizes is payloads.TINY else _FULL
    with Server() as server:
        part = asyncio.run(_measure(server.serve(size), size, max(1, options.rounds // 3)))
    parts = [part, stores(_TINY.specs if size is _TINY else 2_000)]
    return Report(parts=parts, packages=["currents-async", "aiohttp", "isal", "msgspec"])


async def _measure(url: str, size: Fake, rounds: int) -> Part:
    jobs = _jobs(size)
    for job in jobs.values():
        await _round(job, url)  # does not count: the server compresses its responses now
    found = Results({
        name: [await _round(job, url) for _ in range(rounds)] for name, job in jobs.items()
    })
    title = f"Jobs on runs of {size.specs} instances, responses after {_LATENCY * 1000:.0f} ms"
    columns = [
        Column("network ms", found.of(value("network", 1000)), 0),
        Column("filling", found.of(value("cost")), 2, "x"),
        Column("cached ms", found.of(value("cached", 1000))),
        Column("CPU ms", found.of(value("cpu", 1000))),
        Column("requests", found.of(value("requests")), 0),
        Column("gain", found.of(value("gain")), 1, "x"),
    ]
    reach = [
        bound
        for name in jobs
        for bound in (
            at_least(
                f"{name}: wall over a network, x cached", found.of(value("gain"))(name), 20, "x"
            ),
            at_most(
                f"{name}: requests", found.of(value("requests"), max)(name), _LISTS.get(name, 0)
            ),
        )
    ]
    notes = [
        "each client is a new one, and opens the cache itself",
        "an export lists the runs of each day: that page is never kept, and takes 50 ms",
    ]
    return Part(
        [table(title, {name: name for name in jobs}, columns)], reach, {"cache": found}, notes
    )


def _jobs(size: Fake) -> dict[str, Job]:
    _, project, _ = size.fill()
    before, after = (run.run_id for run in project.runs)

    async def export_all(currents: Currents) -> object:
        with TemporaryDirectory() as folder:
            until = SINCE + timedelta(days=1)
            projects = [project.project_id]
            return await export(currents, folder, projects=projects, since=SINCE, until=until)

    return {
        "diff": lambda currents: currents.runs.diff(before, after),
        "failures": lambda currents: currents.runs.failures(after),
        "report": lambda currents: currents.reports.render(after, run_html),
        "export": export_all,
    }


async def _round(job: Job, url: str) -> _Round:
    with TemporaryDirectory() as folder:
        network, _, _ = await _time(job, url, None)
        filling, _, _ = await _time(job, url, Cache(folder))
        cached, cpu, requests = await _time(job, url, Cache(folder))
    return _Round(network, filling, cached, cpu, requests)


async def _time(job: Job, url: str, cache: Cache | None) -> tuple[float, float, int]:
    """Return the seconds by the clock and of CPU that a job takes, and its requests."""
    async with Currents(KEY, base_url=url, cache=cache) as currents:
        wall, cpu = time.perf_counter(), time.process_time()
        await job(currents)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        return wall, cpu, currents.traffic.requests
