from collections.abc import AsyncIterator

import pytest

from currents_async import Currents
from currents_async.testing import FakeCurrents
from currents_async.testing.clock import ManualClock
from tests.watch.watching import open_client


@pytest.fixture
def clock() -> ManualClock:
    """A clock that jumps, whose random numbers add no jitter."""
    return ManualClock()


@pytest.fixture
async def currents(server: FakeCurrents, clock: ManualClock) -> AsyncIterator[Currents]:
    async with open_client(server, clock) as currents:
        yield currents
