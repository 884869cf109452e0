"""A fake service for code that blocks: its event loop runs in a thread of its own."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime, timedelta

from anyio.from_thread import start_blocking_portal

from currents_async.testing import FakeCurrents, World
from currents_async.testing.clock import AnyClock
from tests.export.exporting import both_frameworks


@contextmanager
def serving(world: World, *, clock: AnyClock | None = None) -> Generator[FakeCurrents]:
    with start_blocking_portal() as portal:
        server = FakeCurrents(world, clock=clock)
        with portal.wrap_async_context_manager(server):
            yield server


def three_days(since: datetime, *, runs_a_day: int) -> World:
    """Make a world of two projects, one of Playwright and one of Cypress."""
    dates = [since + timedelta(days=1) / runs_a_day * number for number in range(3 * runs_a_day)]
    return both_frameworks(dates, specs=2, failures=1, flaky=1)
