"""Rows of tests and attempts out of decoded instances, by the export's own way and by hand."""

from collections.abc import Sequence
from datetime import date
from statistics import median
from typing import Any

import msgspec
import pyarrow as pa

from benchmarks.contenders._rows import rows_of_instance
from benchmarks.processes import Failed, pin
from benchmarks.report import Part, Report, number, table
from benchmarks.results import ratio
from benchmarks.suites import Options
from benchmarks.timing import Comparison, compare
from currents_async.export._tables.rows import RowBuilder
from currents_async.export._tables.schemas import SCHEMAS
from currents_async.models import Instance
from currents_async.testing import World

Tables = dict[str, pa.Table]

_BATCH = 4_096
_PROJECT, _DAY, _RUN = "AbC123", date(2026, 1, 5), "477f534243d9051c"
_OURS, _BY_HAND, _DECODED = "columns (ours)", "dicts by hand", "decoding alone"
_DECODER = msgspec.json.Decoder(Instance)


def run(options: Options) -> Report:
    """Measure everything, in this process; `Failed` when the ways make different tables."""
    pin("client")
    documents = _documents(round(500 * options.scale))
    texts = [msgspec.json.encode(one) for one in documents]
    instances = [_DECODER.decode(text) for text in texts]
    tables = _ours(instances)
    if tables != _by_hand(documents):
        raise Failed("the ways make different tables")
    ways: Comparison = {
        _OURS: lambda: _ours(instances),
        _BY_HAND: lambda: _by_hand(documents),
        _DECODED: lambda: [_DECODER.decode(text) for text in texts],
    }
    times = compare(ways, options.rounds)
    count = sum(one.num_rows for one in tables.values())
    shown = table(
        f"{count} rows of tests and attempts",
        times,
        [
            ("rows a second", lambda seconds: f"{count / median(seconds):,.0f}"),
            ("x ours", lambda seconds: number(ratio(seconds, times[_OURS]), 2)),
        ],
        "way",
    )
    part = Part([shown], measured={"times": times})
    return Report(parts=[part], packages=["currents-async", "msgspec", "pyarrow"])


def _documents(specs: int) -> list[dict[str, Any]]:
    """Make instances up, without artifacts: their table is not part of this."""
    run = World(seed=1).project().run(specs=specs, tests=8, failures=0.1, flaky=0.05)
    found = [run.instance(index) for index in range(specs)]
    return [{**one, "results": {"tests": one["results"]["tests"]}} for one in found]


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


def _by_hand(documents: Sequence[dict[str, Any]]) -> Tables:
    run = {"projectId": _PROJECT, "createdAt": _DAY.isoformat(), "runId": _RUN}
    found: dict[str, list[dict[str, Any]]] = {"tests": [], "attempts": []}
    for document in documents:
        for name, rows in rows_of_instance(document, run).items():
            found[name] += rows
    return {name: _as_ours(pa.Table.from_pylist(rows), name) for name, rows in found.items()}


def _as_ours(made: pa.Table, table: str) -> pa.Table:
    """Give a table the types of ours, and the columns that the world leaves empty."""
    schema = SCHEMAS[table]
    columns = [
        made[field.name].cast(field.type)
        if field.name in made.column_names
        else pa.nulls(made.num_rows, field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)
