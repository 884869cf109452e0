"""dlt, fed with dicts: it infers the schema, normalizes all rows, and loads Parquet files."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import dlt
from dlt.destinations import filesystem

from benchmarks.exporters import Task
from benchmarks.exporters._api import Api, connect
from benchmarks.exporters._rows import Row, rows_of_instance, rows_of_run

LABEL = "dlt, fed with dicts"
PACKAGES = ("dlt", "aiohttp", "isal", "pyarrow")

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"


def export(task: Task, target: Path) -> None:
    """Run a pipeline that has not run before."""
    pipeline = dlt.pipeline(
        "benchmark",
        pipelines_dir=str(target / "pipelines"),
        destination=filesystem(bucket_url=(target / "lake").as_uri()),
        dataset_name="currents",
    )
    # Lists stay in their rows: else titles and tags become tables of their own.
    rows = dlt.resource(_rows, name="rows", max_table_nesting=0)(task)
    pipeline.run(rows, loader_file_format="parquet")


async def _rows(task: Task) -> AsyncIterator[Any]:
    async with connect(task) as api:
        for run_id in await api.run_ids():
            run = await api.run(run_id)
            for part in (rows_of_run(run), *await _fetch_instances(api, run)):
                for table, rows in part.items():
                    yield dlt.mark.with_table_name(rows, table)  # noqa: ASYNC119 - dlt ends it


async def _fetch_instances(api: Api, run: Row) -> list[dict[str, list[Row]]]:
    ids = [spec["instanceId"] for spec in run["specs"]]
    instances = await asyncio.gather(*map(api.instance, ids))
    return [rows_of_instance(instance, run) for instance in instances]
