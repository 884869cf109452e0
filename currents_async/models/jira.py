"""Jira: what the operations on its projects, issue types and issues answer.

Source: `docs/api/operations.md`, "Jira", which names no fields: the ones here are Jira's own.
"""

from currents_async.models._model import OpenModel

__all__ = ["JiraIssue", "JiraIssueType", "JiraProject"]


class JiraProject(OpenModel, frozen=True, gc=False, kw_only=True):
    """A project in Jira; what is not here is in `extra`."""

    id: str | None = None
    """What `jira.create_issue` takes as `jira_project_id`."""
    key: str | None = None
    """What the keys of its issues begin with."""
    name: str | None = None


class JiraIssueType(OpenModel, frozen=True, gc=False, kw_only=True):
    """A type of issue in a Jira project; what is not here, like custom fields, is in `extra`."""

    id: str | None = None
    """What `jira.create_issue` takes as `jira_issue_type`."""
    name: str | None = None


class JiraIssue(OpenModel, frozen=True, gc=False, kw_only=True):
    """The answer to creating or linking an issue; what is not here is in `extra`."""

    id: str | None = None
    key: str | None = None
    """For example `SHOP-12`."""
