"""The settings of a client: an option overrides the environment, which overrides the profile."""

import asyncio
import os
import ssl
from typing import Any
from urllib.parse import urlsplit

import msgspec

from currents_async import Currents
from currents_async._config import PRODUCTION, base_url_in_environment, check_base_url
from currents_async._transport.proxy import proxy_refusal, proxy_refusal_in_environment
from currents_async.cli._options import Connection
from currents_async.cli._profiles import NamedProfile, find_profile
from currents_async.errors import InvalidArgumentError

_KEY = "CURRENTS_API_KEY"
_PROJECT = "CURRENTS_PROJECT_ID"


class Setting(msgspec.Struct, frozen=True):
    """A value, and where it was set."""

    value: str | None
    source: str


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All settings, with only the source of the key."""

    key_source: str
    base_url: Setting
    project_id: Setting
    found: NamedProfile
    connection: Connection
    trust: ssl.SSLContext | None
    """The certificates to trust, if not just the system's."""

    @property
    def trusts_environment(self) -> bool:
        """Whether the proxies of the environment are for this service."""
        # Plain HTTP is for this machine: a proxy would only learn the key.
        return urlsplit(self.base_url.value or PRODUCTION).scheme != "http"

    def client(self, **options: Any) -> Currents:
        """Make a client; `options` are its other arguments."""
        return Currents(
            # None lets the client itself read the environment.
            None if _KEY in os.environ else self.found.profile.api_key,
            base_url=self.base_url.value,
            project_id=self.project_id.value,
            proxy=self.connection.proxy,
            trust_env=self.trusts_environment,
            ssl=self.trust,
            **options,
        )


async def load(connection: Connection) -> Settings:
    """Read settings in a thread, since the configuration file may be slow."""
    return await asyncio.to_thread(read_settings, connection)


def read_settings(connection: Connection) -> Settings:
    """Gather the settings of a client; raise `InvalidArgumentError` for any that cannot work."""
    found = find_profile(connection.profile)
    source = f"profile {found.name!r} in {found.path}"
    if _KEY not in os.environ and found.profile.api_key is None:
        raise InvalidArgumentError(f"no API key: set {_KEY}, or api_key in {source}")
    settings = Settings(
        key_source=_KEY if _KEY in os.environ else source,
        base_url=_checked_url(
            Setting(connection.base_url, "--base-url"),
            _base_url_in_environment(),
            Setting(found.profile.base_url, source),
        ),
        project_id=_first(
            Setting(os.environ.get(_PROJECT), _PROJECT),
            Setting(found.profile.project_id, source),
        ),
        found=found,
        connection=connection,
        trust=None if connection.ca_file is None else _trust(connection.ca_file),
    )
    _refuse_proxy(connection.proxy, trusts_environment=settings.trusts_environment)
    return settings


def _first(*settings: Setting) -> Setting:
    return next((one for one in settings if one.value), Setting(None, "default"))


def _base_url_in_environment() -> Setting:
    found = base_url_in_environment()
    return Setting(None, "") if found is None else Setting(found.url, found.variable)


def _checked_url(*settings: Setting) -> Setting:
    """Return the first URL that is set; an error names where it was set."""
    first = _first(*settings)
    if first.value is None:
        return first
    return Setting(check_base_url(first.value, f"{first.source}: the base URL"), first.source)


def _refuse_proxy(option: str | None, *, trusts_environment: bool) -> None:
    """Refuse what the client would refuse, but name the option or the variable."""
    if option is not None:
        reason = proxy_refusal(option)
        refusal = None if reason is None else f"--proxy {reason}"
    else:
        refusal = proxy_refusal_in_environment() if trusts_environment else None
    if refusal is not None:
        raise InvalidArgumentError(refusal)


def _trust(ca_file: str) -> ssl.SSLContext:
    """Return a context that trusts the certificates of a file besides the system's."""
    context = ssl.create_default_context()
    try:
        context.load_verify_locations(ca_file)
    except ssl.SSLError:
        raise InvalidArgumentError(
            f"--ca-file: {ca_file} must have certificates as PEM, and none that is broken"
        ) from None
    except OSError as error:
        raise InvalidArgumentError(f"--ca-file: {ca_file}: {error.strerror}") from None
    return context
