"""`auth`: the API key."""

from datetime import datetime
from typing import TYPE_CHECKING

from cyclopts import App

from currents_async._checks import key_refusal
from currents_async._config import PRODUCTION
from currents_async.cli import _exit
from currents_async.cli._confirm import read_secret
from currents_async.cli._options import COMMON, CONNECTION, CommonOptions, Connection, Flag
from currents_async.cli._output import Printer
from currents_async.cli._streams import note
from currents_async.errors import (
    APIError,
    DecodeError,
    ForbiddenError,
    InvalidArgumentError,
    UnauthorizedError,
)
from currents_async.models._model import Model

if TYPE_CHECKING:
    from currents_async import Currents
    from currents_async.cli._settings import Settings
    from currents_async.models.account import Account

auth = App(name="auth")

_SHOWN = (
    "keyFrom, kind, accepted, scopes, expiresAt, organization, user, role, baseUrl as base URL, "
    "baseUrlFrom as base URL from, projectId as project, projectIdFrom as project from"
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
async def login(*, in_file: Flag = False, connection: Connection = CONNECTION) -> None:
    """Keep an API key for all commands, after the service has accepted it.

    It is asked for on the terminal, which does not show it, or read from stdin. It is kept in the
    keyring of the system if the package `keyring` is installed, and otherwise in the configuration
    file, which only its user can read; on Windows that file is as protected as its folder.

    currents-async auth login

    currents-async auth login --profile work --in-file

    Parameters
    ----------
    in_file
        Keep it in the file, also where there is a keyring.

    """
    # Here, since --help does without them.
    import asyncio  # noqa: PLC0415

    from currents_async.cli._config_file import change_profile, keep_key  # noqa: PLC0415
    from currents_async.cli._profiles import Profile  # noqa: PLC0415

    entered = Profile(api_key=read_secret("API key"))
    if (reason := key_refusal(entered.api_key)) is not None:
        raise InvalidArgumentError(f"the API key {reason}")
    settings = await connection.settings(entered)
    async with connection.open(settings) as currents:
        await currents.projects.list(page_size=1)
    where = await asyncio.to_thread(keep_key, settings.profile_name, entered, in_file=in_file)
    if connection.base_url is not None:
        service = {"base_url": connection.base_url, "allow_http": connection.allow_http or None}
        await asyncio.to_thread(change_profile, settings.profile_name, service)
    note(f"the API key of the profile {settings.profile_name!r} is kept in {where}")


@auth.command
async def logout(*, profile: str | None = None) -> int:
    """Remove the API key of a profile from this computer; the service goes on accepting it.

    currents-async auth logout

    currents-async auth logout --profile work

    Parameters
    ----------
    profile
        The profile; else CURRENTS_PROFILE, else the one called `default`.

    """
    # Here, since --help does without them.
    import asyncio  # noqa: PLC0415

    from currents_async.cli._config_file import forget_key  # noqa: PLC0415
    from currents_async.cli._profiles import find_profile  # noqa: PLC0415

    name = (await asyncio.to_thread(find_profile, profile)).name
    if not await asyncio.to_thread(forget_key, name):
        note(f"the profile {name!r} has no API key")
        return _exit.NOT_FOUND
    note(f"the API key of the profile {name!r} is removed")
    return _exit.OK


@auth.command(name=["status", "check"])
async def status(*, common: CommonOptions = COMMON) -> None:
    """Print where the API key comes from, what it may do, and whether the service accepts it.

    The key itself is never printed. What it may do is only known of tokens, where the service tells
    it, which is a preview. The exit code is 4 when the service refuses the key.

    currents-async auth status

    currents-async auth status --profile work -o json

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
