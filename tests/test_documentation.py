import re
from datetime import UTC, datetime, timedelta
from importlib import import_module
from itertools import chain
from pathlib import Path

import httpx
import pyarrow.parquet as pq
import pytest
from aiohttp.test_utils import TestServer

from currents_async import Currents
from currents_async.testing import FakeCurrents, World, WorldProject
from tests import operations
from tests.documentation import BLOCKS, TEXT, block_with, source_with

PROGRAMS = ("examples", "recipes")
# A block imports it in a running event loop, where files must not be read.
import_module("currents_async.export")


@pytest.fixture(autouse=True)
def service(server: FakeCurrents, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CURRENTS_API_KEY", server.api_key)
    monkeypatch.setenv("CURRENTS_API_URL", server.url)


async def test_service(
    currents: Currents, project: WorldProject, capsys: pytest.CaptureFixture[str]
) -> None:
    run = project.run(specs=30, failures=2)
    block = block_with("failing_tests")
    titles = await block["failing_tests"](currents, run.run_id)
    assert len(titles) == 2
    await block["main"](run.run_id)
    assert capsys.readouterr().out == f"{titles}\n"


async def test_the_first_program_of_the_tutorial(
    project: WorldProject, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CURRENTS_PROJECT_ID", project.project_id)
    project.run(specs=5, failures=1)
    run = project.run(specs=5, failures=2)
    await block_with("newest_failures")["main"]()
    first, *titles = capsys.readouterr().out.splitlines()
    assert (first, len(titles)) == (f"{run.run_id} FAILED", 2)


async def test_one_key_in_several_processes(currents: Currents) -> None:
    async with block_with("client_of")["client_of"](workers=4, per_second=20) as client:
        assert client.rate.per_second == pytest.approx(5, rel=0.05)


async def test_bot(project: WorldProject, monkeypatch: pytest.MonkeyPatch) -> None:
    verdict = block_with("verdict")["verdict"]
    assert await verdict(project.project_id, "main") == "nothing has run on main yet"
    project.run(specs=3, branch="main", failures=0)
    project.run(specs=3, branch="dev", failures=1)
    assert await verdict(project.project_id, "main") == "main is green"
    assert await verdict(project.project_id, "dev") == "dev is red"
    monkeypatch.setenv("CURRENTS_API_KEY", "wrong")
    assert (await verdict(project.project_id, "main")).startswith("cannot tell: findRun")


async def test_tokens(currents: Currents, server: FakeCurrents, project: WorldProject) -> None:
    run, fetched = project.run(specs=1, failures=1), list[str]()

    async def fetch() -> tuple[str, float]:
        fetched.append(server.issue_token(expires_in=3600))
        return fetched[-1], 3600

    block = block_with("is_red_to")
    token = block["Token"](fetch)
    assert [await block["is_red_to"](currents, token, run.run_id) for _ in range(2)] == [True] * 2
    assert [request.api_key for request in server.requests] == fetched * 2


async def test_bulk_job(
    server: FakeCurrents, project: WorldProject, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = project.run(specs=30, unclaimed=1)
    missing = run.specs[4].instance_id
    assert missing is not None
    server.fail("getInstance", status=404, path_args={"instance_id": missing})
    await block_with("save")["save"](run.run_id, tmp_path / "run.ndjson")
    assert len((tmp_path / "run.ndjson").read_bytes().splitlines()) == 28
    complaints = capsys.readouterr().err
    assert "not claimed yet" in complaints
    assert f"getInstance (GET {server.url}/instances/{missing}): 404" in complaints


async def test_stream(currents: Currents, project: WorldProject) -> None:
    run = project.run(specs=20, unclaimed=2)
    paths = [spec.path for spec in run.specs if spec.instance_id is None]
    assert len(paths) == 2
    assert await block_with("unfinished")["unfinished"](currents, run.run_id) == paths


async def test_what_happened(world: World, project: WorldProject) -> None:
    run = project.run(specs=1, tests=1, failures=1, flaky=0)
    async with (
        FakeCurrents(world, assets=True) as server,
        Currents(server.api_key, base_url=server.url) as currents,
    ):
        instance = await currents.instances.get(str(run.specs[0].instance_id))
        test_id = instance.tests[0].test_id
        block = block_with("what_happened")
        digest = await block["what_happened"](currents, instance.instance_id, test_id)
    assert "- State: failed" in digest


async def test_attach_report(world: World, project: WorldProject, tmp_path: Path) -> None:
    run = project.run(specs=1)
    report = tmp_path / "report.html"
    report.write_text("<p>slow")
    async with (
        FakeCurrents(world, assets=True) as server,
        Currents(server.api_key, base_url=server.url) as currents,
    ):
        attach = block_with("attach_report")["attach_report"]
        await attach(currents, run.run_id, str(report))
    assert [one.content for one in world.attachments.values()] == [b"<p>slow"]


async def test_lists(project: WorldProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CURRENTS_PROJECT_ID", project.project_id)
    runs = [project.run(specs=4, failures=1, flaky=2) for _ in range(3)]
    since = datetime.now(UTC) - timedelta(days=3650)
    block = block_with("flaky_tests")
    async with Currents() as currents:
        assert 1 <= len(await block["flaky_tests"](currents, since)) <= 6
        found, bookmark = await block["next_failures"](currents, None)
        assert found == [run.run_id for run in reversed(runs)]
        assert await block["next_failures"](currents, bookmark) == ([], bookmark)


async def test_patience(
    server: FakeCurrents, project: WorldProject, caplog: pytest.LogCaptureFixture
) -> None:
    project.run(specs=3, failures=1)
    server.fail("findRun", times=2)
    assert await block_with("is_red")["is_red"](project.project_id)
    assert caplog.text.count("ServerError") == 2


async def test_gate(currents: Currents, project: WorldProject) -> None:
    new_failures = block_with("new_failures")["new_failures"]
    first = project.run(specs=4, tests=2, failures=1)
    second = project.run(specs=4, tests=2, failures=0)
    third = project.run(specs=4, tests=2, failures=2)
    found = [await new_failures(currents, run.run_id) for run in (first, second, third)]
    assert [len(titles) for titles in found] == [1, 0, 2]


async def test_webhooks(
    server: FakeCurrents,
    project: WorldProject,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = project.run(specs=4, failures=2)
    monkeypatch.setenv("CURRENTS_WEBHOOK_SECRET", "s")
    async with TestServer(await block_with("failure_bot")["main"]()) as bot:
        to = str(bot.make_url("/webhooks/currents"))
        [delivery] = await server.emit(run, "RUN_FINISH", to=to, headers={"X-Secret": "s"})
        assert delivery.status == 202
    # Once left, it has handled what it accepted.
    assert capsys.readouterr().out == f"https://app.currents.dev/run/{run.run_id}: 2 failed\n"


async def test_reports(currents: Currents, project: WorldProject, tmp_path: Path) -> None:
    run_id = project.run(specs=3, failures=1).run_id
    page = tmp_path / "run.html"
    summary = await block_with("save_report")["save_report"](currents, run_id, str(page))
    assert summary.startswith("## ✗ Run failed: 1 of ")
    assert run_id in page.read_text(encoding="utf-8")


async def test_fastapi(currents: Currents, project: WorldProject) -> None:
    run = await currents.runs.get(project.run(specs=3, failures=1).run_id)
    service = block_with("make_service")["make_service"]()
    async with (
        service.router.lifespan_context(service),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(service), base_url="http://service"
        ) as client,
    ):
        response = await client.get(f"/runs/{run.run_id}")
    assert response.json() == run.to_dict()
    described = service.openapi()["paths"]["/runs/{run_id}"]["get"]["responses"]["200"]["content"]
    assert described["application/json"]["schema"]["properties"]["runId"] == {"type": "string"}


async def test_tables(currents: Currents, project: WorldProject) -> None:
    run = project.run(specs=3, failures=2, branch="main")
    project.run(specs=3, branch="dev")
    tables = block_with("tables")["tables"]
    slowest, by_branch = await tables(currents, project.project_id, run.run_id)
    assert slowest.shape == (2, 2)
    assert by_branch == {"main": 1, "dev": 1}


async def test_quarantine(
    server: FakeCurrents, project: WorldProject, capsys: pytest.CaptureFixture[str]
) -> None:
    recent = datetime.now(UTC) - timedelta(days=1)
    for hours in range(12):
        created = recent + timedelta(hours=hours)
        project.run(specs=1, tests=1, failures=hours % 2, created_at=created)
    quarantine = block_with("quarantine")["quarantine"]
    assert await quarantine(project.project_id)
    assert await quarantine(project.project_id)
    server.requests.assert_sent("createAction", times=1)
    assert "quarantine" in capsys.readouterr().out


async def test_export(
    currents: Currents, server: FakeCurrents, project: WorldProject, tmp_path: Path
) -> None:
    created = datetime.now(UTC) - timedelta(days=3)
    runs = [project.run(specs=2, created_at=created) for _ in range(3)]
    nightly = block_with("nightly")["nightly"]
    assert await nightly([project.project_id], tmp_path) == 0
    assert pq.read_table(tmp_path / "specs").num_rows == sum(len(run.specs) for run in runs)
    assert await nightly([project.project_id], tmp_path) == 0
    server.requests.of("getRun").assert_count(len(runs))
    await block_with("keep_in_order")["keep_in_order"](str(tmp_path))
    assert pq.read_table(tmp_path / "specs").num_rows == sum(len(run.specs) for run in runs)


async def test_test() -> None:
    await block_with("test_a_bot")["test_a_bot"]()


async def test_limiters() -> None:
    await block_with("test_behind_a_gateway")["test_behind_a_gateway"]()


def test_plugin() -> None:
    """`tests/plugin/test_plugin.py` runs it."""
    source = source_with("test_failures_are_posted")
    assert len([line for line in source.splitlines() if line]) <= 30


def test_the_table_of_operations_is_up_to_date() -> None:
    """`python -m tests.operations --write` writes it."""
    shown = TEXT.partition("<!-- operations: begin -->\n")[2]
    assert shown.partition("<!-- operations: end -->")[0] == operations.table()


def test_no_block_is_forgotten() -> None:
    tests = Path(__file__).parent
    # The engines of data are tested where they are installed.
    engines = ("delta", "dlt", "postgres", "readers", "spark", "views")
    files = ("test_documentation.py", *(f"export/test_{name}.py" for name in engines))
    others = [path for room in ("guides", "schedules") for path in (tests / room).glob("test_*.py")]
    source = "".join(path.read_text() for path in [*(tests / name for name in files), *others])
    programs = {path.read_text() for room in PROGRAMS for path in (tests / room).glob("*.py")}
    for block in set(BLOCKS) - programs:  # which are tested as files
        names = re.findall(r"^ *(?:async )?def (\w+)\(", block, re.MULTILINE)
        assert any(f'_with("{name}")' in source for name in names), block


def test_the_drawn_rooms_are_the_rooms() -> None:
    root = Path(__file__).parent.parent
    contributing = (root / "CONTRIBUTING.md").read_text()
    [drawing] = re.findall(r"^```text\n(.*?)^```$", contributing, re.DOTALL | re.MULTILINE)
    names = (re.findall(r"[\w.]+(?:/|\.py)", line[:_NAMES_END]) for line in drawing.splitlines())
    rooms = {
        f"{path.name}/" if path.is_dir() else path.name
        for path in (root / "currents_async").iterdir()
        if path.name not in {"__pycache__", "_built_version.py", "py.typed"}
    }
    assert set(chain.from_iterable(names)) == rooms


_NAMES_END = 32
"""Where descriptions begin in the drawing of the rooms."""
