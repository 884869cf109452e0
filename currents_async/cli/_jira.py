"""`jira`: its projects and issue types, and issues for failed tests."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from cyclopts import App, Parameter

from currents_async.cli._options import COMMON, CommonOptions, Limit, Project, Several
from currents_async.errors import InvalidArgumentError
from currents_async.models import JiraIssue, JiraIssueType, JiraProject

app = App(name="jira")

Installation = Annotated[str, Parameter(help="The ID of the Jira installation.")]
Search = Annotated[str, Parameter(help="Only those with this text in their name.")]

_ISSUE = "id, key, extra.url as link"


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class About:
    """The test that an issue is about, and the kind of issue."""

    run: Annotated[str, Parameter(name="--run")]
    """The ID of the run in which the test failed."""
    test: Annotated[str, Parameter(name="--test")]
    """The ID of the test."""
    installation: Installation
    jira_project: str
    """The ID of the project in Jira, as `jira projects` prints it."""
    issue_type: str
    """The ID of the type of issue, as `jira issue-types` prints it."""

    def arguments(self) -> dict[str, Any]:
        """Return these as arguments of a method."""
        return {
            "run_id": self.run,
            "test_id": self.test,
            "jira_installation_id": self.installation,
            "jira_project_id": self.jira_project,
            "jira_issue_type": self.issue_type,
        }


@app.command
async def projects(
    *,
    installation: Installation,
    search: Search | None = None,
    limit: Limit | None = None,
    common: CommonOptions = COMMON,
) -> None:
    """List the projects in Jira.

    currents-async jira projects --installation ID

    currents-async jira projects --installation ID --search shop

    """
    async with common.open(JiraProject, "id, key, name", nothing="no projects in Jira") as (
        currents,
        printer,
    ):
        listed = currents.jira.projects(installation, search=search)
        await printer.listed(listed, limit)


@app.command
async def issue_types(
    jira_project: Annotated[str, Parameter(help="The ID of the project in Jira.")],
    /,
    *,
    installation: Installation,
    search: Search | None = None,
    limit: Limit | None = None,
    common: CommonOptions = COMMON,
) -> None:
    """List the types of issues in a Jira project.

    currents-async jira issue-types PROJECT_ID --installation ID

    currents-async jira issue-types PROJECT_ID --installation ID -o json

    """
    async with common.open(JiraIssueType, "id, name", nothing="no types of issues") as (
        currents,
        printer,
    ):
        listed = currents.jira.issue_types(
            jira_project, jira_installation_id=installation, search=search
        )
        await printer.listed(listed, limit)


@app.command
async def create(
    *,
    about: About,
    field: Several[str] = (),
    project: Project | None = None,
    common: CommonOptions = COMMON,
) -> None:
    """Create an issue in Jira for a test in a run.

    currents-async jira create --installation ID --run RUN_ID --test TEST_ID --jira-project
    PROJECT_ID --issue-type TYPE_ID

    currents-async jira create --installation ID --run RUN_ID --test TEST_ID --jira-project
    PROJECT_ID --issue-type TYPE_ID -o json

    Parameters
    ----------
    field
        ID=VALUE, a custom field of the issue; several can be given.

    """
    async with common.open(JiraIssue, _ISSUE) as (currents, printer):
        created = await currents.jira.create_issue(
            **about.arguments(), custom_fields=read_custom_fields(field), project_id=project
        )
        printer.one(created)


@app.command
async def link(
    issue_key: str,
    /,
    *,
    about: About,
    comment: str | None = None,
    with_context: Annotated[bool | None, Parameter(negative="--without-context")] = None,
    project: Project | None = None,
    common: CommonOptions = COMMON,
) -> None:
    """Link an issue that Jira has to a test in a run, with a comment.

    currents-async jira link SHOP-7 --installation ID --run RUN_ID --test TEST_ID --jira-project
    PROJECT_ID --issue-type TYPE_ID

    currents-async jira link SHOP-7 --installation ID --run RUN_ID --test TEST_ID --jira-project
    PROJECT_ID --issue-type TYPE_ID -o json

    Parameters
    ----------
    issue_key
        The key of the issue, for example SHOP-12.
    comment
        The text of the comment; needed with --without-context.
    with_context
        Whether the comment has the context of the failure.

    """
    async with common.open(JiraIssue, _ISSUE) as (currents, printer):
        linked = await currents.jira.link_issue(
            issue_key,
            **about.arguments(),
            comment=comment,
            include_context_in_comment=with_context,
            project_id=project,
        )
        printer.one(linked)


def read_custom_fields(texts: Sequence[str]) -> dict[str, str] | None:
    """Read what `--field` says of each field."""
    fields = dict[str, str]()
    for text in texts:
        name, separator, value = text.partition("=")
        if not name or not separator or name in fields:
            raise InvalidArgumentError(f"--field must be ID=VALUE, once for each ID, not {text!r}")
        fields[name] = value
    return fields or None
