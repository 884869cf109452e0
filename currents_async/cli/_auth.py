"""`auth`: the API key."""

from typing import TYPE_CHECKING

from cyclopts import App

from currents_async._config import PRODUCTION
from currents_async.cli._options import COMMON, CommonOptions
from currents_async.cli._output import Printer
from currents_async.errors import ForbiddenError, UnauthorizedError
from currents_async.models._model import Model

if TYPE_CHECKING:
    from currents_async.cli._settings import Settings

auth = App(name="auth")

_SHOWN = "keyFrom, baseUrl, baseUrlFrom, projectId, projectIdFrom, accepted"


class Checked(Model, frozen=True, gc=False, kw_only=True):
    """The settings and their sources; of the key only its source."""

    key_from: str
    base_url: str
    base_url_from: str
    project_id: str | None
    project_id_from: str
    accepted: bool
    """Whether the service accepts the key."""


@auth.command
async def check(*, common: CommonOptions = COMMON) -> None:
    """Print where the API key comes from, and whether the service accepts it.

    The key itself is never printed. The exit code is 4 when the service refuses it.
    """
    printer = Printer(Checked, _SHOWN, common.output)
    settings = await common.connection.settings()
    async with settings.client() as currents:
        try:
            await currents.projects.list(page_size=1)
        except (UnauthorizedError, ForbiddenError):
            printer.one(_checked(settings, accepted=False))
            raise
    printer.one(_checked(settings, accepted=True))


def _checked(settings: "Settings", *, accepted: bool) -> Checked:
    return Checked(
        key_from=settings.key_source,
        base_url=settings.base_url.value or PRODUCTION,
        base_url_from=settings.base_url.source,
        project_id=settings.project_id.value,
        project_id_from=settings.project_id.source,
        accepted=accepted,
    )
