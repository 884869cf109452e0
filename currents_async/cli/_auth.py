"""`auth`: the API key."""

from datetime import datetime
from typing import TYPE_CHECKING

from cyclopts import App

from currents_async._config import PRODUCTION
from currents_async.cli._options import COMMON, CommonOptions
from currents_async.cli._output import Printer
from currents_async.errors import APIError, DecodeError, ForbiddenError, UnauthorizedError
from currents_async.models._model import Model

if TYPE_CHECKING:
    from currents_async import Currents
    from currents_async.cli._settings import Settings
    from currents_async.models.account import Account

auth = App(name="auth")

_SHOWN = (
    "keyFrom, kind, accepted, scopes, expiresAt, organization, user, role, baseUrl, baseUrlFrom, "
    "projectId, projectIdFrom"
)


class Checked(Model, frozen=True, gc=False, kw_only=True):
    """The settings and their sources, and what the service says of the key; never the key."""

    key_from: str
    kind: str | None
    """What the service says that the key is, or else what it looks like."""
    accepted: bool
    """Whether the service accepts the key."""
    scopes: tuple[str, ...] | None
    """What a token may do; null where the service does not say it, or for an API key."""
    expires_at: datetime | None
    organization: str | None
    user: str | None
    """The e-mail address of the person that a token belongs to."""
    role: str | None
    base_url: str
    base_url_from: str
    project_id: str | None
    project_id_from: str


@auth.command
async def check(*, common: CommonOptions = COMMON) -> None:
    """Print where the API key comes from, what it may do, and whether the service accepts it.

    The key itself is never printed. What it may do is only known of tokens, where the service tells
    it, which is a preview. The exit code is 4 when the service refuses the key.
    """
    printer = Printer(Checked, _SHOWN, common.output)
    settings = await common.connection.settings()
    async with common.connection.open(settings) as currents:
        account = await _account(currents)
        try:
            await currents.projects.list(page_size=1)
        except (UnauthorizedError, ForbiddenError):
            printer.one(_checked(settings, account, accepted=False))
            raise
    printer.one(_checked(settings, account, accepted=True))


async def _account(currents: "Currents") -> "Account | None":
    """Return what the service says of the key, if it serves that operation."""
    try:
        return await currents.account.get()
    except (APIError, DecodeError):
        return None


def _checked(settings: "Settings", account: "Account | None", *, accepted: bool) -> Checked:
    credential = None if account is None else account.credential
    user = None if account is None else account.user
    org = None if account is None else account.org
    kind = credential.kind if credential is not None and credential.kind else settings.key_kind
    return Checked(
        key_from=settings.key_source,
        kind=kind.value,
        accepted=accepted,
        scopes=(credential.scopes or None) if credential else None,
        expires_at=credential.expires_at if credential else None,
        organization=org.name if org else None,
        user=user.email if user else None,
        role=user.role if user else None,
        base_url=settings.base_url.value or PRODUCTION,
        base_url_from=settings.base_url.source,
        project_id=settings.project_id.value,
        project_id_from=settings.project_id.source,
    )
