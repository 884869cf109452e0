"""How many instructions fixed workloads take, for where time is too noisy to compare checkouts.

Valgrind counts those of a process that does the work once, and of one that does it more often: the
difference leaves out the start of Python and the imports. Cachegrind counts the same instructions
as Callgrind, in less than half of the time.
"""

import asyncio
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shutil import which

import msgspec

from benchmarks import payloads
from benchmarks.bytecodes import count_bytecodes
from benchmarks.contenders import load
from benchmarks.processes import Failed
from benchmarks.report import Column, Part, Report, at_most, table
from benchmarks.server import Files
from benchmarks.session import Session
from benchmarks.suites import Options
from benchmarks.suites._decoding import inflated, stream, whole
from benchmarks.worker import Taken
from currents_async.models import Instance

_VALGRIND = ("valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null")
_COUNT = re.compile(r"I\s+refs:\s+([\d,]+)")
_DECODING = {"decode a run": 4, "stream a run": 4, "decode an instance": 99}
_FETCHING = {
    ("currents:get", payloads.INSTANCE): 99,
    ("by_hand:get", payloads.INSTANCE): 99,
    ("currents:fan_out", payloads.FANOUT): 1,
    ("by_hand:fan_out", payloads.FANOUT): 1,
    ("currents:get", payloads.RUN): 3,
    ("currents:each", payloads.RUN): 3,
    ("currents:stream", payloads.RUN): 3,
    ("by_hand:get", payloads.RUN): 3,
}
"""Contenders, and what they fetch."""
_WORKLOADS = _DECODING | {f"{contender} {path}": n for (contender, path), n in _FETCHING.items()}
"""With how often each is done more."""
_PROMISED = (("currents:fan_out", "by_hand:fan_out", payloads.FANOUT, 1.12),)


def run(options: Options) -> Report:
    """Count those of each workload; a server in a process of its own does not count."""
    if which("valgrind") is None:
        raise Failed("valgrind counts the instructions: install it, and put it on the PATH")
    with Session() as session, ThreadPoolExecutor(2) as pool:
        payloads.write(session.folder, options.sizes)
        url = session.server.serve(Files(str(session.folder)))
        counts = pool.map(lambda name: _measure(name, session.folder, url), _WORKLOADS)
        found = dict(zip(_WORKLOADS, counts, strict=True))
        bytecodes = _bytecodes(url)
    columns = [Column[float]("million instructions", lambda count: count / 1e6, 3)]
    reach = [
        at_most(
            f"instructions, x by hand: {ours} {path}",
            found[f"{ours} {path}"] / found[f"{by_hand} {path}"],
            bound,
            "x",
        )
        for ours, by_hand, path, bound in _PROMISED
    ]
    part = Part([table("Each time", found, columns)], reach, {"instructions": found})
    return Report(
        parts=[part, bytecodes], packages=["currents-async", "aiohttp", "msgspec", "isal"]
    )


def _bytecodes(url: str) -> Part:
    """Tell by package what a small response takes, and a fan-out over many."""
    tables: list[str] = []
    measured: dict[str, dict[str, int]] = {}
    for ours, by_hand, path in (
        ("currents:get", "by_hand:get", payloads.INSTANCE),
        ("currents:fan_out", "by_hand:fan_out", payloads.FANOUT),
    ):
        one, other = (asyncio.run(count_bytecodes(name, path, url)) for name in (ours, by_hand))
        packages = {package: package for package, _ in (one | other).most_common()}
        rows = {"all": "all", **packages}
        one["all"], other["all"] = one.total(), other.total()
        columns = [Column[str]("ours", one.get, 0), Column[str]("by hand", other.get, 0)]
        tables.append(table(f"Bytecodes of {path}", rows, columns))
        measured |= {ours: one, by_hand: other}
    return Part(tables, measured={"bytecodes": measured})


def _measure(name: str, folder: Path, url: str) -> float:
    more = _WORKLOADS[name]
    return (_count(name, 1 + more, folder, url) - _count(name, 1, folder, url)) / more


def _count(name: str, times: int, folder: Path, url: str) -> int:
    work = (*_VALGRIND, sys.executable, "-m", __name__, name, str(times), str(folder), url)
    environment = {**os.environ, "PYTHONHASHSEED": "0"}  # or dicts differ
    done = subprocess.run(work, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    found = _COUNT.search(done.stderr)
    if done.returncode or found is None:
        raise Failed(f"{name}:\n{done.stderr}")
    return int(found[1].replace(",", ""))


def _decode(name: str, times: int, folder: Path) -> None:
    packed = (folder / f"{payloads.RUN}.json.gz").read_bytes()
    instance = (folder / f"{payloads.INSTANCE}.json").read_bytes()
    decoder = msgspec.json.Decoder(dict[str, Instance | str])
    for _ in range(times):
        if name == "decode a run":
            whole(inflated(packed))
        elif name == "stream a run":
            stream(inflated(packed))
        else:
            decoder.decode(instance)


async def _fetch(contender: str, path: str, times: int, url: str) -> None:
    async with load(contender).connect(url) as fetch:
        for _ in range(times):
            await fetch(path, Taken())


def _work(name: str, times: int, folder: Path, url: str) -> None:
    if name in _DECODING:
        _decode(name, times, folder)
    else:
        contender, path = name.split()
        asyncio.run(_fetch(contender, path, times, url))


if __name__ == "__main__":
    _work(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), sys.argv[4])
