"""What people write: gather everything, make dicts, and have Arrow make tables of them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.contenders import Fetch, Take
from benchmarks.contenders._api import TABLES, Api, open_api
from benchmarks.contenders._rows import Row, Rows, rows_of_instance, rows_of_run

LABEL = "gather + resp.json() + pyarrow"
PACKAGES = ("aiohttp", "isal", "pyarrow")


@asynccontextmanager
async def connect(server: str, folder: str, days: int) -> AsyncIterator[Fetch]:
    """Fetch all there is, then write a file for each table."""

    async def fetch(path: str, take: Take) -> None:  # noqa: ARG001 - it writes files
        async with open_api(server, days) as api:
            tables = await _fetch(api, path)
        _write(tables, folder)

    yield fetch


def _write(tables: Rows, folder: str) -> None:
    for table, rows in tables.items():
        target = Path(folder, table)
        target.mkdir()
        pq.write_table(pa.Table.from_pylist(rows), target / "part-0.parquet")


async def _fetch(api: Api, path: str) -> Rows:
    runs = await asyncio.gather(*(api.data(f"runs/{one}") for one in await api.run_ids(path)))
    parts = await asyncio.gather(
        *(_fetch_rows(api, run, spec["instanceId"]) for run in runs for spec in run["specs"])
    )
    found: Rows = {table: [] for table in TABLES}
    for part in (*map(rows_of_run, runs), *parts):
        for table, rows in part.items():
            found[table] += rows
    return found


async def _fetch_rows(api: Api, run: Row, instance_id: str) -> Rows:
    # The response itself is not kept.
    return rows_of_instance(await api.data(f"instances/{instance_id}"), run)
