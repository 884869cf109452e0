"""The services of `docs/guides/service.md`, each from its start to its end."""

import aiohttp
import httpx
import pytest
from aiohttp.test_utils import TestServer

from currents_async.testing import FakeCurrents, WorldProject, WorldRun
from tests.documentation import block_with


@pytest.fixture
def run(project: WorldProject) -> WorldRun:
    return project.run(specs=2, failures=1)


async def test_errors_have_a_status_of_their_own(service: FakeCurrents, run: WorldRun) -> None:
    app = block_with("make_service")["make_service"]()
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://service") as client,
    ):
        assert (await client.get(f"/runs/{run.run_id}")).status_code == 200
        assert (await client.get("/runs/nowhere")).status_code == 404
        service.fail("getRun", 400)
        assert (await client.get(f"/runs/{run.run_id}")).status_code == 502


@pytest.mark.usefixtures("service")
async def test_starlette(run: WorldRun) -> None:
    app = block_with("make_starlette")["make_starlette"]()
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://service") as client,
    ):
        response = await client.get(f"/runs/{run.run_id}")
    assert response.json()["runId"] == run.run_id


@pytest.mark.usefixtures("service")
async def test_aiohttp(run: WorldRun) -> None:
    app = block_with("make_aiohttp")["make_aiohttp"]()
    async with (
        TestServer(app) as server,
        aiohttp.ClientSession(server.make_url("/")) as session,
        session.get(f"/runs/{run.run_id}") as response,
    ):
        assert (await response.json())["runId"] == run.run_id
