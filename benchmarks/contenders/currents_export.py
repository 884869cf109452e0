"""Ours: typed models, columns, backpressure, and files that are whole or not there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from benchmarks.contenders import Fetch, Take
from benchmarks.contenders._api import CONCURRENCY, TABLES, until
from benchmarks.server import SINCE
from currents_async import Currents, Limits
from currents_async.export import export

LABEL = "export (ours)"
PACKAGES = ("currents-async", "aiohttp", "msgspec", "isal", "pyarrow")


@asynccontextmanager
async def connect(
    server: str, folder: str, days: int, rate: float | None = None
) -> AsyncIterator[Fetch]:
    """Export with default options, and the rate limit if it is known."""
    limits = Limits(concurrency=CONCURRENCY, rate=rate)

    async def fetch(path: str, take: Take) -> None:  # noqa: ARG001 - it writes files
        projects = [path.removeprefix("projects/")]
        async with Currents("key", base_url=server, limits=limits) as currents:
            await export(
                currents, folder, projects=projects, since=SINCE, until=until(days), tables=TABLES
            )

    yield fetch
