"""API keys in the keyring of the system, if the package `keyring` is installed."""

from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING

from currents_async.errors import InvalidArgumentError

if TYPE_CHECKING:
    from types import ModuleType

_SERVICE = "currents-async"


def read_key(name: str) -> str:
    """Return the key of a profile that is in the keyring."""
    keyring = _installed()
    if keyring is None:
        raise InvalidArgumentError(
            f"the API key of profile {name!r} is in the keyring: python -m pip install keyring"
        )
    try:
        key: str | None = keyring.get_password(_SERVICE, name)
    except keyring.errors.KeyringError as error:
        raise InvalidArgumentError(f"the keyring cannot be read: {error}") from None
    if key is None:
        raise InvalidArgumentError(
            f"the keyring has no API key of profile {name!r}: run currents-async auth login"
        )
    return key


def put_key(name: str, key: str) -> bool:
    """Keep the key of a profile; return whether the system has a keyring that does."""
    keyring = _installed()
    if keyring is None:
        return False
    try:
        keyring.set_password(_SERVICE, name, key)
    except keyring.errors.KeyringError:
        return False
    return True


def delete_key(name: str) -> None:
    """Remove the key of a profile."""
    keyring = _installed()
    if keyring is not None:
        with suppress(keyring.errors.KeyringError):  # somebody may have deleted it there
            keyring.delete_password(_SERVICE, name)


def _installed() -> "ModuleType | None":
    """Return the module, if it is installed."""
    try:
        return import_module("keyring")
    except ModuleNotFoundError:
        return None
