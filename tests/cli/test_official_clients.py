"""The official TypeScript clients work: their requests are answered as their code expects it."""

from collections.abc import AsyncIterator
from string import Template
from typing import Any, NamedTuple
from urllib.parse import quote_plus

import aiohttp
import pytest
from yarl import URL

from currents_async.cli._mock.organisation import make_organisation
from currents_async.testing import FakeCurrents, World, WorldExecution
from tests.cli.official.mcp import MCP
from tests.cli.official.mcp_2_1 import MCP_2_1
from tests.cli.official.mcp_november import MCP_NOVEMBER
from tests.cli.official.others import ACTION, CMD, CMD_NOVEMBER, EXTENSION
from tests.cli.official.row import RANGE, Client, Row

CASES = [
    pytest.param(client, row, id=f"{client.name}-{number}-{row.request.partition('?')[0]}")
    for client in (MCP, MCP_2_1, MCP_NOVEMBER, CMD, CMD_NOVEMBER, ACTION, EXTENSION)
    for number, row in enumerate(client.rows)
]
ARTIFACTS = ("screenshots", "videos", "playwrightTraces", "attachments")
OWN_HEADERS = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")

# Names that are in the answer to a request of before.
PRELUDE = {
    "project_cursor": (Row("GET /projects?limit=1"), "data[].cursor"),
    "run_cursor": (Row("GET /projects/$project/runs?limit=1"), "data[].cursor"),
    "pull_request_cursor": (
        Row("GET /projects/$project/pull-requests?limit=1"),
        "data[].cursor",
    ),
    "result_cursor": (Row(f"GET /test-results/$signature?{RANGE}&limit=1"), "data[].cursor"),
    "action": (
        Row(
            "POST /actions?projectId=$project",
            '{"name":"mine","action":[{"op":"skip"}],"matcher":{"op":"AND","cond":['
            '{"type":"file","op":"eq","value":"a.spec.ts"}]}}',
        ),
        "data.actionId",
    ),
    "session": (
        Row("POST /sessions", '{"projectId":"$project","title":"t","status":"passed"}'),
        "data.sessionId",
    ),
    "hook": (
        Row("POST /webhooks?projectId=$project", '{"url":"https://x.test/h"}'),
        "data.hookId",
    ),
    "jira_issue": (
        Row(
            "POST /projects/$project/jira/issues",
            '{"runId":"$run","testId":"$test","jiraInstallationId":"$jira","jiraProjectId":'
            '"$jira_project","jiraIssueType":"$jira_type"}',
        ),
        "data.key",
    ),
}


class Answer(NamedTuple):
    status: int
    content_type: str
    document: Any
    """Decoded where it is JSON."""


class Scene:
    """A server, and what the rows leave open: names that belong to its organisation."""

    def __init__(
        self, server: FakeCurrents, session: aiohttp.ClientSession, names: dict[str, str]
    ) -> None:
        self._server = server
        self._session = session
        self._names = names

    async def send(self, row: Row, headers: dict[str, str]) -> Answer:
        method, target = (await self._fill(row.request)).split(" ")
        body = await self._fill(row.body)
        headers = {name: await self._fill(value) for name, value in headers.items()}
        if "x-currents-key" not in headers:
            headers["Authorization"] = f"Bearer {self._server.api_key}"
        async with self._session.request(
            method,
            URL(self._server.url + target, encoded=True),
            headers=headers,
            data=body.encode() or None,
        ) as response:
            content_type = response.headers["Content-Type"]
            is_json = response.content_type == "application/json"
            document = await (response.json() if is_json else response.text())
            return Answer(response.status, content_type, document)

    async def _fill(self, text: str) -> str:
        template = Template(text)
        for name in template.get_identifiers():
            if name not in self._names:
                row, path = PRELUDE[name]
                answer = await self.send(row, {})
                self._names[name] = read(answer.document, path)[0]
        return template.substitute(self._names)


def read(document: Any, path: str) -> list[Any]:
    """Return what is at a path; a list on the way must not be empty."""
    found = [document]
    for step in path.split("."):
        found = [one[step.removesuffix("[]")] for one in found]
        if step.endswith("[]"):
            assert all(isinstance(items, list) and items for items in found), path
            found = [item for items in found for item in items]
    return found


def failure_with_artifacts(world: World) -> WorldExecution:
    """Return a failed test of `main`, in an instance that has artifacts of every kind."""
    for run in world.projects[0].runs:
        for one in world.view.of_run(run) if run.branch == "main" else ():
            results = (world.instance(one.instance_id) or {})["results"]
            if one.state == "failed" and all(results[kind] for kind in ARTIFACTS):
                return one
    raise AssertionError("this seed has none")


def organisation() -> World:
    return make_organisation(seed=1, projects=2, runs=5, specs=8)


@pytest.fixture(scope="module")
def names() -> dict[str, str]:
    world = organisation()
    project, jira = world.projects[0], world.jiras[0]
    failed = failure_with_artifacts(world)
    run, running = world.runs[failed.run.run_id], project.runs[-1]
    assert running.github_run is not None
    return {
        "project": project.project_id,
        "run": run.run_id,
        "ci_build": str(run.ci_build_id),
        "running": running.run_id,
        "machine": running.machine_ids[0],
        "github_run": running.github_run[0],
        "instance": failed.instance_id,
        "test": failed.test_id,
        "signature": failed.signature,
        "record_key": project.record_key,
        "spec": quote_plus(failed.spec),
        "spec_file": failed.spec,
        "test_title": failed.title[-1],
        "title": quote_plus(failed.title[-1]),
        "author": quote_plus(failed.run.authors[0]),
        "jira": jira.installation_id,
        "jira_project": jira.projects[0]["id"],
        "jira_type": jira.issue_types[0]["id"],
    }


@pytest.fixture
async def scene(names: dict[str, str]) -> AsyncIterator[Scene]:
    async with (
        FakeCurrents(organisation()) as server,
        aiohttp.ClientSession(skip_auto_headers=OWN_HEADERS) as session,
    ):
        yield Scene(server, session, dict(names))


@pytest.mark.parametrize(("client", "row"), CASES)
async def test_what_they_send(scene: Scene, client: Client, row: Row) -> None:
    is_markdown = "format=md" in row.request
    headers = dict(client.headers)
    if row.request.startswith(("POST", "PUT")):
        headers |= client.write_headers
    if is_markdown:
        headers |= client.markdown_headers
    answer = await scene.send(row, headers)
    kind = "text/markdown" if is_markdown else "application/json"
    assert (answer.status, answer.content_type) == (row.status, f"{kind}; charset=utf-8")
    if is_markdown:
        assert answer.document.startswith("# ")
    for path in row.reads:
        read(answer.document, path)
