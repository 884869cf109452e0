"""The proxy: checked once, its password kept out of sight."""

from collections.abc import Callable
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies

from currents_async._config import malformed
from currents_async.errors import InvalidArgumentError

RevealProxy = Callable[[], str | None]
"""Return the URL of the proxy. Like the API key it is a variable of a closure."""

_SOCKS = "is a SOCKS proxy: it must be an HTTP proxy, as in http://proxy.example.com:3128"
_SOCKS_HINT = "; or pass a session= whose connector supports it, as in the package aiohttp-socks"


def find_proxy(proxy: str | None, *, trust_env: bool) -> RevealProxy | InvalidArgumentError:
    """Take the proxy from the argument; check those of the environment, which aiohttp reads.

    Returns the error instead of raising it: a traceback made here would hold the password.
    """
    if proxy is None:
        refusal = proxy_refusal_in_environment() if trust_env else None
        if refusal is not None:
            return InvalidArgumentError(f"{refusal} (read because of trust_env=True)")
        return lambda: None
    if not isinstance(proxy, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        return InvalidArgumentError("proxy must be a str, or None")
    url = _with_scheme(proxy)
    reason = proxy_refusal(proxy)
    if reason is None:
        return lambda: url
    hint = _SOCKS_HINT if reason == _SOCKS else ""
    return InvalidArgumentError(f"proxy {reason}{hint}")


def proxy_refusal(proxy: str) -> str | None:
    """Return why a proxy cannot be used, or None if it can. No reason names a part of the URL."""
    return _refusal(_with_scheme(proxy), ("http", "https"))


def proxy_refusal_in_environment() -> str | None:
    """Return the variable whose proxy aiohttp would fail on, or silently ignore, and why."""
    environment = getproxies()
    for scheme in ("http", "https"):
        reason = _refusal(environment[scheme], ("http",)) if scheme in environment else None
        if reason is not None:
            return f"{scheme.upper()}_PROXY {reason}"
    return None


def _with_scheme(proxy: str) -> str:
    # As curl does, and as people write it: "proxy.example.com:3128".
    return proxy if "://" in proxy else f"http://{proxy}"


def _refusal(url: str, schemes: tuple[str, ...]) -> str | None:
    reason = malformed(url)
    if reason is not None:
        return reason
    parts = urlsplit(url)
    if parts.scheme.startswith("socks"):
        return _SOCKS
    if parts.scheme not in schemes or not parts.hostname:
        beginning = " or ".join(f"{scheme}://" for scheme in schemes)
        return f"must begin with {beginning} and name a host, as in http://proxy.example.com:3128"
    return "must end after the port: it has a path or a query" if _goes_on(parts) else None


def _goes_on(parts: SplitResult) -> bool:
    return parts.path not in {"", "/"} or bool(parts.query or parts.fragment)
