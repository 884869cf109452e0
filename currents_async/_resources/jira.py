"""Jira: its projects and issue types, and issues for failed tests.

Source: `docs/api/operations.md`, "Jira".
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from currents_async._checks import check_flag, check_prose, check_text
from currents_async._pagination import PAGE_SIZE, PagePager
from currents_async._resources._group import Group, whole_item
from currents_async._wire.endpoint import Endpoint, Query
from currents_async._wire.fields import Fields, given
from currents_async._wire.filters import Filters
from currents_async.errors import InvalidArgumentError
from currents_async.models.jira import JiraIssue, JiraIssueType, JiraProject
from currents_async.models.pages import NumberedPage

LIST_JIRA_PROJECTS = Endpoint(
    "listJiraProjects",
    "GET",
    "/integrations/jira/projects",
    NumberedPage[JiraProject],
    max_limit=100,
)
LIST_JIRA_ISSUE_TYPES = Endpoint(
    "listJiraIssueTypes",
    "GET",
    "/integrations/jira/projects/{jira_project_id}/issue-types",
    NumberedPage[JiraIssueType],
    max_limit=100,
)
CREATE_JIRA_ISSUE = Endpoint(
    "createJiraIssue", "POST", "/projects/{project_id}/jira/issues", JiraIssue
)
LINK_JIRA_ISSUE = Endpoint(
    "linkJiraIssue", "POST", "/projects/{project_id}/jira/issues/{jira_issue_key}/link", JiraIssue
)

_check_project = partial(check_text, max_length=128)


class Jira(Group):
    """Jira: its projects and issue types, and issues for failed tests.

    `jira_installation_id` is the installation's ID in the dashboard of the service.
    """

    __slots__ = ()

    def projects(
        self,
        jira_installation_id: str,
        *,
        search: str | None = None,
        page_size: int = PAGE_SIZE,
        start: str | None = None,
        prefetch: bool = False,
    ) -> PagePager[JiraProject]:
        """List the projects in Jira.

        `page_size` is at most 100, and `start` a resume token.
        """
        query = _query(jira_installation_id, search)
        listing = self._listing(LIST_JIRA_PROJECTS, query)
        return PagePager(
            listing, key=whole_item, page_size=page_size, start=start, prefetch=prefetch
        )

    def issue_types(
        self,
        jira_project_id: str,
        *,
        jira_installation_id: str,
        search: str | None = None,
        page_size: int = PAGE_SIZE,
        start: str | None = None,
        prefetch: bool = False,
    ) -> PagePager[JiraIssueType]:
        """List the types of issues in a Jira project.

        `jira_project_id` has at most 128 characters. `page_size` is at most 100, and `start` a
        resume token.
        """
        query = _query(jira_installation_id, search)
        project = _check_project("jira_project_id", jira_project_id)
        listing = self._listing(LIST_JIRA_ISSUE_TYPES, query, jira_project_id=project)
        return PagePager(
            listing, key=whole_item, page_size=page_size, start=start, prefetch=prefetch
        )

    async def create_issue(
        self,
        *,
        run_id: str,
        test_id: str,
        jira_installation_id: str,
        jira_project_id: str,
        jira_issue_type: str,
        custom_fields: Mapping[str, str] | None = None,
        project_id: str | None = None,
        retry_ambiguous: bool = False,
    ) -> JiraIssue:
        """Create an issue in Jira for a test in a run.

        `jira_issue_type` is an ID, and `custom_fields` has values by the IDs of the fields.
        `project_id` is not Jira's, and defaults to the client's. Raises `AmbiguousError` when it is
        unknown whether the issue was created; with `retry_ambiguous=True` the request is sent again
        instead, which may create two.
        """
        path = {"project_id": self._project(project_id)}
        about = _about(run_id, test_id, jira_installation_id, jira_project_id, jira_issue_type)
        fields = about.put(
            "custom_fields", given(custom_fields), _custom_fields, wire="customFields"
        )
        request = CREATE_JIRA_ISSUE.request(path, body=fields.body)
        return await self._write(request, already=JiraIssue(), retry_ambiguous=retry_ambiguous)

    async def link_issue(
        self,
        jira_issue_key: str,
        *,
        run_id: str,
        test_id: str,
        jira_installation_id: str,
        jira_project_id: str,
        jira_issue_type: str,
        comment: str | None = None,
        include_context_in_comment: bool | None = None,
        project_id: str | None = None,
        retry_ambiguous: bool = False,
    ) -> JiraIssue:
        """Link an existing issue in Jira to a test in a run, with a comment.

        `jira_issue_type` is an ID. `comment` is needed when `include_context_in_comment` is False.
        `project_id` is not Jira's, and defaults to the client's. Raises `AmbiguousError` when it is
        unknown whether the issue was linked; with `retry_ambiguous=True` the request is sent again
        instead, which may leave two comments.
        """
        path = {"project_id": self._project(project_id), "jira_issue_key": jira_issue_key}
        about = _about(run_id, test_id, jira_installation_id, jira_project_id, jira_issue_type)
        body = _with_comment(about, comment, include_context_in_comment)
        request = LINK_JIRA_ISSUE.request(path, body=body)
        return await self._write(
            request, already=JiraIssue(key=jira_issue_key), retry_ambiguous=retry_ambiguous
        )


def _query(jira_installation_id: str, search: str | None) -> Query:
    installation = check_text("jira_installation_id", jira_installation_id)
    return Filters().text("jira_installation_id", installation).search(search).query


def _about(
    run_id: str,
    test_id: str,
    jira_installation_id: str,
    jira_project_id: str,
    jira_issue_type: str,
) -> Fields:
    return (
        Fields()
        .put("run_id", run_id, check_text, wire="runId")
        .put("test_id", test_id, check_text, wire="testId")
        .put("jira_installation_id", jira_installation_id, check_text, wire="jiraInstallationId")
        .put("jira_project_id", jira_project_id, _check_project, wire="jiraProjectId")
        .put("jira_issue_type", jira_issue_type, check_text, wire="jiraIssueType")
    )


def _custom_fields(name: str, values: Mapping[str, str]) -> list[dict[str, str]]:
    if not isinstance(values, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArgumentError(f"{name} must be a mapping, not {type(values).__name__}")
    return [
        {
            "fieldId": check_text(name, field_id),
            "value": check_prose(f"{name}[{field_id!r}]", value),
        }
        for field_id, value in values.items()
    ]


def _with_comment(
    fields: Fields,
    comment: str | None,
    include_context: bool | None,  # noqa: FBT001 - as the caller gave it
) -> dict[str, Any]:
    if include_context is False and not (comment and comment.strip()):
        raise InvalidArgumentError("comment is needed when include_context_in_comment is False")
    return (
        fields
        .put("comment", given(comment), check_prose)
        .put(
            "include_context_in_comment",
            given(include_context),
            check_flag,
            wire="includeContextInComment",
        )
        .body
    )
