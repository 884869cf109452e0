"""A write that succeeded is not reported as failed, however little the response contains."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from currents_async import AmbiguousError, APIError, Currents, DecodeError, NotFoundError
from currents_async.models import (
    Action,
    ActionStatus,
    ArchivedAction,
    DeletedRun,
    DeletedWebhook,
    Effect,
    JiraIssue,
    Matcher,
    NewAttachment,
    RunCancellation,
    Webhook,
    when,
)
from currents_async.testing import FakeCurrents, Fault, FaultyServer, faults
from tests.support import HOOK, client

Call = Callable[[Currents], Awaitable[Any]]

TEST: dict[str, Any] = {
    "run_id": "r",
    "test_id": "t",
    "jira_installation_id": "i",
    "jira_project_id": "p",
    "jira_issue_type": "bug",
    "project_id": "p",
}
FILES = [NewAttachment(name="n", content_type="text/plain", size_bytes=1)]
FILE = Matcher.all(when.file.eq("a.ts"))
WRITES: dict[str, tuple[Call, Any]] = {
    "cancel": (lambda c: c.runs.cancel("r"), RunCancellation(run_id="r")),
    "cancel by CI": (lambda c: c.runs.cancel_github_ci("1", 1), RunCancellation()),
    "reset": (lambda c: c.runs.reset("r", ["m"]), {}),
    "delete a run": (lambda c: c.runs.delete("r"), DeletedRun(run_id="r")),
    "update an action": (lambda c: c.actions.update("a", name="n"), Action(action_id="a")),
    "delete an action": (lambda c: c.actions.delete("a"), ArchivedAction(action_id="a")),
    "enable": (
        lambda c: c.actions.enable("a"),
        Action(action_id="a", status=ActionStatus.ACTIVE),
    ),
    "disable": (
        lambda c: c.actions.disable("a"),
        Action(action_id="a", status=ActionStatus.DISABLED),
    ),
    "update a webhook": (lambda c: c.webhooks.update(HOOK, label="l"), Webhook(hook_id=HOOK)),
    "delete a webhook": (lambda c: c.webhooks.delete(HOOK), DeletedWebhook(hook_id=HOOK)),
    "create an issue": (lambda c: c.jira.create_issue(**TEST), JiraIssue()),
    "link an issue": (lambda c: c.jira.link_issue("S-1", **TEST), JiraIssue(key="S-1")),
    "revoke a credential": (lambda c: c.account.revoke_credential(), {}),
}
CREATES: dict[str, Callable[..., Awaitable[Any]]] = {
    "create an action": lambda c, **options: c.actions.create(
        "n", action=[Effect.quarantine()], matcher=FILE, project_id="p", **options
    ),
    "create a webhook": lambda c, **options: c.webhooks.create(
        "https://h.example", project_id="p", **options
    ),
    "create a share": lambda c, **options: c.shares.create("fix", run_id="r", **options),
    "declare files of a run": lambda c, **options: c.runs.add_attachments("r", FILES, **options),
    "declare files by CI": lambda c, **options: c.runs.add_attachments_by_ci(
        FILES, ci_build_id="b", project_id="p", **options
    ),
    "create a session": lambda c, **options: c.sessions.create(
        "t", "passed", project_id="p", **options
    ),
    "declare files of a session": lambda c, **options: c.sessions.add_attachments(
        "s", FILES, **options
    ),
    "create a project": lambda c, **options: c.projects.create("n", **options),
}
AMBIGUOUS: dict[str, Callable[..., Awaitable[Any]]] = {
    **CREATES,
    "update an action": lambda c, **options: c.actions.update("a", name="n", **options),
    "update a webhook": lambda c, **options: c.webhooks.update(HOOK, label="l", **options),
    "create an issue": lambda c, **options: c.jira.create_issue(**TEST, **options),
    "link an issue": lambda c, **options: c.jira.link_issue("S-1", **TEST, **options),
}
IDS = {
    "actionId": "a",
    "hookId": HOOK,
    "key": "S-1",
    "url": "https://s.example/x",
    "projectId": "p",
    "runId": "r",
    "sessionId": "s",
}
DONE = faults.json_response(IDS)
GONE = faults.response(b'{"status":"FAILED","error":"Not found"}', 404)
writes = pytest.mark.parametrize(("call", "known"), WRITES.values(), ids=WRITES)


@writes
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (202, b""),
        (200, b""),
        (200, b" \n"),
        (200, b"{}"),
        (200, b'{"status":"OK"}'),
        (200, b'{"status":"OK","data":null}'),
        (200, b'{"status":"OK","data":{}}'),
        (200, b'{"status":"OK","message":"done"}'),
    ],
)
async def test_the_arguments_fill_an_empty_response(
    server: FakeCurrents, currents: Currents, call: Call, known: Any, status: int, body: bytes
) -> None:
    server.fail(None, status, body=body)
    assert await call(currents) == known
    assert len(server.requests) == 1


@writes
async def test_no_content_is_a_success(call: Call, known: Any) -> None:
    async with (
        FaultyServer(faults.response(b"", 204, gzip=False)) as server,
        client(server.url) as currents,
    ):
        assert await call(currents) == known


@writes
@pytest.mark.parametrize("data", [b'"done"', b"true", b"[]"])
async def test_data_of_another_shape_is_a_success(
    server: FakeCurrents, currents: Currents, call: Call, known: Any, data: bytes
) -> None:
    server.fail(None, 200, body=b'{"status":"OK","data":%s}' % data)
    assert await call(currents) == known


async def test_the_data_of_the_server_come_first(server: FakeCurrents, currents: Currents) -> None:
    server.fail("cancelRun", 200, body=b'{"status":"OK","data":{"actor":"me"}}')
    assert await currents.runs.cancel("r") == RunCancellation(run_id="r", actor="me")
    body = b'{"status":"OK","data":{"actionId":"a","status":"expired","name":"n"}}'
    server.fail("enableAction", 200, body=body)
    enabled = await currents.actions.enable("a")
    assert (enabled.status, enabled.name) == (ActionStatus.EXPIRED, "n")


@writes
@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b'{"status":"FAILED","error":"no"}', APIError),
        (b'{"status":"FAILED","error":"no","data":[]}', APIError),
        (b"<html>Welcome</html>", DecodeError),
        (b'{"status":"OK"', DecodeError),
        (b"[]", DecodeError),
    ],
)
async def test_an_unsuccessful_response_stays_one(
    server: FakeCurrents,
    currents: Currents,
    call: Call,
    known: Any,
    body: bytes,
    error: type[Exception],
) -> None:
    server.fail(None, 200, body=body)
    with pytest.raises(error) as caught:
        await call(currents)
    assert type(caught.value) is error


@pytest.mark.parametrize("call", [*CREATES.values(), lambda c: c.runs.get("r")])
@pytest.mark.parametrize("body", [b"", b'{"status":"OK"}'])
async def test_a_created_thing_without_an_id_is_an_error(
    server: FakeCurrents, currents: Currents, call: Call, body: bytes
) -> None:
    """Of what was created nothing is known without its ID; of what is read, nothing at all."""
    server.fail(None, 200, body=body)
    with pytest.raises(DecodeError):
        await call(currents)


@pytest.mark.parametrize("call", AMBIGUOUS.values(), ids=AMBIGUOUS)
class TestAmbiguousWrites:
    async def test_are_not_repeated(self, call: Callable[..., Awaitable[Any]]) -> None:
        async with FaultyServer([faults.close(), DONE]) as server, client(server.url) as currents:
            with pytest.raises(AmbiguousError):
                await call(currents)
        assert len(server.requests) == 1

    async def test_are_repeated_on_request(self, call: Callable[..., Awaitable[Any]]) -> None:
        async with FaultyServer([faults.close(), DONE]) as server, client(server.url) as currents:
            made = await call(currents, retry_ambiguous=True)
        assert IDS.items() & made.to_dict().items()
        first, second = server.requests
        assert first.body == second.body


@pytest.mark.parametrize(
    ("name", "second"),
    [
        ("enable", faults.json_response({"actionId": "a"})),
        ("disable", faults.json_response({"actionId": "a"})),
        ("delete an action", GONE),
        ("delete a webhook", GONE),
        ("revoke a credential", faults.response(b'{"status":"FAILED","error":"No"}', 401)),
    ],
)
async def test_a_lost_response_of_a_write_that_can_be_repeated(name: str, second: Fault) -> None:
    """The earlier attempt may have deleted it."""
    call, known = WRITES[name]
    async with FaultyServer([faults.close(), second]) as server, client(server.url) as currents:
        assert await call(currents) == known
    assert len(server.requests) == 2


@pytest.mark.parametrize("name", ["delete an action", "delete a webhook"])
async def test_deleting_what_is_not_there_is_an_error(name: str) -> None:
    async with FaultyServer(GONE) as server, client(server.url) as currents:
        with pytest.raises(NotFoundError):
            await WRITES[name][0](currents)
