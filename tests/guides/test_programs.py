"""The shorter programs of the guides, as printed."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from currents_async import Currents, InvalidArgumentError, ServerError
from currents_async.models import ListedRun
from currents_async.receiver import SeenRuns
from currents_async.testing import FakeCurrents, World, WorldProject
from tests.documentation import block_with


async def test_webhooks_that_never_came(server: FakeCurrents, project: WorldProject) -> None:
    now = datetime.now(UTC)
    runs = [project.run(specs=1, created_at=now - timedelta(hours=hours)) for hours in (1, 2, 9)]
    seen, handled = SeenRuns(), list[str]()
    seen.add(runs[0].run_id)

    async def handle(run: ListedRun) -> None:
        handled.append(run.run_id)

    catch_up = block_with("catch_up")["catch_up"]
    client = Currents(server.api_key, base_url=server.url, project_id=project.project_id)
    async with client as currents:
        assert await catch_up(currents, seen, handle) == 1
    assert handled == [runs[1].run_id]


async def test_each_change_is_told_once(
    service: FakeCurrents, project: WorldProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CURRENTS_PROJECT_ID", project.project_id)
    begin = datetime.now(UTC) - timedelta(hours=12)
    for hours in range(8):
        created = begin + timedelta(hours=hours)
        project.run(specs=1, tests=1, failures=int(hours >= 4), created_at=created)
    news, bookmark = block_with("news")["news"], tmp_path / "bookmark"
    async with Currents(service.api_key, base_url=service.url) as currents:
        [told] = await news(currents, bookmark)
        assert told.startswith("broke: ")
        assert await news(currents, bookmark) == []


async def test_traces_are_saved(world: World, project: WorldProject, tmp_path: Path) -> None:
    run = project.run(specs=2, tests=2, failures=1, flaky=0)
    async with (
        FakeCurrents(world, assets=True) as server,
        Currents(server.api_key, base_url=server.url) as currents,
    ):
        saved = await block_with("save_traces")["save_traces"](currents, run.run_id, tmp_path)
    assert saved
    assert all(path.suffix == ".zip" and path.stat().st_size for path in saved)


@pytest.fixture
def tests_of() -> Any:
    """Load what it imports outside of the event loop of the test."""
    return block_with("tests_of")["tests_of"]


async def test_the_tests_of_a_run_as_a_table(
    currents: Currents, project: WorldProject, tests_of: Any
) -> None:
    run = project.run(specs=2, tests=3)
    table = await tests_of(currents, run.run_id)
    assert table.num_rows == 6


@pytest.mark.usefixtures("service")
async def test_a_cache_saves_requests(project: WorldProject, tmp_path: Path) -> None:
    before, after = (project.run(specs=2).run_id for _ in range(2))
    changed_twice = block_with("changed_twice")["changed_twice"]
    first, second = await changed_twice(before, after, str(tmp_path / "cache"))
    assert first == second == 6


@pytest.mark.usefixtures("service")
async def test_the_rate_without_a_limit(project: WorldProject) -> None:
    run_id = project.run(specs=2).run_id
    told = await block_with("fetch_and_tell")["fetch_and_tell"](run_id)
    assert told == "no limit found; 0 requests refused"


@pytest.mark.usefixtures("service")
async def test_a_script_and_what_replaces_it(currents: Currents, project: WorldProject) -> None:
    run = project.run(specs=4, failures=3, unclaimed=1)  # which is in progress
    failed = [project.run(specs=1, failures=1).run_id for _ in range(3)][::-1]

    by_hand = block_with("failed_titles_before")["failed_titles_before"]
    titles = await asyncio.to_thread(by_hand, run.run_id)
    assert titles == await block_with("failed_titles")["failed_titles"](run.run_id)
    assert len(titles) == 3
    by_hand = block_with("failed_runs_before")["failed_runs_before"]
    assert await asyncio.to_thread(by_hand, project.project_id) == failed
    assert await block_with("failed_runs")["failed_runs"](currents, project.project_id) == failed


async def test_a_request_without_a_method(currents: Currents, project: WorldProject) -> None:
    assert project.name
    assert await block_with("names")["names"](currents) == ["Web shop"]


async def test_an_outage() -> None:
    await block_with("test_an_outage")["test_an_outage"]()


@pytest.mark.usefixtures("service")
async def test_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    behind_a_proxy = block_with("behind_a_proxy")["behind_a_proxy"]
    assert isinstance(behind_a_proxy("http://127.0.0.1:3128"), Currents)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:3128")
    assert isinstance(behind_a_proxy(), Currents)
    with pytest.raises(InvalidArgumentError, match="SOCKS"):
        behind_a_proxy("socks5://127.0.0.1:1080")


async def test_an_authority_of_ones_own(
    tls_server: str, authority: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "company.pem"))
    monkeypatch.setenv("CURRENTS_API_KEY", "key")
    monkeypatch.setenv("CURRENTS_REST_API_URL", tls_server)
    trusting = block_with("trusting_our_authority")["trusting_our_authority"]
    async with trusting(str(tmp_path / "company.pem")) as currents:
        with pytest.raises(ServerError):  # which came through TLS
            await currents.runs.get("a")
    with pytest.raises(ssl.SSLError):
        trusting(__file__)


async def test_on_premises(server: FakeCurrents, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CURRENTS_API_KEY", server.api_key)
    monkeypatch.setenv("CURRENTS_REST_API_URL", "https://elsewhere.example.com")
    async with block_with("on_premises")["on_premises"](server.url) as currents:
        assert [run async for run in currents.projects.list()] == []
