"""Ours: typed models, columns, backpressure, and files that are whole or not there."""

import asyncio
from pathlib import Path

from benchmarks.exporters import CONCURRENCY, TABLES, Task
from currents_async import Currents, Limits
from currents_async.export import export as export_runs

LABEL = "export (ours)"
PACKAGES = ("currents-async", "aiohttp", "msgspec", "isal", "pyarrow")


def export(task: Task, target: Path) -> None:
    """Export with default options."""
    asyncio.run(_export(task, target))


async def _export(task: Task, target: Path) -> None:
    limits = Limits(concurrency=CONCURRENCY, rate=task.rate)
    async with Currents(task.key, base_url=task.url, limits=limits) as currents:
        await export_runs(
            currents,
            target,
            projects=[task.project_id],
            since=task.since,
            until=task.until,
            tables=TABLES,
        )
