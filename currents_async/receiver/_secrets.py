"""The secrets of a webhook: checked once, compared in constant time, kept out of sight."""

import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256

from currents_async._checks import is_header_name
from currents_async.errors import InvalidArgumentError

Secrets = Mapping[str, str | Sequence[str]]
"""Header names and their secrets; several values are all valid, while one is being replaced."""

SecretCheck = Callable[[Mapping[str, Sequence[str]]], bool]
"""Returns whether headers, by their names in lower case, carry the secrets."""

# Values must be ASCII: HTTP libraries decode others differently.
_SECRET = re.compile(r"[!-~](?:[ -~]*[!-~])?")


def read_secrets(secrets: Secrets, *, insecure: bool) -> SecretCheck | InvalidArgumentError:
    """Return a function that checks headers for secrets.

    Only with `insecure` may secrets be empty, and then they are not checked. Returns the error
    instead of raising it: a traceback made here would hold the secrets.
    """
    digests: dict[str, list[bytes]] = {}
    for name, given in secrets.items():
        if not is_header_name(name):
            return InvalidArgumentError(f"{name!r} is not the name of a header")
        if name.lower() in digests:
            return InvalidArgumentError(f"{name!r} is given twice: pass a list of its values")
        candidates = [given] if isinstance(given, str) else list(given)
        reason = _refusal(candidates, insecure=insecure)
        if reason is not None:
            return InvalidArgumentError(f"the secret in {name!r} {reason}")
        digests[name.lower()] = [_digest(secret) for secret in candidates if secret]
    if not digests and not insecure:
        return InvalidArgumentError("there is no secret: pass at least one, or insecure=True")
    return _make_check({name: known for name, known in digests.items() if known})


def _refusal(candidates: Sequence[object], *, insecure: bool) -> str | None:
    """Return why secrets cannot be used, or None if they can."""
    if not all(isinstance(secret, str) for secret in candidates):
        return "must be a str, or a sequence of them"
    if not insecure and not (candidates and all(candidates)):
        return "must not be empty, unless insecure=True"
    if not all(_SECRET.fullmatch(str(secret)) for secret in candidates if secret):
        return "must be printable ASCII, without spaces around it"
    return None


def _make_check(digests: Mapping[str, Sequence[bytes]]) -> SecretCheck:
    # The digests are variables of a closure, so that no repr, `vars`, traceback with locals or
    # pickle shows them. The secrets themselves are not kept.

    def carries_secrets(headers: Mapping[str, Sequence[str]]) -> bool:
        verdicts = [_carries(headers.get(name, ()), known) for name, known in digests.items()]
        return all(verdicts)

    return carries_secrets


def _carries(values: Sequence[str], digests: Sequence[bytes]) -> bool:
    """Return whether a header has one value, and a valid one, in constant time."""
    given = _digest(values[0] if len(values) == 1 else "")
    verdicts = [hmac.compare_digest(given, known) for known in digests]
    return any(verdicts)


def _digest(value: str) -> bytes:
    # Digests all have the same length. Servers decode invalid UTF-8 to lone surrogates.
    return sha256(value.encode(errors="surrogatepass")).digest()
