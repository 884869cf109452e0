import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from currents_async import Currents
from currents_async.testing import FakeCurrents, ManualClock, World
from currents_async.testing.cassettes import CassettePlayer, CassetteRecorder
from tests.support import KEY

Record = Callable[[], CassetteRecorder]
Connect = Callable[[CassetteRecorder | CassettePlayer], Currents]


@pytest.fixture(autouse=True)
async def nothing_leaks(caplog: pytest.LogCaptureFixture) -> AsyncIterator[None]:
    """No task is left, and no log shows the key."""
    caplog.set_level(logging.DEBUG)
    yield
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert KEY not in caplog.text


@pytest.fixture
def tape(tmp_path: Path) -> Path:
    return tmp_path / "cassettes" / "tape.json"


@pytest.fixture
async def upstream(world: World, nothing_leaks: None) -> AsyncIterator[FakeCurrents]:
    """What is recorded: the service, as far as a cassette can tell."""
    async with FakeCurrents(world, api_key=KEY) as server:
        yield server


@pytest.fixture
def record(upstream: FakeCurrents, tape: Path) -> Record:
    return lambda: CassetteRecorder(tape, base_url=upstream.url, api_key=KEY)


@pytest.fixture
def connect() -> Connect:
    """Make a client of a cassette, whose backoff takes no time."""
    return lambda server: Currents(server.api_key, base_url=server.url, clock=ManualClock())
