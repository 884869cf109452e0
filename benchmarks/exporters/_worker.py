"""A contender in its own process: exports what it is told to on its input, a line at a time."""

import gc
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from benchmarks import exporters
from benchmarks.cores import pin
from benchmarks.exporters import TABLES, Contender, Task
from benchmarks.gauges import PeakMemory, can_weigh
from benchmarks.worker import Hello


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What to export."""

    task: Task
    warm: Task
    """What to export just before, so that the code has run."""


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured; times in seconds, sizes in bytes."""

    rows: dict[str, int]
    """By table, in the files."""
    wall: float
    cpu: float
    """Of all threads, user and system."""
    peak: int | None
    """Growth of resident memory, at its highest, where it can be measured."""


def _obey(contender: Contender, order: Order) -> Sample:
    with TemporaryDirectory() as name:
        contender.export(order.warm, Path(name))
    with TemporaryDirectory() as name:
        return _measure(contender, order.task, Path(name))


def _measure(contender: Contender, task: Task, target: Path) -> Sample:
    gc.collect()
    memory = PeakMemory() if can_weigh() else None
    wall, cpu = time.perf_counter(), time.process_time()
    contender.export(task, target)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    peak = None if memory is None else memory.peak()
    rows = {table: _count_rows(target, table) for table in TABLES}
    return Sample(rows=rows, wall=wall, cpu=cpu, peak=peak)


def _count_rows(target: Path, table: str) -> int:
    import pyarrow.parquet as pq  # noqa: PLC0415 - a contender has it loaded by now

    found = target.glob(f"**/{table}/**/*.parquet")
    return sum(pq.read_metadata(path).num_rows for path in found)


def _say(answer: Hello | Sample) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
    sys.stdout.buffer.flush()


def main() -> None:
    """Load a contender and obey."""
    try:
        contender = exporters.load(sys.argv[1])
    except ModuleNotFoundError as error:
        _say(Hello(missing=error.name))
        return
    pin("client")
    _say(Hello(contender.LABEL, contender.PACKAGES))
    for line in sys.stdin.buffer:
        _say(_obey(contender, msgspec.json.decode(line, type=Order)))


if __name__ == "__main__":
    main()
