from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from currents_async import Currents
from currents_async.testing import FakeCurrents
from currents_async.testing.clock import ManualClock

Connect = Callable[..., Awaitable[Currents]]


@pytest.fixture
def clock() -> ManualClock:
    """A clock that jumps; with its dice a backoff is half of the longest it could be."""
    return ManualClock()


@pytest.fixture
async def connect(server: FakeCurrents, clock: ManualClock) -> AsyncIterator[Connect]:
    """Open a client of the fake server that goes by the clock, with options of its own."""
    async with AsyncExitStack() as stack:

        async def connect(**options: Any) -> Currents:
            options = {"base_url": server.url, "clock": clock, **options}
            return await stack.enter_async_context(Currents(server.api_key, **options))

        yield connect


@pytest.fixture
async def currents(connect: Connect) -> Currents:
    return await connect()
