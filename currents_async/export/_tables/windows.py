"""The table of what has been exported, which every target has beside those of the runs."""

from datetime import datetime
from typing import Any

import pyarrow as pa

from currents_async.arrow._kinds import COUNT, MOMENT, TEXT, WHOLE
from currents_async.export._tables.table import PROJECT_AND_DAY, Column
from currents_async.export._windows import Window

WINDOWS = "windows"
"""The name of the table."""

_COLUMNS = (
    *PROJECT_AND_DAY,
    Column("exported_at", MOMENT, "When the export began that its rows are from."),
    Column(
        "state",
        TEXT,
        "`final`, or why the day is exported again with `resume`: `not over` when it was exported, "
        "`open runs` that had not ended, `missing` what could not be fetched.",
        nullable=False,
    ),
    Column("open_runs", COUNT, "Runs that had not ended.", nullable=False),
    Column("missing", COUNT, "What could not be fetched, and is tried again.", nullable=False),
    Column("rows", WHOLE, "The rows of the day, in all tables.", nullable=False),
)
SCHEMA = pa.schema(
    [column.field for column in _COLUMNS],
    metadata={
        "table": WINDOWS,
        "key": "project_id,day",
        "doc": "The days of projects that have been exported, one row each, with or without runs.",
    },
)


def window_row(
    window: Window,
    *,
    exported_at: datetime | None,
    state: str,
    open_runs: int,
    missing: int,
    rows: int,
) -> Any:
    """Make the row of a window."""
    cells = (window.project_id, window.day, exported_at, state, open_runs, missing, rows)
    arrays = [column.kind.array([cell]) for column, cell in zip(_COLUMNS, cells, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)
