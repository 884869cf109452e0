"""How many instructions fixed workloads take, for where time is too noisy to compare checkouts.

Valgrind counts those of a process that does the work once, and of one that does it more often: the
difference leaves out the start of Python and the imports.
"""

import asyncio
import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from inspect import isawaitable
from pathlib import Path
from shutil import which
from typing import Any, NamedTuple

import msgspec

from benchmarks import payloads
from benchmarks.decoding import inflated, stream, whole
from benchmarks.processes import Failed
from benchmarks.report import Part, Report, number, table
from benchmarks.services import KEY, Files
from benchmarks.session import Session
from benchmarks.suites import Options
from currents_async import Currents
from currents_async.models import Instance

# Cachegrind counts the same instructions as Callgrind, in less than half of the time.
_VALGRIND = ("valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null")
_COUNT = re.compile(r"I\s+refs:\s+([\d,]+)")
_DECODER = msgspec.json.Decoder(Instance)


class _Given(NamedTuple):
    run: bytes
    """As gzip."""
    instance: bytes
    currents: Currents


_WORKLOADS: dict[str, tuple[int, Callable[[_Given], Any]]] = {
    "decode a run whole": (4, lambda given: whole(inflated(given.run))),
    "decode a run as a stream": (4, lambda given: stream(inflated(given.run))),
    "decode an instance": (100, lambda given: _DECODER.decode(given.instance)),
    "runs.get": (4, lambda given: given.currents.runs.get("playwright")),
    "instances.get": (100, lambda given: given.currents.instances.get("typical")),
    "runs.get_instances, 20 of them": (5, lambda given: given.currents.runs.get_instances("small")),
}
"""How often each is done more, and what it is."""


def run(options: Options) -> Report:
    """Count those of each workload; a server in a process of its own does not count."""
    if which("valgrind") is None:
        raise Failed("valgrind counts the instructions: install it, and put it on the PATH")
    jobs = [(name, n) for name, (more, _) in _WORKLOADS.items() for n in (1, 1 + more)]
    with Session() as session, ThreadPoolExecutor(2) as pool:
        payloads.write(session.folder, options.sizes)
        url = session.server.serve(Files(str(session.folder)))
        counts = dict(
            zip(jobs, pool.map(lambda job: _count(*job, session, url), jobs), strict=True)
        )
    found = {
        name: (counts[name, 1 + more] - counts[name, 1]) / more
        for name, (more, _) in _WORKLOADS.items()
    }
    columns = [("million instructions", lambda count: number(count / 1e6, 3))]
    part = Part([table("Each time", found, columns)], measured={"instructions": found})
    return Report(parts=[part], packages=["currents-async", "aiohttp", "msgspec", "isal"])


def _count(name: str, times: int, session: Session, url: str) -> int:
    work = (sys.executable, "-m", __name__, name, str(times), str(session.folder), url)
    done = subprocess.run([*_VALGRIND, *work], capture_output=True, text=True, check=False)  # noqa: S603
    found = _COUNT.search(done.stderr)
    if done.returncode or found is None:
        raise Failed(f"{name}:\n{done.stderr}")
    return int(found[1].replace(",", ""))


async def _work(name: str, times: int, folder: Path, url: str) -> None:
    run, instance = folder / f"{payloads.RUN}.json.gz", folder / f"{payloads.INSTANCE}.json"
    data = msgspec.json.decode(instance.read_bytes(), type=dict[str, msgspec.Raw])["data"]
    async with Currents(KEY, base_url=f"{url}/0ms,0Bps") as currents:
        given = _Given(run.read_bytes(), bytes(data), currents)
        for _ in range(times):
            result = _WORKLOADS[name][1](given)
            if isawaitable(result):
                await result


if __name__ == "__main__":
    asyncio.run(_work(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), sys.argv[4]))
