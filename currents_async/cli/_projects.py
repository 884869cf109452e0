"""`projects`: projects of the organisation."""

from cyclopts import App

from currents_async.cli._options import COMMON, CommonOptions, Limit
from currents_async.models import Project

app = App(name="projects")


@app.command(name="list")
async def list_projects(*, limit: Limit | None = None, common: CommonOptions = COMMON) -> None:
    """List the projects that the API key can see, the newest first."""
    async with common.open(Project, "projectId, name, createdAt, defaultBranchName") as (
        currents,
        printer,
    ):
        projects = currents.projects.list()
        await printer.stream(projects if limit is None else projects.limit(limit))
