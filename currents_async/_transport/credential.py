"""An API key: checked once, kept out of sight."""

import os
from collections.abc import Callable
from functools import cache
from hashlib import blake2b
from urllib.parse import quote

from currents_async._cache.scope import Scope
from currents_async._checks import key_refusal
from currents_async._redaction import hide_signatures
from currents_async.errors import InvalidArgumentError

VARIABLE = "CURRENTS_API_KEY"


class Credential:
    """An API key that only its own functions can read.

    The key is no attribute but a variable of a closure, so that no repr, `vars`, log, traceback
    with locals or pickle shows it.
    """

    __slots__ = ("authorization", "is_key", "redact", "scope")

    authorization: Callable[[], str]
    """Return the value of the Authorization header."""
    redact: Callable[[str], str]
    """Return a text without the key, in case a server or a library has quoted it.

    The signatures of assets' URLs are removed too: a signature gives access to the asset.
    """
    is_key: Callable[[object], bool]
    """Return whether something is this very key."""
    scope: Callable[[], Scope]
    """Return what the responses to this key are called in a cache."""

    def __init__(self, api_key: str) -> None:
        in_urls = quote(api_key, safe="")

        def redact(text: str) -> str:
            for spelling in (api_key, in_urls):
                text = text.replace(spelling, "[API key]")
            return hide_signatures(text)

        self.authorization = lambda: f"Bearer {api_key}"
        self.redact = redact
        self.is_key = lambda other: other == api_key
        self.scope = cache(
            lambda: Scope(blake2b(api_key.encode(), person=b"currents_async").digest())
        )


def find_credential(api_key: str | None) -> Credential | InvalidArgumentError:
    """Take the key from the argument, else from the environment.

    Returns the error instead of raising it: a traceback made here would hold the key, and even one
    that cannot be used is probably a secret with a stray line break.
    """
    key = os.environ.get(VARIABLE) if api_key is None else api_key
    if key is None:
        return InvalidArgumentError(f"no API key: pass api_key= or set {VARIABLE}")
    reason = key_refusal(key)
    if reason is not None:
        return InvalidArgumentError(f"api_key (or {VARIABLE}) {reason}")
    return Credential(key)
