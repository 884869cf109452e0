"""Exports in processes of their own."""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from currents_async.export._write.target import ExportFormat
from currents_async.testing import FakeCurrents
from tests.export.chaos_child import Order

ROOT = Path(__file__).parents[2]
LATER = datetime(2026, 3, 1, tzinfo=UTC)
"""When all days of a world are over."""


def order(
    server: FakeCurrents, target: Path, export_format: ExportFormat, now: datetime = LATER
) -> Order:
    return Order(
        url=server.url,
        key=server.api_key,
        target=str(target),
        export_format=export_format,
        projects=[project.project_id for project in server.world.projects],
        now=now,
    )


@asynccontextmanager
async def at_work(work: Order) -> AsyncGenerator[asyncio.subprocess.Process]:
    """A child that has begun, or is about to."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-W", "error", "-m", "tests.export.chaos_child", msgspec.json.encode(work).decode()),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        assert child.stdout is not None
        assert await child.stdout.readline() == b"ready\n"
        yield child
    finally:
        if child.returncode is None:
            child.kill()
        await child.communicate()
