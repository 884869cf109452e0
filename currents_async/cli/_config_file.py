"""Changes of the configuration file: comments and other profiles stay, nobody else can read it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomlkit

from currents_async.cli import _keyring, _profiles
from currents_async.cli._private_file import write_private


def change_profile(name: str, changes: Mapping[str, str | bool | None]) -> Path:
    """Set some settings of a profile, or remove those that are None; return where they are.

    The file is replaced as a whole, and only the user can read it; on Windows it is as protected as
    its folder, which is the user's own.
    """
    _profiles.read_profiles()  # raises an error for what is no configuration
    path = _profiles.config_path().resolve()  # of a link, what it leads to
    document = tomlkit.parse(_text_of(path))
    profiles = document.setdefault("profiles", tomlkit.table(is_super_table=True))
    profile: Any = profiles.setdefault(name, tomlkit.table())
    for setting, value in changes.items():
        if value is not None:
            profile[setting] = value
        else:
            profile.pop(setting, None)
    write_private(path, tomlkit.dumps(document).encode())
    return path


def keep_key(name: str, entered: _profiles.Profile, *, in_file: bool) -> str:
    """Keep the key of a profile in the keyring, or else in the file; return where it is."""
    if not in_file and _keyring.put_key(name, entered.api_key or ""):
        change_profile(name, {"api_key": None, "keyring": True})
        return "the keyring of the system"
    path = change_profile(name, {"api_key": entered.api_key, "keyring": None})
    return str(path)


def forget_key(name: str) -> bool:
    """Remove the key of a profile from wherever it is; return whether there was one."""
    profile = _profiles.read_profiles().get(name)
    if profile is None or not (profile.keyring or profile.api_key):
        return False
    if profile.keyring:
        _keyring.delete_key(name)
    change_profile(name, {"api_key": None, "keyring": None})
    return True


def _text_of(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return ""
