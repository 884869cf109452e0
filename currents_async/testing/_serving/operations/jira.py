"""Jira: projects and types of issues of a connected installation, and issues about tests.

Source: `docs/api/operations.md`, "Jira", which does not say what an item looks like.
"""

from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from currents_async._resources.jira import (
    CREATE_JIRA_ISSUE,
    LINK_JIRA_ISSUE,
    LIST_JIRA_ISSUE_TYPES,
    LIST_JIRA_PROJECTS,
)
from currents_async.testing._serving.call import Call, Route, known_project, read_body
from currents_async.testing._serving.filters import contains
from currents_async.testing._serving.paging import read_sheet
from currents_async.testing._serving.params import Params, no_params
from currents_async.testing._serving.replies import Refusal, Reply
from currents_async.testing._world.facts import Wire
from currents_async.testing._world.jira import WorldIssue, WorldJira
from currents_async.testing.world import World


def list_jira_projects(world: World, call: Call) -> Reply:
    """GET /integrations/jira/projects: `search` looks into key and name."""
    asked = Params(call)
    sheet, jira = read_sheet(asked), _find(world, asked.required("jira_installation_id"))
    search = asked.text("search")
    asked.end()
    found = [one for one in jira.projects if contains(search, [one["key"], one["name"]])]
    return sheet.reply(found, lambda project: project)


def list_jira_issue_types(world: World, call: Call) -> Reply:
    """GET /integrations/jira/projects/{jiraProjectId}/issue-types: all projects have the same."""
    asked = Params(call)
    sheet, jira = read_sheet(asked), _find(world, asked.required("jira_installation_id"))
    search = asked.text("search")
    asked.end()
    _find_project(jira, call.path_args["jira_project_id"])
    found = [one for one in jira.issue_types if contains(search, [one["name"]])]
    return sheet.reply(found, lambda kind: kind)


def create_jira_issue(world: World, call: Call) -> Reply:
    """POST /projects/{projectId}/jira/issues: 404 for what is not there, the run's test too."""
    asked, jira, project = _read(world, call, _NewIssue)
    key = jira.next_key(project)
    issue = WorldIssue(
        issue_id=str(30_001 + len(jira.issues)),
        key=key,
        run_id=asked.run_id,
        test_id=asked.test_id,
        issue_type=asked.jira_issue_type,
        fields={field.field_id: field.value for field in asked.custom_fields or []},
    )
    jira.issues.append(issue)
    return _reply(issue)


def link_jira_issue(world: World, call: Call) -> Reply:
    """POST /projects/{projectId}/jira/issues/{jiraIssueKey}/link: any key the project may have."""
    asked, jira, project = _read(world, call, _Link)
    if asked.include_context_in_comment is False and not (asked.comment or "").strip():
        raise Refusal(400, "comment is required when includeContextInComment is false")
    key = call.path_args["jira_issue_key"]
    if not jira.is_key_of(project, key):
        raise Refusal(404, "Jira issue not found")
    known = next((issue for issue in jira.issues if issue.key == key), None)
    issue = WorldIssue(
        issue_id=known.issue_id if known else str(30_001 + len(jira.issues)),
        key=key,
        run_id=asked.run_id,
        test_id=asked.test_id,
        issue_type=asked.jira_issue_type,
        comment=asked.comment,
        created=False,
    )
    jira.issues.append(issue)
    return _reply(issue)


_Text = Annotated[str, Meta(min_length=1)]


class _Field(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    field_id: _Text
    value: str


class _About(msgspec.Struct, rename="camel", forbid_unknown_fields=True, kw_only=True):
    run_id: _Text
    test_id: _Text
    jira_installation_id: _Text
    jira_project_id: _Text
    jira_issue_type: _Text


class _NewIssue(_About, rename="camel", forbid_unknown_fields=True, kw_only=True):
    custom_fields: list[_Field] | None = None


class _Link(_About, rename="camel", forbid_unknown_fields=True, kw_only=True):
    comment: str | None = None
    include_context_in_comment: bool | None = None


_AboutT = TypeVar("_AboutT", bound=_About)


def _read(world: World, call: Call, kind: type[_AboutT]) -> tuple[_AboutT, WorldJira, Wire]:
    no_params(call)
    asked = read_body(call, kind)
    project_id = known_project(world, call.path_args["project_id"])
    run = world.runs.get(asked.run_id)
    if run is None or run.project_id != project_id:
        raise Refusal(404, "Run not found")
    if all(one.test_id != asked.test_id for one in world.view.of_run(run)):
        raise Refusal(404, "Test not found")
    jira = _find(world, asked.jira_installation_id)
    project = _find_project(jira, asked.jira_project_id)
    if not jira.has_issue_type(asked.jira_issue_type):
        raise Refusal(404, "Jira issue type not found")
    return asked, jira, project


def _find(world: World, installation_id: str) -> WorldJira:
    for jira in world.jiras:
        if jira.installation_id == installation_id:
            return jira
    raise Refusal(404, "Jira installation not found")


def _find_project(jira: WorldJira, project_id: str) -> Wire:
    project = jira.project(project_id)
    if project is None:
        raise Refusal(404, "Jira project not found")
    return project


def _reply(issue: WorldIssue) -> Reply:
    data = {
        "id": issue.issue_id,
        "key": issue.key,
        "url": f"https://example.atlassian.net/browse/{issue.key}",
    }
    return Reply(lambda: data)


ROUTES = (
    Route(LIST_JIRA_PROJECTS, list_jira_projects),
    Route(LIST_JIRA_ISSUE_TYPES, list_jira_issue_types),
    Route(CREATE_JIRA_ISSUE, create_jira_issue),
    Route(LINK_JIRA_ISSUE, link_jira_issue),
)
