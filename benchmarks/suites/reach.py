"""What speed is held to, row by row, out of the suites that measure it: the default suite."""

import subprocess
import sys
from collections.abc import Sequence
from itertools import chain

from msgspec.structs import replace

from benchmarks import payloads
from benchmarks.report import Column, Part, Reach, Report, at_most, table
from benchmarks.results import Results
from benchmarks.session import Session
from benchmarks.suites import Options, cache, decode, export
from benchmarks.suites._fan_outs import speed

_ROWS = (
    "fan-out CPU, x by hand",
    "CPU of a run, x by hand",
    "end-to-end CPU",
    "stall above raw read()",
    "gz to Structs",
    "fan-out wall, x ideal",
    " of an export",
    ", x cached",
    ": requests",
    "import",
    "small instances",
)
"""What the names of its rows have in them, in their order."""
_IMPORTS = {
    "aiohttp": "import aiohttp",
    "currents_async": "from currents_async import Currents",
    "neither": "pass",
}


def run(options: Options) -> Report:
    """Run these suites one after the other."""
    few = options.sizes is payloads.TINY
    reports = [
        decode.run(options),
        _small_instances(options, 40 if few else 3000),
        cache.run(options),
        export.run(options._replace(rounds=max(1, options.rounds // 3))),
        Report([_imports(max(3, options.rounds))], ["currents-async", "aiohttp"]),
    ]
    parts = list(chain.from_iterable(report.parts for report in reports))
    reach = [row for part in parts for row in part.reach]
    return Report(
        parts=[*(replace(part, reach=()) for part in parts), Part([], _chosen(reach))],
        packages=[name for report in reports for name in report.packages],
        missing={name: why for one in reports for name, why in one.missing.items()},
    )


def _chosen(reach: Sequence[Reach]) -> list[Reach]:
    return [row for name in _ROWS for row in reach if name in row.metric]


def _small_instances(options: Options, number: int) -> Report:
    with Session() as session:
        return session.report([speed(session, number, options)])


def _imports(rounds: int) -> Part:
    """Import in new processes, with bytecode on the disk."""
    samples: dict[str, list[float]] = {name: [] for name in _IMPORTS}
    for _ in range(1 + rounds):
        for name, work in _IMPORTS.items():
            code = f"{work}\nimport time; print(time.process_time())"
            samples[name].append(float(subprocess.check_output([sys.executable, "-c", code])))  # noqa: S603 - ours
    found = Results({name: ones[1:] for name, ones in samples.items()})
    to_aiohttp = found.ratio(float, "aiohttp")("currents_async")
    columns = [Column("CPU ms", found.of(lambda one: 1e3 * one))]
    return Part(
        [table("Imports in a new process", {name: name for name in _IMPORTS}, columns)],
        [at_most("import of Currents, CPU of the process, x aiohttp", to_aiohttp, 1.15, "x")],
        {"imports": found},
    )
