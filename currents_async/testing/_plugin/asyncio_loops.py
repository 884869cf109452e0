"""The event loop of a test that pytest-asyncio runs: a fixture for each scope of a loop.

PYTEST_DONT_REWRITE: there are no assertions in here.
"""

import asyncio
from typing import Literal

import pytest_asyncio


def _fixture(scope: Literal["function", "class", "module", "package", "session"]) -> object:
    @pytest_asyncio.fixture(name=f"_currents_loop_of_{scope}", loop_scope=scope)
    async def find() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    return find


of_function = _fixture("function")
of_class = _fixture("class")
of_module = _fixture("module")
of_package = _fixture("package")
of_session = _fixture("session")
