"""What people write: gather everything, make dicts, and have Arrow make tables of them."""

import asyncio
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.exporters import TABLES, Task
from benchmarks.exporters._api import Api, connect
from benchmarks.exporters._rows import Row, Rows, rows_of_instance, rows_of_run

LABEL = "gather + resp.json() + pyarrow"
PACKAGES = ("aiohttp", "isal", "pyarrow")


def export(task: Task, target: Path) -> None:
    """Fetch all there is, then write a file for each table."""
    for table, rows in asyncio.run(_fetch(task)).items():
        folder = target / table
        folder.mkdir()
        pq.write_table(pa.Table.from_pylist(rows), folder / "part-0.parquet")


async def _fetch(task: Task) -> Rows:
    async with connect(task) as api:
        runs = await asyncio.gather(*map(api.run, await api.run_ids()))
        parts = await asyncio.gather(
            *(_fetch_rows(api, run, spec["instanceId"]) for run in runs for spec in run["specs"])
        )
    found: Rows = {table: [] for table in TABLES}
    for part in (*map(rows_of_run, runs), *parts):
        for table, rows in part.items():
            found[table] += rows
    return found


async def _fetch_rows(api: Api, run: Row, instance_id: str) -> Rows:
    # The answer itself is not kept.
    return rows_of_instance(await api.instance(instance_id), run)
