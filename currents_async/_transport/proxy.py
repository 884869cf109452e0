"""The proxy: checked once, its password kept out of sight."""

from collections.abc import Callable, Mapping
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies

from currents_async._config import malformed
from currents_async.errors import InvalidArgumentError

RevealProxy = Callable[[], str | None]
"""Give the URL of the proxy. Like the API key it is a variable of a closure."""


def find_proxy(proxy: str | None, *, trust_env: bool) -> RevealProxy | InvalidArgumentError:
    """Take the proxy from the argument; check those of the environment, which aiohttp reads itself.

    Returns the error instead of raising it: a traceback made here would hold the password.
    """
    if proxy is None:
        return _refused_in(getproxies() if trust_env else {}) or (lambda: None)
    if not isinstance(proxy, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        return InvalidArgumentError("proxy must be a str, or None")
    # As curl does, and whoever writes "proxy.example.com:3128".
    url = proxy if "://" in proxy else f"http://{proxy}"
    reason = _refusal(url, ("http", "https"))
    return (lambda: url) if reason is None else InvalidArgumentError(f"proxy {reason}")


def _refused_in(environment: Mapping[str, str]) -> InvalidArgumentError | None:
    """Find a proxy that aiohttp would stumble over, or quietly do without."""
    for scheme in ("http", "https"):
        reason = _refusal(environment[scheme], ("http",)) if scheme in environment else None
        if reason is not None:
            return InvalidArgumentError(
                f"{scheme.upper()}_PROXY {reason} (it is read because of trust_env)"
            )
    return None


def _refusal(url: str, schemes: tuple[str, ...]) -> str | None:
    """Say why a proxy cannot be used, or None when it can. No reason names a part of the URL."""
    reason = malformed(url)
    if reason is not None:
        return reason
    parts = urlsplit(url)
    if parts.scheme.startswith("socks"):
        return (
            "is a SOCKS proxy, which aiohttp does not support: pass a session= whose connector"
            " does, such as that of the package aiohttp-socks"
        )
    if parts.scheme not in schemes or not parts.hostname:
        beginning = " or ".join(f"{scheme}://" for scheme in schemes)
        return f"must begin with {beginning} and name a host, as in http://proxy.example.com:3128"
    return "must end after the port: it has a path or a query" if _goes_on(parts) else None


def _goes_on(parts: SplitResult) -> bool:
    return parts.path not in {"", "/"} or bool(parts.query or parts.fragment)
