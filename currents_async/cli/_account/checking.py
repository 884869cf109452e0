"""Whether the service takes the API key."""

from currents_async._config import PRODUCTION
from currents_async.cli import _exit
from currents_async.cli._answer import open_session
from currents_async.cli._options import Connection, Output
from currents_async.cli._output.printer import Printer
from currents_async.cli._settings import Settings
from currents_async.errors import ForbiddenError, UnauthorizedError
from currents_async.models._model import Model

_SHOWN = ("keyFrom", "baseUrl", "baseUrlFrom", "projectId", "projectIdFrom", "accepted")


class Checked(Model, frozen=True, gc=False, kw_only=True):
    """What is used, and who said so; of the key only that."""

    key_from: str
    base_url: str
    base_url_from: str
    project_id: str | None
    project_id_from: str
    accepted: bool
    """Whether the service takes the key."""


async def check_key(connection: Connection, output: Output) -> int:
    """Ask the service for a project with the key, and print what came of it."""
    printer = Printer(Checked, _SHOWN, output)
    async with open_session(connection) as session:
        try:
            await session.currents.projects.list(page_size=1)
        except (UnauthorizedError, ForbiddenError):
            printer.one(_checked(session.settings, accepted=False))
            raise
        printer.one(_checked(session.settings, accepted=True))
    return _exit.OK


def _checked(settings: Settings, *, accepted: bool) -> Checked:
    return Checked(
        key_from=settings.key_source,
        base_url=settings.base_url.value or PRODUCTION,
        base_url_from=settings.base_url.source,
        project_id=settings.project_id.value,
        project_id_from=settings.project_id.source,
        accepted=accepted,
    )
