"""The event loop of a test that anyio runs.

PYTEST_DONT_REWRITE: there are no assertions in here.
"""

import asyncio

import pytest


@pytest.fixture(name="_currents_loop_of_anyio")
async def find() -> asyncio.AbstractEventLoop:
    """Return the loop."""
    return asyncio.get_running_loop()
