from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from currents_async import Currents, InvalidArgumentError
from currents_async.testing import FaultyServer, faults
from tests.support import client

Call = Callable[[Currents], Awaitable[object]]

SUBJECT = {
    "run_id": "r",
    "test_id": "t",
    "jira_installation_id": "ji",
    "jira_project_id": "jp",
    "jira_issue_type": "10001",
    "project_id": "p",
}
ISSUE = faults.json_response({"id": "1", "key": "SHOP-1", "url": "u"}, 201)


def make(**arguments: Any) -> Call:
    """Create an issue with these arguments instead of the right ones."""
    every: dict[str, Any] = {**SUBJECT, **arguments}
    return lambda c: c.jira.create_issue(**every)


def link(**arguments: Any) -> Call:
    every: dict[str, Any] = {"jira_issue_key": "SHOP-1", **SUBJECT, **arguments}
    return lambda c: c.jira.link_issue(**every)


REFUSED: list[tuple[Call, str]] = [
    (make(project_id=None), "no project"),
    (make(project_id="a/b"), "project_id must be one path segment"),
    *(
        (make(**{name: ""}), f"{name} must not be empty")
        for name in SUBJECT
        if name != "project_id"
    ),
    *((link(**{name: 1}), f"{name} must be a str") for name in SUBJECT if name != "project_id"),
    (make(custom_fields=[{"fieldId": "f"}]), "custom_fields must be a mapping, not list"),
    (make(custom_fields={"": "v"}), "custom_fields must not be empty"),
    (make(custom_fields={"f": 1}), r"custom_fields\['f'\] must be a str"),
    (link(project_id=None), "no project"),
    (link(jira_issue_key="SHOP/1"), "jira_issue_key must be one path segment"),
    (link(include_context_in_comment=False), "comment is needed"),
    (link(include_context_in_comment=False, comment=" \n"), "comment is needed"),
    (link(include_context_in_comment="no"), "include_context_in_comment must be a bool"),
    (link(comment="\ud800"), "comment must not contain lone surrogates"),
    (lambda c: c.jira.projects(""), "jira_installation_id must not be empty"),
    (lambda c: c.jira.projects(None), "jira_installation_id must be a str"),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    (lambda c: c.jira.issue_types("a/b", jira_installation_id="ji"), "jira_project_id must be one"),
]


@pytest.mark.parametrize(("call", "says"), REFUSED)
async def test_invalid_arguments_are_not_sent(call: Call, says: str) -> None:
    async with FaultyServer() as server, client(server.url) as currents:
        with pytest.raises(InvalidArgumentError, match=says):
            await call(currents)
    assert server.requests == []


async def test_issue_types_by_page() -> None:
    pages = [
        faults.json_response({"list": [{"id": "1", "name": "Bug"}], "total": 2, "nextPage": 1}),
        faults.json_response({"list": [{"name": "Task"}], "total": 2, "nextPage": False}),
    ]
    async with FaultyServer(pages) as server, client(server.url) as currents:
        listed = currents.jira.issue_types("jp", jira_installation_id="ji")
        assert [(one.id, one.name) async for one in listed] == [("1", "Bug"), (None, "Task")]
    assert server.requests[1].target.endswith("&page=1&limit=50")
