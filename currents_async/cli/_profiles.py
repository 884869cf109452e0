"""Profiles: named settings in the user's configuration file."""

import os
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path

import msgspec
from platformdirs import user_config_path

from currents_async.cli._text import complain
from currents_async.errors import InvalidArgumentError

VARIABLE = "CURRENTS_PROFILE"
_DEFAULT = "default"


class Profile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a profile sets; its repr does not show the key."""

    api_key: str | None = None
    base_url: str | None = None
    project_id: str | None = None

    def __rich_repr__(self) -> list[tuple[str, str | None]]:
        key = None if self.api_key is None else "***"
        return [
            ("api_key", key),
            ("base_url", self.base_url),
            ("project_id", self.project_id),
        ]

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


def find_profile(name: str | None) -> NamedProfile:
    """Read the profile that the option or the environment names, or the default one.

    Raises `InvalidArgumentError` for a file that cannot be read as configuration, and for a name
    that is not in it. No error quotes the file, which holds keys.
    """
    path = config_path()
    asked = name or os.environ.get(VARIABLE) or None
    profiles = _read(path)
    if isinstance(profiles, InvalidArgumentError):
        raise profiles
    profile = profiles.get(asked or _DEFAULT)
    if profile is None:
        if asked is not None:
            known = ", ".join(profiles) or "none"
            raise InvalidArgumentError(f"no profile {asked!r} in {path}, which has: {known}")
        return NamedProfile(_DEFAULT, path)
    if profile.api_key is not None:
        _warn_if_others_can_read(path)
    return NamedProfile(asked or _DEFAULT, path, profile)


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
