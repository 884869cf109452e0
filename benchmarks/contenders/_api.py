"""The API as people call it by hand: aiohttp, a semaphore and `resp.json()`; with isal to inflate.

Nothing is tried again, and no rate limit is kept. Beside it, what all exports are given.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import aiohttp
from isal import isal_zlib

from benchmarks.server import KEY, SINCE

TABLES = ("runs", "specs", "tests", "attempts")
"""What is exported."""
CONCURRENCY = 16
"""Requests in flight, for all."""
_PAGE = 100


def until(days: int) -> datetime:
    """Return the end of what is exported, which begins at `SINCE`."""
    return SINCE + timedelta(days=days)


class Api:
    """Responses as dicts, a limited number at once."""

    def __init__(self, session: aiohttp.ClientSession, server: str, days: int) -> None:
        self._session = session
        self._server = server
        self._days = days
        self._slots = asyncio.Semaphore(CONCURRENCY)

    async def run_ids(self, project: str) -> list[str]:
        """List all runs there are to export of `projects/<id>`, page by page."""
        end = until(self._days).isoformat()
        query: dict[str, Any] = {"date_start": SINCE.isoformat(), "date_end": end, "limit": _PAGE}
        found: list[str] = []
        while True:
            page = await self._get(f"{project}/runs", query)
            found += [run["runId"] for run in page["data"]]
            if not page["has_more"]:
                return found
            query["starting_after"] = page["data"][-1]["cursor"]

    async def data(self, path: str) -> Any:
        """Fetch a run with its specs, or an instance."""
        return (await self._get(path))["data"]

    async def _get(self, path: str, query: dict[str, Any] | None = None) -> Any:
        url = f"{self._server}/{path}"
        async with self._slots, self._session.get(url, params=query) as response:
            response.raise_for_status()
            return await response.json()


@asynccontextmanager
async def open_api(server: str, days: int) -> AsyncIterator[Api]:
    """Open a session."""
    aiohttp.set_zlib_backend(isal_zlib)
    headers = {"Authorization": f"Bearer {KEY}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        yield Api(session, server, days)
