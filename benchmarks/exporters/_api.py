"""The API as people call it by hand: aiohttp, a semaphore and `resp.json()`; with isal to inflate.

Nothing is tried again, and no rate limit is kept.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from isal import isal_zlib

from benchmarks.exporters import CONCURRENCY, Task

_PAGE = 100


class Api:
    """Answers as dicts, so many at once."""

    def __init__(self, session: aiohttp.ClientSession, task: Task) -> None:
        self._session = session
        self._task = task
        self._slots = asyncio.Semaphore(CONCURRENCY)

    async def run_ids(self) -> list[str]:
        """List all runs there are to export, page by page."""
        path = f"projects/{self._task.project_id}/runs"
        span = {
            "date_start": self._task.since.isoformat(),
            "date_end": self._task.until.isoformat(),
            "limit": _PAGE,
        }
        page = await self._get(path, span)
        runs = page["data"]
        while page["has_more"]:
            page = await self._get(path, {**span, "starting_after": runs[-1]["cursor"]})
            runs += page["data"]
        return [run["runId"] for run in runs]

    async def run(self, run_id: str) -> dict[str, Any]:
        """Fetch a run with its specs."""
        return (await self._get(f"runs/{run_id}"))["data"]

    async def instance(self, instance_id: str) -> dict[str, Any]:
        """Fetch an instance."""
        return (await self._get(f"instances/{instance_id}"))["data"]

    async def _get(self, path: str, query: dict[str, Any] | None = None) -> dict[str, Any]:
        url = f"{self._task.url}/{path}"
        async with self._slots, self._session.get(url, params=query) as response:
            response.raise_for_status()
            return await response.json()


@asynccontextmanager
async def connect(task: Task) -> AsyncIterator[Api]:
    """Open a session."""
    aiohttp.set_zlib_backend(isal_zlib)
    headers = {"Authorization": f"Bearer {task.key}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        yield Api(session, task)
