"""A fake service for code that blocks: its event loop runs in a thread of its own."""

from collections.abc import Generator
from contextlib import contextmanager

from anyio.from_thread import start_blocking_portal

from currents_async.testing import FakeCurrents, World
from currents_async.testing.clock import AnyClock


@contextmanager
def serving(world: World, *, clock: AnyClock | None = None) -> Generator[FakeCurrents]:
    with start_blocking_portal() as portal:
        server = FakeCurrents(world, clock=clock)
        with portal.wrap_async_context_manager(server):
            yield server
