"""`config`: the configuration file, which has profiles."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter

from currents_async.cli import _exit
from currents_async.cli._options import Choice
from currents_async.cli._output import OUTPUT, Output, Printer
from currents_async.cli._streams import note, write_text
from currents_async.errors import InvalidArgumentError
from currents_async.models._model import Model

if TYPE_CHECKING:
    from currents_async.cli._profiles import Profile

app = App(name="config")

Name = Annotated[
    Choice[Literal["project_id", "base_url", "allow_http", "cache"]],
    Parameter(help="What to read or set: `project-id`, for example."),
]
ProfileName = Annotated[
    str, Parameter(help="The profile; else CURRENTS_PROFILE, else the one called `default`.")
]
_FLAGS = {"true": True, "yes": True, "false": False, "no": False}
_HIDDEN = "***"
_SWITCHES = {"allow_http", "cache"}
_NAMES = ("api_key", "keyring", "base_url", "project_id", "allow_http", "cache")


class Configured(Model, frozen=True, gc=False, kw_only=True):
    """A setting of a profile; never the key."""

    profile: str
    name: str
    value: str


@app.command
async def path() -> None:
    """Print where the configuration file is, which need not exist.

    currents-async config path

    """
    from currents_async.cli._profiles import config_path  # noqa: PLC0415 - --help does without it

    write_text(str(config_path()))


@app.command(name="list")
async def list_settings(*, output: Output = OUTPUT) -> None:
    """List the settings of all profiles, without the API keys.

    currents-async config list

    currents-async config list -o json

    """
    printer = Printer(Configured, "profile, name, value", output, nothing="no profiles")
    profiles = await _profiles()
    printer.all(
        Configured(profile=profile, name=name, value=value)
        for profile, settings in profiles.items()
        for name, value in _shown(settings).items()
    )


@app.command
async def get(name: Name, /, *, profile: ProfileName | None = None) -> int:
    """Print a setting of a profile; the exit code is 3 if it is not set.

    currents-async config get project-id

    currents-async config get base-url --profile work

    """
    chosen = _chosen(profile)
    settings = (await _profiles()).get(chosen)
    value = _shown(settings).get(name) if settings is not None else None
    if value is None:
        note(f"{name} is not set in the profile {chosen!r}")
        return _exit.NOT_FOUND
    write_text(value)
    return _exit.OK


@app.command(name="set")
async def set_value(name: Name, value: str, /, *, profile: ProfileName | None = None) -> None:
    """Set a setting of a profile, which is made if there is none.

    Comments and other profiles stay as they are. `auth login` keeps the API key.

    currents-async config set project-id PROJECT_ID

    currents-async config set base-url https://currents.example.com/v1 --profile work

    Parameters
    ----------
    value
        The value; an empty text removes the setting, allow_http and cache are true or false.

    """
    # Here, since --help does without them.
    import asyncio  # noqa: PLC0415

    from currents_async._config import check_base_url  # noqa: PLC0415
    from currents_async.cli._config_file import change_profile  # noqa: PLC0415

    new: str | bool | None = value or None
    if name in _SWITCHES and value:
        new = _FLAGS.get(value.lower())
        if new is None:
            raise InvalidArgumentError(f"{name} must be true or false, not {value!r}")
    elif name == "base_url" and value:
        check_base_url(value, "base_url", allow_http=True)
    where = await asyncio.to_thread(change_profile, _chosen(profile), {name: new})
    note(f"written to {where}")


async def _profiles() -> "Mapping[str, Profile]":
    # Here, since --help does without them.
    import asyncio  # noqa: PLC0415

    from currents_async.cli._profiles import read_profiles  # noqa: PLC0415

    return await asyncio.to_thread(read_profiles)


def _chosen(profile: str | None) -> str:
    return profile or os.environ.get("CURRENTS_PROFILE") or "default"


def _shown(settings: "Profile") -> dict[str, str]:
    """Return what is set, as text."""
    values = {name: getattr(settings, name) for name in _NAMES}
    words = {name: str(value) for name, value in values.items() if value}
    return {
        name: _HIDDEN if name == "api_key" else word.lower() if values[name] is True else word
        for name, word in words.items()
    }
