"""A fake service for code that blocks: its event loop runs in a thread of its own."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime, timedelta

from anyio.from_thread import start_blocking_portal

from currents_async.testing import FakeCurrents, World
from currents_async.testing.clock import AnyClock


@contextmanager
def serving(world: World, *, clock: AnyClock | None = None) -> Generator[FakeCurrents]:
    with start_blocking_portal() as portal:
        server = FakeCurrents(world, clock=clock)
        with portal.wrap_async_context_manager(server):
            yield server


def three_days(since: datetime, *, runs_a_day: int) -> World:
    """Make a world of two projects, one of Playwright and one of Cypress."""
    world = World(seed=1)
    for framework in ("playwright", "cypress"):
        project = world.project()
        for number in range(3 * runs_a_day):
            at = since + timedelta(days=1) / runs_a_day * number
            project.run(specs=2, failures=1, flaky=1, framework=framework, created_at=at)
    return world
