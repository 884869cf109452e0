"""What `projects` takes."""

from functools import partial

from cyclopts import App

from currents_async.cli._options import CONNECTION, OUTPUT, Connection, Count, Output

projects = App(name="projects", help="Projects of the organisation.")


@projects.command(name="list")
def list_projects(
    *, limit: Count | None = None, connection: Connection = CONNECTION, output: Output = OUTPUT
) -> int:
    """List the projects that the API key can see, the newest first.

    Parameters
    ----------
    limit
        At most so many; all by default.

    """
    from currents_async.cli._answer import answer  # noqa: PLC0415
    from currents_async.cli._projects import work  # noqa: PLC0415

    return answer(connection, partial(work.list_projects, output=output, limit=limit))
