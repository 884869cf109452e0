"""Rows of tests and attempts out of decoded instances: `python -m benchmarks.rows [ROUNDS]`.

Prints how many rows a second of CPU are made by this library, and by hand, from the same models
into the same tables; and how many are decoded. A ratio is the median of those within the rounds.
"""

import gc
import sys
import time
from collections.abc import Callable, Sequence
from datetime import date
from statistics import median

import msgspec
import pyarrow as pa

from benchmarks.cores import pin
from benchmarks.dict_rows import tables_of
from benchmarks.report import Table, number, render
from currents_async.export._tables.rows import RowBuilder
from currents_async.models import Instance
from currents_async.testing import World

Tables = dict[str, pa.Table]
Ways = dict[str, Callable[[], object]]

_ROUNDS = 15
_BATCH = 4_096
_PROJECT, _DAY, _RUN = "AbC123", date(2026, 1, 5), "477f534243d9051c"
_OURS, _BY_HAND, _DECODED = "columns (ours)", "dicts by hand", "decoding alone"
_DECODER = msgspec.json.Decoder(Instance)


def main() -> int:
    """Measure, and print a table; return 1 when its numbers would mean nothing."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else _ROUNDS
    pin("client")
    texts = _texts()
    instances = [_DECODER.decode(text) for text in texts]
    tables = _by_hand(instances)
    if _ours(instances) != tables:
        sys.stderr.write("aborted: the ways make different tables\n")
        return 1
    times = _measure(
        {
            _OURS: lambda: _ours(instances),
            _BY_HAND: lambda: _by_hand(instances),
            _DECODED: lambda: [_DECODER.decode(text) for text in texts],
        },
        rounds,
    )
    count = sum(table.num_rows for table in tables.values())
    sys.stdout.write(render(_table(times, count)) + "\n")
    return 0


def _texts() -> list[bytes]:
    """Make instances up, without artifacts: their table is not part of this."""
    run = World(seed=1).project().run(specs=500, tests=8, failures=0.1, flaky=0.05)
    found = [run.instance(index) for index in range(len(run.specs))]
    for data in found:
        data["results"] = {"tests": data["results"]["tests"]}
    return [msgspec.json.encode(data) for data in found]


def _ours(instances: Sequence[Instance]) -> Tables:
    """Build as an export does: a table as soon as it has enough rows."""
    rows = RowBuilder(_PROJECT, _DAY)
    batches: list[tuple[str, pa.RecordBatch]] = []
    for instance in instances:
        rows.add_instance(_RUN, instance)
        batches += rows.take(at_least=_BATCH)
    batches += rows.take()
    return {
        table: pa.Table.from_batches([batch for name, batch in batches if name == table])
        for table in ("tests", "attempts")
    }


def _by_hand(instances: Sequence[Instance]) -> Tables:
    return tables_of(_PROJECT, _DAY, _RUN, instances)


def _measure(ways: Ways, rounds: int) -> dict[str, list[float]]:
    """Measure all ways in turn; the first round does not count."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds + 1):
        for name, work in ways.items():
            times[name].append(_time(work))
    return {name: seconds[1:] for name, seconds in times.items()}


def _time(work: Callable[[], object]) -> float:
    gc.collect()
    start = time.process_time()
    work()
    return time.process_time() - start


def _table(times: dict[str, list[float]], count: int) -> Table:
    ours = times[_OURS]
    return Table(
        f"{count} rows of tests and attempts",
        ("way", "rows a second", "x ours"),
        [
            (
                name,
                f"{count / median(seconds):,.0f}",
                number(median(one / mine for one, mine in zip(seconds, ours, strict=True)), 2),
            )
            for name, seconds in times.items()
        ],
    )


if __name__ == "__main__":
    sys.exit(main())
