"""An export in a process of its own, to be killed: `python -m tests.export.chaos_child <order>`."""

import asyncio
import signal
import sys
from datetime import UTC, datetime

import msgspec

from currents_async import Currents
from currents_async._clock import SystemClock
from currents_async.export._export import export
from currents_async.export._write.target import ExportFormat

SINCE = datetime(2026, 1, 5, tzinfo=UTC)
UNTIL = datetime(2026, 1, 8, tzinfo=UTC)


class Order(msgspec.Struct, frozen=True, kw_only=True):
    url: str
    key: str
    target: str
    export_format: ExportFormat
    projects: list[str]
    now: datetime
    """What days are over by: those that are not are done again."""


async def carry_out(order: Order) -> None:
    class Clock(SystemClock):
        wall = staticmethod(order.now.timestamp)

    async with Currents(order.key, base_url=order.url, clock=Clock()) as currents:
        await export(
            currents,
            order.target,
            projects=order.projects,
            since=SINCE,
            until=UNTIL,
            format=order.export_format,
            resume=True,
        )


async def _begin(order: Order) -> None:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await carry_out(order)


if __name__ == "__main__":
    try:
        asyncio.run(_begin(msgspec.json.decode(sys.argv[1], type=Order)))
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(130)
