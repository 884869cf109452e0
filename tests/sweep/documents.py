"""What is swept: a response of the fake for each operation, and every sample of one."""

import json
from collections.abc import AsyncIterator, Awaitable
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from currents_async import Currents, RawResponse
from currents_async.models import Effect, Matcher, NewAttachment, when
from currents_async.testing import FakeCurrents, World, WorldJira

SAMPLES = Path(__file__).parent.parent / "samples"
OPERATIONS_OF_SAMPLES = {
    "cancel-run": "cancelRun",
    "context-run-summary": "getContext",
    "context-test-summary": "getContext",
    "delete-run": "deleteRun",
    "me-personal-access-token": "getMe",
    "project-created": "createProject",
    "session-trace-link": "createSessionTraceLink",
    "share": "createShare",
    "trace-link": "createTraceLink",
    "instance-cypress": "getInstance",
    "instance-playwright": "getInstance",
    "instance-playwright-schema-2": "getInstance",
    "project-pull-requests-2026": "listProjectPullRequests",
    "project-runs-2026": "listProjectRuns",
    "run-cypress": "getRun",
    "run-playwright": "getRun",
    "run-playwright-2026-complete": "getRun",
    "run-playwright-2026-in-progress": "getRun",
    "run-playwright-2026-last-failed": "findRun",
}
"""The others are of errors and of webhooks, by their names."""

_SPAN: dict[str, Any] = {"date_start": date(2026, 1, 1), "date_end": date(2026, 3, 1)}
_START = datetime(2026, 2, 2, 9, tzinfo=UTC)


class Document(NamedTuple):
    """A response, as built-in types, and what answers with it."""

    name: str
    operation: str
    content: Any


def samples() -> list[Document]:
    """Return the samples of responses, of errors and of what is posted to webhooks."""
    return [
        Document(path.stem, OPERATIONS_OF_SAMPLES.get(path.stem, ""), json.loads(path.read_text()))
        for path in sorted(SAMPLES.glob("*.json"))
    ]


async def responses_of_the_fake() -> list[Document]:
    """Ask for a response of each operation that answers with JSON."""
    world = World(seed=1)
    jira = world.jira()
    project = world.project(name="Web shop")
    made, *_ = [
        project.run(
            specs=3,
            tests=2,
            failures=0.4,
            flaky=0.3,
            groups=2,
            tags=["nightly"],
            pull_request=7,
            created_at=_START,
            annotations=[("owner", "Ada")],
        ),
        project.run(specs=2, running=True, github_run=("77", 1), created_at=_START),
        project.run(specs=1, created_at=_START),
    ]
    async with (
        FakeCurrents(world) as server,
        Currents(server.api_key, base_url=server.url, project_id=project.project_id) as currents,
    ):
        everything = Matcher.all(when.title.any())
        await currents.actions.create("all", action=[Effect.quarantine()], matcher=everything)
        await currents.webhooks.create("https://example.com/hook", headers={"X-Secret": "s"})
        found = [
            Document("fake", operation, (await call).json())
            for calls in (_reads, _writes)
            async for operation, call in calls(currents, made.run_id, jira)
        ]
    return sorted(found, key=lambda document: document.operation)


Calls = AsyncIterator[tuple[str, Awaitable[RawResponse]]]


async def _reads(c: Currents, run_id: str, jira: WorldJira) -> Calls:
    """Call each operation that changes nothing."""
    run = await c.runs.get(run_id)
    instance_id = next(one.instance_id or "" for one in run.specs if one.failed)
    title = (await c.instances.get(instance_id)).tests[0].title
    signature = (await c.tests.list(**_SPAN)).items[0].signature or ""
    affected = (await c.actions.affected_tests(**_SPAN)).items[0].signature or ""
    [action] = await c.actions.list()
    [hook] = await c.webhooks.list()
    types = partial(c.jira.raw.issue_types, jira_installation_id=jira.installation_id)

    yield "getRun", c.runs.raw.get(run_id)
    yield "findRun", c.runs.raw.find(branch="main")
    yield "getInstance", c.instances.raw.get(instance_id)
    yield "listProjects", c.projects.raw.list()
    yield "getProject", c.projects.raw.get()
    yield "listProjectRuns", c.runs.raw.list()
    yield "getProjectInsights", c.projects.raw.insights(**_SPAN)
    yield "listProjectPullRequests", c.projects.raw.pull_requests()
    yield "listProjectTerms", c.projects.raw.terms("tag")
    yield "getSpecFiles", c.spec_files.raw.list(**_SPAN)
    yield "getTestsExplorer", c.tests.raw.list(**_SPAN)
    yield "getTestResults", c.test_results.raw.list(signature, **_SPAN)
    yield "getErrorsExplorer", c.errors.raw.list(**_SPAN)
    yield "getTestSignature", c.signatures.raw.get(run.specs[0].spec, title)
    yield "getContext", c.context.raw.get(run_id=run_id)
    yield "listActions", c.actions.raw.list()
    yield "getAction", c.actions.raw.get(action.action_id)
    yield "listAffectedTests", c.actions.raw.affected_tests(**_SPAN)
    yield "getAffectedTestExecutions", c.actions.raw.executions(affected, **_SPAN)
    executions = c.actions.raw.executions_by_action(action.action_id, **_SPAN)
    yield "getAffectedTestExecutionsByAction", executions
    yield "getMe", c.account.raw.get()
    yield "listWebhooks", c.webhooks.raw.list()
    yield "getWebhook", c.webhooks.raw.get(hook.hook_id)
    yield "listJiraProjects", c.jira.raw.projects(jira.installation_id)
    yield "listJiraIssueTypes", types(jira.projects[0]["id"])


async def _writes(c: Currents, run_id: str, jira: WorldJira) -> Calls:
    """Call each operation that changes something."""
    run = await c.runs.get(run_id)
    [action] = await c.actions.list()
    [hook] = await c.webhooks.list()
    subject = {
        "run_id": run_id,
        "test_id": (await c.instances.get(run.specs[0].instance_id or "")).tests[0].test_id,
        "jira_installation_id": jira.installation_id,
        "jira_project_id": jira.projects[0]["id"],
        "jira_issue_type": jira.issue_types[0]["id"],
    }
    key = f"{jira.projects[0]['key']}-1"
    everything = Matcher.all(when.title.any())

    yield "createJiraIssue", c.jira.raw.create_issue(**subject)
    yield "linkJiraIssue", c.jira.raw.link_issue(key, comment="seen", **subject)
    yield "createAction", c.actions.raw.create("b", action=[Effect.tag("t")], matcher=everything)
    yield "updateAction", c.actions.raw.update(action.action_id, name="c")
    yield "disableAction", c.actions.raw.disable(action.action_id)
    yield "enableAction", c.actions.raw.enable(action.action_id)
    yield "deleteAction", c.actions.raw.delete(action.action_id)
    yield "createWebhook", c.webhooks.raw.create("https://example.com/other", label="l")
    yield "updateWebhook", c.webhooks.raw.update(hook.hook_id, label="m")
    yield "deleteWebhook", c.webhooks.raw.delete(hook.hook_id)
    instance_id, test_id = run.specs[0].instance_id or "", subject["test_id"]
    files = [NewAttachment(name="a.log", content_type="text/plain", size_bytes=1)]
    build = {"ci_build_id": run.meta.ci_build_id if run.meta else None}
    trace = NewAttachment(name="t.zip", type="trace", content_type="application/zip", size_bytes=1)
    session = await c.sessions.create("done", "passed", attachments=[trace])
    yield "addRunAttachments", c.runs.raw.add_attachments(run_id, files, instance_id=instance_id)
    yield "addRunAttachmentsByCI", c.runs.raw.add_attachments_by_ci(files, **build)
    yield "createSession", c.sessions.raw.create("done", "passed", attachments=files)
    add = c.sessions.raw.add_attachments
    yield "addSessionAttachments", add(session.session_id, files)
    yield "createProject", c.projects.raw.create("new")
    yield "createShare", c.shares.raw.create("report", run_id=run_id)
    yield "createTraceLink", c.traces.raw.link(instance_id, test_id)
    [declared] = session.attachments
    link = c.traces.raw.session_link(session.session_id, declared.attachment_id)
    yield "createSessionTraceLink", link
    yield "cancelRunByGithubCI", c.runs.raw.cancel_github_ci("77", 1)
    yield "resetRun", c.runs.raw.reset(run_id, [run.specs[0].machine_id or ""])
    yield "cancelRun", c.runs.raw.cancel(run_id)
    yield "deleteRun", c.runs.raw.delete(run_id)
    yield "revokeOwnCredential", c.account.raw.revoke_credential()
