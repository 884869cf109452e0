"""A pytest plugin: the fake service, a client of it, and webhooks that call your app.

    pytest_plugins = ["currents_async.testing.plugin"]  # in the conftest.py at the root

    async def test_bot(currents_world, currents_server, currents):
        run = currents_world.project().run(failures=2)
        currents_server.fail("getRun", times=2)
        assert await verdict(currents, run.run_id) == "2 failures"

A test must be run by pytest-asyncio, in any mode and with any loop scope, or by anyio's plugin.
Everything is made anew for each test, lives in the test's event loop, and is closed after it.

PYTEST_DONT_REWRITE: there are no assertions in here.
"""

import time
from collections.abc import Iterator

import pytest

from currents_async import Currents
from currents_async.testing import FakeCurrents, ManualClock, World
from currents_async.testing._plugin.loops import opened
from currents_async.testing._plugin.webhooks import WebhookApps

__all__ = ["currents", "currents_server", "currents_webhooks", "currents_world"]

pytest_plugins: list[str] = ["currents_async.testing._plugin.loops"]


@pytest.fixture
def currents_world() -> World:
    """Make the world of the service, empty at first. Override it where all tests need more."""
    return World(seed=1)


@pytest.fixture
def currents_server(
    request: pytest.FixtureRequest, currents_world: World
) -> Iterator[FakeCurrents]:
    """Run the service. Its clock starts now, and jumps over backoff; `advance` moves it on."""
    clock = ManualClock(wall=time.time())
    with opened(request, FakeCurrents(currents_world, assets=True, clock=clock)) as server:
        yield server


@pytest.fixture
def currents(request: pytest.FixtureRequest, currents_server: FakeCurrents) -> Iterator[Currents]:
    """Open a client of the service that uses the same clock."""
    server = currents_server
    client = Currents(server.api_key, base_url=server.url, clock=server.clock)
    with opened(request, client) as currents:
        yield currents


@pytest.fixture
def currents_webhooks(
    request: pytest.FixtureRequest,
    currents_server: FakeCurrents,
    currents: Currents,  # noqa: ARG001 - open for as long as the apps may need it
) -> Iterator[WebhookApps]:
    """Let webhooks of the service call your app."""
    with opened(request, WebhookApps(currents_server)) as webhooks:
        yield webhooks
