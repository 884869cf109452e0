"""dlt, fed with dicts: it infers the schema, normalizes all rows, and loads Parquet files."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import dlt
from dlt.destinations import filesystem

from benchmarks.contenders import Fetch, Take
from benchmarks.contenders._api import open_api
from benchmarks.contenders._rows import rows_of_instance, rows_of_run

LABEL = "dlt, fed with dicts"
PACKAGES = ("dlt", "aiohttp", "isal", "pyarrow")

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"


@asynccontextmanager
async def connect(server: str, folder: str, days: int) -> AsyncIterator[Fetch]:
    """Run a pipeline that has not run before."""

    async def rows(path: str) -> AsyncIterator[Any]:
        async with open_api(server, days) as api:
            for run_id in await api.run_ids(path):
                run = await api.data(f"runs/{run_id}")
                paths = [f"instances/{spec['instanceId']}" for spec in run["specs"]]
                instances = await asyncio.gather(*map(api.data, paths))
                for part in (rows_of_run(run), *(rows_of_instance(one, run) for one in instances)):
                    for table, found in part.items():
                        yield dlt.mark.with_table_name(found, table)  # noqa: ASYNC119 - dlt ends it

    async def fetch(path: str, take: Take) -> None:  # noqa: ARG001 - it writes files
        pipeline = dlt.pipeline(
            "benchmark",
            pipelines_dir=str(Path(folder, "pipelines")),
            destination=filesystem(bucket_url=Path(folder, "lake").as_uri()),
            dataset_name="currents",
        )
        # Lists stay in their rows: else titles and tags become tables of their own.
        resource = dlt.resource(rows, name="rows", max_table_nesting=0)(path)
        await asyncio.to_thread(pipeline.run, resource, loader_file_format="parquet")

    yield fetch
