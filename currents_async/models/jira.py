"""Jira: the responses of the operations on its projects, issue types and issues.

Source: `docs/api/operations.md`, "Jira", which names no fields: the ones here are Jira's own.
"""

from currents_async.models._model import OpenModel

__all__ = ["JiraIssue", "JiraIssueType", "JiraProject"]


class JiraProject(OpenModel, frozen=True, gc=False, kw_only=True):
    """A project in Jira; other fields are in `extra`."""

    id: str | None = None
    """The argument `jira_project_id` of `jira.create_issue`."""
    key: str | None = None
    """What the keys of its issues begin with."""
    name: str | None = None


class JiraIssueType(OpenModel, frozen=True, gc=False, kw_only=True):
    """A type of issue in a Jira project; other fields, like custom ones, are in `extra`."""

    id: str | None = None
    """The argument `jira_issue_type` of `jira.create_issue`."""
    name: str | None = None


class JiraIssue(OpenModel, frozen=True, gc=False, kw_only=True):
    """The response to creating or linking an issue; other fields are in `extra`."""

    id: str | None = None
    key: str | None = None
    """For example `SHOP-12`."""
