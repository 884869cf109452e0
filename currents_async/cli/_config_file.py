"""Changes of the configuration file: comments and other profiles stay, nobody else can read it."""

import os
from collections.abc import Mapping
from pathlib import Path
from secrets import token_hex
from typing import Any

import tomlkit

from currents_async.cli import _keyring, _settings


def change_profile(name: str, changes: Mapping[str, str | bool | None]) -> Path:
    """Set some settings of a profile, or remove those that are None; return where they are.

    The file is replaced as a whole, and only the user can read it; on Windows it is as protected as
    its folder, which is the user's own.
    """
    _settings.read_profiles()  # raises an error for what is no configuration
    path = _settings.config_path().resolve()  # of a link, what it leads to
    document = tomlkit.parse(_text_of(path))
    profiles = document.setdefault("profiles", tomlkit.table(is_super_table=True))
    profile: Any = profiles.setdefault(name, tomlkit.table())
    for setting, value in changes.items():
        if value is not None:
            profile[setting] = value
        else:
            profile.pop(setting, None)
    _write(path, tomlkit.dumps(document).encode())
    return path


def keep_key(name: str, entered: _settings.Profile, *, in_file: bool) -> str:
    """Keep the key of a profile in the keyring, or else in the file; return where it is."""
    if not in_file and _keyring.put_key(name, entered.api_key or ""):
        change_profile(name, {"api_key": None, "keyring": True})
        return "the keyring of the system"
    path = change_profile(name, {"api_key": entered.api_key, "keyring": None})
    return str(path)


def forget_key(name: str) -> bool:
    """Remove the key of a profile from wherever it is; return whether there was one."""
    profile = _settings.read_profiles().get(name)
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


def _write(path: Path, text: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    written = path.with_name(f".{path.name}.{token_hex(8)}")
    number = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(number, "wb") as out:
            out.write(text)
            out.flush()
            os.fsync(number)
        written.replace(path)
    except OSError:
        written.unlink(missing_ok=True)
        raise
