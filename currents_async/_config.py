"""Settings of a client: frozen, and checked before anything is sent."""

import os
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec

from currents_async._checks import (
    check_concurrency,
    check_int,
    check_positive,
    check_timeout,
    check_type,
)
from currents_async.errors import InvalidArgumentError

PRODUCTION = "https://api.currents.dev/v1"
ALLOW_HTTP = " (allow_http=True, or --allow-http, allows it)"
_V1 = "/v1"
_REST_API_URL = "CURRENTS_REST_API_URL"
_API_URL = "CURRENTS_API_URL"


class Timeouts(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """How long to wait, in seconds; `math.inf` waits forever.

    Raises `InvalidArgumentError` for anything but positive numbers.
    """

    connect: float = 10
    """For one connection attempt, TLS included."""
    read: float = 30
    """Between two chunks of a response."""
    attempt: float = 60
    """For one attempt, from when it leaves the queue to the last byte of its response."""
    total: float = 120
    """For a whole call, including all attempts and all waiting. Where a method sends several
    requests, as a fan-out does, for each of them. The time that you take to read results does not
    count."""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            check_timeout(f"Timeouts.{name}", getattr(self, name))


class Retries(msgspec.Struct, frozen=True, kw_only=True):
    """How often to try a call again that has failed.

    Raises `InvalidArgumentError` for anything but positive integers.
    """

    attempts: int = 3
    """Attempts at each call, including the first; with 1, no call is tried again.

    Attempts that the server refuses because there are too many, with 429 or as one of many 502, 503
    and 504, do not count. They are repeated until `Timeouts.total`, but for 30 in a row during
    which the server accepts nothing from this client, and for 12 that were not 429. Of 502, 503 and
    504 that come alone, two of a call do not count while other calls succeed; six, where others
    have failed so of late or a limit has been found.
    """

    def __post_init__(self) -> None:
        check_int("Retries.attempts", self.attempts)


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much a client takes on at once.

    Raises `InvalidArgumentError` for numbers that are not positive, for a `concurrency` above
    10,000, and for `memory` below `body`.
    """

    concurrency: int = 16
    """Requests in flight, and connections kept alive; at most 10,000."""
    rate: float | None = None
    """Requests per second, if you know the limit of your key. None: find it out from refusals.

    We send 4 % fewer, since requests arrive less evenly than they leave, and fewer still for a
    while after a throttle. Give each of several processes that share a key its part of the rate.
    """
    body: int = 32 * 1024 * 1024
    """Bytes of one response, inflated; a larger one is a `ResponseTooLargeError`."""
    memory: int = 128 * 1024 * 1024
    """Bytes of all responses that are still arriving, inflated; further ones have to wait."""

    def __post_init__(self) -> None:
        check_concurrency("Limits.concurrency", self.concurrency)
        for name in ("body", "memory"):
            check_int(f"Limits.{name}", getattr(self, name))
        if self.rate is not None:
            check_positive("Limits.rate", self.rate)
        if self.memory < self.body:
            raise InvalidArgumentError("Limits.memory must be at least Limits.body")


def resolve_base_url(base_url: str | None, *, allow_http: bool = False) -> str:
    """Return the base URL without trailing slashes: the argument, the environment, production."""
    if base_url is not None:
        return check_base_url(base_url, allow_http=allow_http)
    found = base_url_in_environment()
    if found is None:
        return PRODUCTION
    return check_base_url(found.url, found.variable, allow_http=allow_http)


class FoundUrl(NamedTuple):
    """A base URL in the environment."""

    variable: str
    url: str


def base_url_in_environment() -> FoundUrl | None:
    """Return the unchecked base URL in the environment, if there is one.

    The service's own tools read two variables. `CURRENTS_REST_API_URL` is the address of the REST
    API without `/v1`. `CURRENTS_API_URL` is the same with `/v1` to some tools, but to those that
    record tests it is the address of the recorder, which must not receive the key.
    """
    rest, other = (os.environ.get(name, "").strip() for name in (_REST_API_URL, _API_URL))
    if rest:
        return FoundUrl(_REST_API_URL, rest if _ends_in_v1(rest) else rest.rstrip("/") + _V1)
    return FoundUrl(_API_URL, other) if _ends_in_v1(other) else None


def check_base_url(url: str, name: str = "base_url", *, allow_http: bool = False) -> str:
    """Return a base URL without trailing slashes, or raise `InvalidArgumentError`.

    `name` is the argument or variable that the URL came from.
    """
    check_type(name, url, str)
    # The reason quotes no part of the URL, which may contain a password.
    reason = _refusal(url, allow_http=allow_http)
    if reason is not None:
        raise InvalidArgumentError(f"{name} {reason}")
    parts = urlsplit(url)
    return parts._replace(path=parts.path.rstrip("/")).geturl()


def resolve_project_id(project_id: str | None) -> str | None:
    """Return the default project: the argument, else the environment."""
    return project_id or os.environ.get("CURRENTS_PROJECT_ID") or None


def _ends_in_v1(url: str) -> bool:
    try:
        return urlsplit(url).path.rstrip("/").endswith(_V1)
    except ValueError:
        return url.rstrip("/").endswith(_V1)  # not a URL: the API's is refused by name


def _refusal(url: str, *, allow_http: bool) -> str | None:
    """Return why a base URL cannot be used, or None if it can."""
    reason = malformed(url)
    if reason is not None:
        return reason
    parts = urlsplit(url)
    host = parts.hostname
    if parts.scheme not in {"http", "https"} or not host:
        return "must begin with https:// and name a host"
    if "@" in parts.netloc or parts.query or parts.fragment:
        return "must have no user, password, query or fragment"
    if not allow_http and is_exposed(parts.scheme, host):
        return f"must be https://: plain http:// shows the API key to the network{ALLOW_HTTP}"
    return None


def malformed(url: str) -> str | None:
    """Return why a text is not a URL, or None if it is one; the reason quotes no part of it."""
    if not url.isascii() or not url.isprintable() or " " in url:
        return "must not contain spaces, control or non-ASCII characters"
    try:
        _ = urlsplit(url).port
    except ValueError:
        return "is not a URL"
    return None


def is_exposed(scheme: str, host: str) -> bool:
    """Return whether the network can read what is sent to a host."""
    return scheme == "http" and not is_loopback(host)


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine, which plain HTTP does not leave."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
