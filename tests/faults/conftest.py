import asyncio
import logging
from collections.abc import AsyncIterator

import pytest

from tests.support import KEY


@pytest.fixture(autouse=True)
async def nothing_leaks(caplog: pytest.LogCaptureFixture) -> AsyncIterator[None]:
    """No task is left, and no log shows the key."""
    caplog.set_level(logging.DEBUG)
    yield
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert KEY not in caplog.text
