"""Jira: projects and issue types of a connected installation, and issues about tests.

Source: `docs/api/operations.md`, "Jira", which does not say what an item looks like.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from currents_async._resources.jira import (
    CREATE_JIRA_ISSUE,
    LINK_JIRA_ISSUE,
    LIST_JIRA_ISSUE_TYPES,
    LIST_JIRA_PROJECTS,
)
from currents_async.testing._serving.api_request import ApiRequest, Route, known_project
from currents_async.testing._serving.api_response import ApiResponse, RefusedError, found
from currents_async.testing._serving.filters import contains
from currents_async.testing._serving.paging import PageRequest, read_page_request
from currents_async.testing._world.facts import Wire
from currents_async.testing._world.jira import WorldIssue, WorldJira
from currents_async.testing.world import World


def list_jira_projects(world: World, request: ApiRequest) -> ApiResponse:
    """GET /integrations/jira/projects: `search` looks into key and name."""
    paging, jira, search = _read_list(world, request)
    projects = [one for one in jira.projects if contains(search, [one["key"], one["name"]])]
    return paging.respond(projects, lambda project: project)


def list_jira_issue_types(world: World, request: ApiRequest) -> ApiResponse:
    """GET /integrations/jira/projects/{jiraProjectId}/issue-types: all projects have the same."""
    paging, jira, search = _read_list(world, request)
    found(jira.project(request.path_args["jira_project_id"]), "Jira project")
    kinds = [one for one in jira.issue_types if contains(search, [one["name"]])]
    return paging.respond(kinds, lambda kind: kind)


def _read_list(world: World, request: ApiRequest) -> tuple[PageRequest, WorldJira, str | None]:
    paging = read_page_request(request)
    jira = _find(world, request.required("jira_installation_id"))
    search = request.text("search")
    request.end()
    return paging, jira, search


def create_jira_issue(world: World, request: ApiRequest) -> ApiResponse:
    """POST /projects/{projectId}/jira/issues: 404 for anything that does not exist."""
    body, jira, project = _read(world, request, _NewIssue)
    fields = {field.field_id: field.value for field in body.custom_fields or []}
    return _add(jira, jira.next_key(project), body, fields=fields)


def link_jira_issue(world: World, request: ApiRequest) -> ApiResponse:
    """POST /projects/{projectId}/jira/issues/{jiraIssueKey}/link: any key the project may have."""
    body, jira, project = _read(world, request, _Link)
    if body.include_context_in_comment is False and not (body.comment or "").strip():
        raise RefusedError(400, "comment is required when includeContextInComment is false")
    key = request.path_args["jira_issue_key"]
    if not jira.is_key_of(project, key):
        raise RefusedError(404, "Jira issue not found")
    return _add(jira, key, body, comment=body.comment, created=False)


def _add(
    jira: WorldJira,
    key: str,
    about: "_About",
    *,
    fields: Mapping[str, str] = MappingProxyType({}),
    comment: str | None = None,
    created: bool = True,
) -> ApiResponse:
    known = (issue.issue_id for issue in jira.issues if issue.key == key)
    issue = WorldIssue(
        issue_id=next(known, str(30_001 + len(jira.issues))),
        key=key,
        run_id=about.run_id,
        test_id=about.test_id,
        issue_type=about.jira_issue_type,
        fields=fields,
        comment=comment,
        created=created,
    )
    jira.issues.append(issue)
    url = f"https://example.atlassian.net/browse/{key}"
    return ApiResponse({"id": issue.issue_id, "key": key, "url": url})


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


def _read(
    world: World, request: ApiRequest, kind: type[_AboutT]
) -> tuple[_AboutT, WorldJira, Wire]:
    request.end()
    body = request.read_body(kind)
    project_id = known_project(world, request.path_args["project_id"])
    run = found(world.runs.get(body.run_id), "Run")
    if run.project_id != project_id:
        raise RefusedError(404, "Run not found")
    if all(one.test_id != body.test_id for one in world.view.of_run(run)):
        raise RefusedError(404, "Test not found")
    jira = _find(world, body.jira_installation_id)
    project = found(jira.project(body.jira_project_id), "Jira project")
    if not jira.has_issue_type(body.jira_issue_type):
        raise RefusedError(404, "Jira issue type not found")
    return body, jira, project


def _find(world: World, installation_id: str) -> WorldJira:
    known = (jira for jira in world.jiras if jira.installation_id == installation_id)
    return found(next(known, None), "Jira installation")


ROUTES = (
    Route(LIST_JIRA_PROJECTS, list_jira_projects),
    Route(LIST_JIRA_ISSUE_TYPES, list_jira_issue_types),
    Route(CREATE_JIRA_ISSUE, create_jira_issue),
    Route(LINK_JIRA_ISSUE, link_jira_issue),
)
