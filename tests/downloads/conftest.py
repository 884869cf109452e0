from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from currents_async import Currents
from currents_async.testing import FakeCurrents
from tests.downloads.asset_host import AssetHost, until
from tests.support import NoBackoff


@pytest.fixture
async def host() -> AsyncIterator[AssetHost]:
    host = AssetHost()
    app = web.Application()
    app.router.add_get("/{path:.*}", host.handle)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.01)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield host
    assert not host.responses
    await until(host.is_idle)
    await runner.cleanup()


@pytest.fixture
async def currents(server: FakeCurrents, host: AssetHost) -> AsyncIterator[Currents]:
    async with Currents(server.api_key, base_url=server.url, clock=NoBackoff()) as currents:
        host.wire_bytes = lambda: currents.traffic.wire_bytes
        yield currents


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A directory that contains only what a test downloads."""
    folder = tmp_path / "assets"
    folder.mkdir()
    return folder
