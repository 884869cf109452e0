"""Profiles: named settings in the user's configuration file, and where that is.

Without the client, so that commands on the file begin at once.
"""

import os
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path

import msgspec
from platformdirs import user_cache_path, user_config_path

from currents_async.cli._streams import complain
from currents_async.errors import InvalidArgumentError

_PROFILE = "CURRENTS_PROFILE"
_DEFAULT = "default"


class Profile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a profile sets; its repr does not show the key."""

    api_key: str | None = None
    base_url: str | None = None
    project_id: str | None = None
    allow_http: bool = False
    cache: bool = False
    """Whether commands keep runs that have ended, as with --cache."""
    keyring: bool = False
    """Whether the key is in the keyring of the system, as `auth login` may put it there."""

    def __rich_repr__(self) -> list[tuple[str, object]]:
        key = None if self.api_key is None else "***"
        names = ("base_url", "project_id", "allow_http", "cache")
        return [("api_key", key), *((name, getattr(self, name)) for name in names)]

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"Profile({shown})"


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    profiles: dict[str, Profile] = {}


class NamedProfile(msgspec.Struct, frozen=True):
    """A profile, and where it was found."""

    name: str
    path: Path
    profile: Profile = Profile()


def config_path() -> Path:
    """Return the path of the configuration file, which need not exist."""
    return user_config_path("currents-async", appauthor=False) / "config.toml"


def cache_path() -> Path:
    """Return the folder of all that commands keep, which need not exist."""
    return user_cache_path("currents-async", appauthor=False)


def find_profile(name: str | None, *, must_exist: bool = True) -> NamedProfile:
    """Read the profile that the option or the environment names, or the default one.

    Raises `InvalidArgumentError` for a file that cannot be read as configuration, and for a name
    that is not in it. No error quotes the file, which holds keys.
    """
    path = config_path()
    asked = name or os.environ.get(_PROFILE) or None
    profiles = read_profiles()
    profile = profiles.get(asked or _DEFAULT)
    if profile is None:
        if asked is not None and must_exist:
            known = ", ".join(profiles) or "none"
            raise InvalidArgumentError(f"no profile {asked!r} in {path}, which has: {known}")
        return NamedProfile(asked or _DEFAULT, path)
    if profile.api_key is not None:
        _warn_if_others_can_read(path)
    return NamedProfile(asked or _DEFAULT, path, profile)


def read_profiles() -> Mapping[str, Profile]:
    """Return all profiles; raise `InvalidArgumentError` for a file that is no configuration."""
    profiles = _read(config_path())
    if isinstance(profiles, InvalidArgumentError):
        raise profiles
    return profiles


def _read(path: Path) -> Mapping[str, Profile] | InvalidArgumentError:
    """Return the profiles, or the error: a traceback made here would hold the keys."""
    try:
        text = path.read_bytes().decode("utf-8-sig")  # as some editors of Windows write it
        return msgspec.convert(tomllib.loads(text), _File).profiles
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError:
        return InvalidArgumentError(f"{path} is not UTF-8")
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        return InvalidArgumentError(f"{path}: {error}")


def _warn_if_others_can_read(path: Path) -> None:
    if os.name == "posix" and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        complain(f"others can read {path}, which holds an API key: chmod 600 it")
