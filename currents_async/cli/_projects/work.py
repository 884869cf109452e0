"""What `projects` does."""

from currents_async import Currents
from currents_async.cli import _exit
from currents_async.cli._options import Output
from currents_async.cli._output.printer import Printer
from currents_async.models import Project


async def list_projects(currents: Currents, *, output: Output, limit: int | None) -> int:
    """List projects."""
    printer = Printer(Project, ("projectId", "name", "createdAt", "defaultBranchName"), output)
    pager = currents.projects.list()
    await printer.stream(pager if limit is None else pager.limit(limit))
    return _exit.OK
