"""Requests that `docs/api/operations.md` rules out are refused, whatever client sends them."""

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from currents_async.testing import FakeCurrents, World

DATES = "date_start=2026-01-01&date_end=2026-01-08"
ACTION = {"name": "A", "action": [{"op": "skip"}]}
MATCHER = {"op": "AND", "cond": [{"type": "title", "op": "eq", "value": "x"}]}
FILE = {"name": "a.txt", "type": "attachment", "contentType": "text/plain", "sizeBytes": 1}
SESSION = {"title": "T", "status": "passed"}
HOOK = {"url": "https://example.com"}
LONG = "x" * 70_000

QUERIES = [
    "/runs/find",
    "/runs/find?projectId={project}&branch=a b",
    f"/runs/find?projectId={{project}}&branch={LONG[:251]}",
    "/runs/find?projectId={project}&pwLastRun=maybe",
    "/projects?limit=0",
    "/projects?limit=101",
    "/projects?limit=ten",
    "/projects?starting_after=x",
    "/projects/{project}/runs?tag_operator=XOR",
    f"/projects/{{project}}/runs?search={LONG[:201]}",
    f"/projects/{{project}}/runs?pr_id={LONG[:129]}",
    "/projects/{project}/runs?status=BLUE",
    "/projects/{project}/runs?completion_state=DONE",
    "/projects/{project}/runs?date_start=soon",
    "/projects/{project}/insights",
    f"/projects/{{project}}/insights?{DATES}&resolution=1m",
    "/projects/{project}/insights?date_start=2026-01-08",
    "/projects/{project}/pull-requests?limit=51",
    "/projects/{project}/pull-requests?order=title",
    "/projects/{project}/pull-requests?runs_per_pr=11",
    "/projects/{project}/pull-requests?environments[]=a b",
    "/projects/{project}/pull-requests?pr_search=%00",
    "/projects/{project}/terms/colour",
    f"/projects/{{project}}/terms/tag?search={LONG[:129]}",
    "/spec-files/{project}",
    f"/spec-files/{{project}}?{DATES}&order=colour",
    f"/spec-files/{{project}}?{DATES}&limit=51",
    f"/spec-files/{{project}}?{DATES}&page=-1",
    f"/tests/{{project}}?{DATES}&min_executions=0",
    f"/tests/{{project}}?{DATES}&test_state[]=blue",
    f"/tests/{{project}}?{DATES}&annotations=x",
    f"/test-results/x?{DATES}&status[]=blue",
    f"/test-results/x?{DATES}&flaky=perhaps",
    f"/errors/{{project}}?{DATES}&top_n=51",
    f"/errors/{{project}}?{DATES}&group_by[]=colour",
    f"/errors/{{project}}?{DATES}&metric=colour",
    "/actions",
    "/actions?projectId={project}&status=new",
    f"/actions?projectId={{project}}&search={LONG[:101]}",
    "/actions/tests?projectId={project}",
    f"/actions/tests?projectId={{project}}&{DATES}&action_type=colour",
    "/webhooks",
    "/webhooks/1",
    "/context",
    "/context?instance_id=x",
    "/context?run_id={run}&format=xml",
    "/context?run_id={run}&limit=51",
    "/context?run_id={run}&format=md&max_length=50001",
    "/integrations/jira/projects",
    "/integrations/jira/projects?jira_installation_id=x&limit=101",
]

BODIES: list[tuple[str, str, Any]] = [
    ("PUT", "/runs/cancel-ci/github", {"githubRunId": "1"}),
    ("PUT", "/runs/cancel-ci/github", {"githubRunId": 1, "githubRunAttempt": 1}),
    ("PUT", "/runs/{run}/reset", {"machineId": []}),
    ("PUT", "/runs/{run}/reset", {"machineId": ["x"] * 64}),
    ("POST", "/signature/test", {"projectId": "x", "specFilePath": "y"}),
    ("POST", "/actions?projectId={project}", {**ACTION, "name": "", "matcher": MATCHER}),
    ("POST", "/actions?projectId={project}", {**ACTION, "name": LONG[:256], "matcher": MATCHER}),
    ("POST", "/actions?projectId={project}", {**ACTION, "action": [], "matcher": MATCHER}),
    ("POST", "/actions?projectId={project}", ACTION),
    ("POST", "/actions?projectId={project}", {**ACTION, "matcher": {"op": "AND", "cond": []}}),
    (
        "POST",
        "/actions?projectId={project}",
        {**ACTION, "matcher": MATCHER, "expiresAfter": "2027-01-31"},
    ),
    ("POST", "/webhooks?projectId={project}", {}),
    ("POST", "/webhooks?projectId={project}", {"url": "ftp://example.com"}),
    ("POST", "/webhooks?projectId={project}", {**HOOK, "hookEvents": ["RUN_REST"]}),
    ("POST", "/webhooks?projectId={project}", {**HOOK, "headers": "x"}),
    ("POST", "/webhooks?projectId={project}", {**HOOK, "label": ""}),
    ("POST", "/share", {"purpose": "fun", "runId": "{run}"}),
    ("POST", "/share", {"purpose": "fix"}),
    ("POST", "/share", {"purpose": "fix", "runId": "{run}", "expiresInDays": 2}),
    ("POST", "/instances/{instance}/trace-link", {}),
    ("POST", "/instances/{instance}/trace-link", {"testId": "x", "ttlSeconds": 59}),
    ("POST", "/runs/{run}/attachments", {"target": {}, "attachments": []}),
    ("POST", "/runs/{run}/attachments", {"attachments": [{**FILE, "sizeBytes": 0}]}),
    ("POST", "/runs/{run}/attachments", {"attachments": [{**FILE, "type": "trace"}]}),
    ("POST", "/sessions", SESSION),
    ("POST", "/sessions", {**SESSION, "projectId": "{project}", "status": "ok"}),
    ("POST", "/sessions", {**SESSION, "projectId": "{project}", "tags": ["x"] * 21}),
    ("POST", "/sessions", {**SESSION, "projectId": "{project}", "durationMs": -1}),
    ("POST", "/projects", {}),
    ("POST", "/projects", "[]"),
    ("POST", "/projects", "{"),
    ("POST", "/projects", ""),
]


class Service:
    """A lenient server, and an HTTP client that knows nothing of it."""

    def __init__(self, server: FakeCurrents, session: aiohttp.ClientSession) -> None:
        run = server.world.projects[0].runs[0]
        self._server = server
        self._session = session
        self._known = {
            "{project}": run.project_id,
            "{run}": run.run_id,
            "{instance}": run.specs[0].instance_id or "",
        }

    async def send(self, method: str, target: str, body: Any = None) -> tuple[int, str]:
        text = body if isinstance(body, str) or body is None else json.dumps(body)
        for name, value in self._known.items():
            target = target.replace(name, value)
            text = text and text.replace(name, value)
        async with self._session.request(method, self._server.url + target, data=text) as response:
            envelope = await response.json()
        assert envelope["status"] == ("OK" if response.ok else "FAILED")
        return response.status, envelope.get("error", "")


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    world = World()
    world.project().run(specs=2)
    async with FakeCurrents(world, strict=False) as server:
        headers = {"Authorization": f"Bearer {server.api_key}"}
        async with aiohttp.ClientSession(headers=headers) as session:
            yield Service(server, session)


@pytest.mark.parametrize("target", QUERIES, ids=lambda target: target[:60])
async def test_queries(service: Service, target: str) -> None:
    status, message = await service.send("GET", target)
    assert (status, bool(message)) == (400, True)


@pytest.mark.parametrize(("method", "target", "body"), BODIES)
async def test_bodies(service: Service, method: str, target: str, body: Any) -> None:
    status, message = await service.send(method, target, body)
    assert (status, bool(message)) == (400, True)
