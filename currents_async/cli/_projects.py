"""`projects`: projects of the organisation."""

from cyclopts import App

from currents_async.cli._options import CONNECTION, OUTPUT, Connection, Limit, Output
from currents_async.cli._output.printer import Printer
from currents_async.cli._session import open_client
from currents_async.models import Project

app = App(name="projects")


@app.command(name="list")
async def list_projects(
    *, limit: Limit | None = None, connection: Connection = CONNECTION, output: Output = OUTPUT
) -> None:
    """List the projects that the API key can see, the newest first."""
    printer = Printer(Project, "projectId, name, createdAt, defaultBranchName", output)
    async with open_client(connection) as currents:
        projects = currents.projects.list()
        await printer.stream(projects if limit is None else projects.limit(limit))
