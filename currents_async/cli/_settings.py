"""The settings of a client: an option overrides the environment, which overrides the profile."""

import asyncio
import hmac
import os
import ssl
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import msgspec

from currents_async import Cache, Currents
from currents_async._config import PRODUCTION, base_url_in_environment, check_base_url
from currents_async._transport.proxy import proxy_refusal, proxy_refusal_in_environment
from currents_async.cli import _profiles
from currents_async.cli._keyring import read_key
from currents_async.errors import InvalidArgumentError
from currents_async.models.account import CredentialKind, kind_by_form

_KEY = "CURRENTS_API_KEY"
_PROJECT = "CURRENTS_PROJECT_ID"


class Setting(msgspec.Struct, frozen=True):
    """A value, and where it was set."""

    value: str | None
    source: str


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings, with only the source of the key."""

    profile_name: str
    key_source: str
    key_kind: CredentialKind
    """What the key seems to be."""
    base_url: Setting
    project_id: Setting
    profile: _profiles.Profile
    is_key_in_environment: bool
    proxy: str | None = field(repr=False)
    trust: ssl.SSLContext | None
    """The certificates to trust, if not just the system's."""
    allow_http: bool
    cache: Cache | None

    @property
    def trusts_environment(self) -> bool:
        """Whether the proxies of the environment are for this service."""
        # Over plain HTTP a proxy would learn the key.
        return urlsplit(self.base_url.value or PRODUCTION).scheme != "http"

    @property
    def _key(self) -> str | None:
        """None lets the client itself read the environment."""
        return None if self.is_key_in_environment else self.profile.api_key

    def digest(self, text: str) -> str:
        """Return a digest of a text, other for each service and key, that tells neither."""
        key = (self._key or os.environ.get(_KEY)) or ""
        named = f"{self.base_url.value or PRODUCTION} {text}"
        return hmac.new(key.encode(), named.encode(), "sha256").hexdigest()

    def client(self, **options: Any) -> Currents:
        """Make a client; `options` are its other arguments."""
        return Currents(
            self._key,
            base_url=self.base_url.value,
            project_id=self.project_id.value,
            proxy=self.proxy,
            trust_env=self.trusts_environment,
            ssl=self.trust,
            allow_http=self.allow_http,
            cache=self.cache,
            **options,
        )


async def load(**options: Any) -> Settings:
    """Read settings in a thread, since the configuration file may be slow."""
    return await asyncio.to_thread(read_settings, **options)


def read_settings(
    *,
    profile: str | None = None,
    base_url: str | None = None,
    proxy: str | None = None,
    ca_file: str | None = None,
    allow_http: bool = False,
    cache: bool = False,
    entered: _profiles.Profile | None = None,
) -> Settings:
    """Gather the settings of a client; raise `InvalidArgumentError` for any that cannot work.

    A key that was `entered` overrides all others; it may be for a profile that is not there yet.
    """
    found = _profiles.find_profile(profile, must_exist=entered is None)
    allow_http = allow_http or found.profile.allow_http
    source = f"profile {found.name!r} in {found.path}"
    is_in_environment = entered is None and _KEY in os.environ
    used = entered or (found.profile if is_in_environment else _with_key(found, source))
    settings = Settings(
        profile_name=found.name,
        key_source=_KEY if is_in_environment else source,
        key_kind=kind_by_form((os.environ.get(_KEY) if is_in_environment else used.api_key) or ""),
        base_url=_base_url(
            base_url, Setting(found.profile.base_url, source), allow_http=allow_http
        ),
        project_id=_first(
            Setting(os.environ.get(_PROJECT), _PROJECT),
            Setting(found.profile.project_id, source),
        ),
        profile=used,
        is_key_in_environment=is_in_environment,
        proxy=proxy,
        trust=None if ca_file is None else _trust(ca_file),
        allow_http=allow_http,
        cache=Cache(_profiles.cache_path() / "runs") if cache or found.profile.cache else None,
    )
    _refuse_proxy(proxy, trusts_environment=settings.trusts_environment)
    return settings


def _with_key(found: _profiles.NamedProfile, source: str) -> _profiles.Profile:
    """Return a profile with its key, which no traceback shows; it may be in the keyring."""
    if found.profile.keyring:
        return msgspec.structs.replace(found.profile, api_key=read_key(found.name))
    if found.profile.api_key is None:
        raise InvalidArgumentError(
            f"no API key: run currents-async auth login, or set {_KEY}, or api_key in {source}"
        )
    return found.profile


def _first(*settings: Setting) -> Setting:
    return next((one for one in settings if one.value), Setting(None, "default"))


def _base_url(option: str | None, of_profile: Setting, *, allow_http: bool) -> Setting:
    """Return the first URL that is set; an error names where it was set."""
    found = base_url_in_environment()
    of_environment = Setting(None, "") if found is None else Setting(found.url, found.variable)
    all_settings = (Setting(option, "--base-url"), of_environment, of_profile)
    # An empty one is refused: only in the environment that means that nothing is set.
    first = next((one for one in all_settings if one.value is not None), _first())
    if first.value is None:
        return first
    url = check_base_url(first.value, f"{first.source}: the base URL", allow_http=allow_http)
    # An origin alone is what people paste, and what other tools of the service take.
    return Setting(url if urlsplit(url).path else f"{url}/v1", first.source)


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
