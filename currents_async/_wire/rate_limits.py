"""What the server says about its rate limit: the headers that services and drafts have for it."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from currents_async._wire.throttle import DAY, number, server_time


class RateLimit(msgspec.Struct, frozen=True, kw_only=True):
    """What the server last said about the rate limit of the API key.

    Sources: `docs/api/base.md`, "Rate limits", and
    https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/11/.
    """

    limit: int | None = None
    """Requests in a window."""
    remaining: int | None = None
    """Requests that are left in it."""
    reset: datetime | None = None
    """When more of them are available, in UTC by the server's clock."""
    window: float | None = None
    """Seconds that a window takes."""


class Allowance(NamedTuple):
    """The same for the rate limiter: complete, and within reason."""

    limit: int
    remaining: int
    reset: float
    """Seconds until more is available."""
    per: float | None
    """Seconds in which `limit` requests are allowed on average, if the server says so."""

    @property
    def is_spent(self) -> bool:
        """Whether so little is left that a refusal is due to this limit."""
        return self.remaining <= max(1, self.limit // 50)


class _Numbers(NamedTuple):
    limit: float | None
    remaining: float | None
    reset: float | None
    per: float | None = None

    @property
    def share(self) -> float:
        return (self.remaining or 0) / (self.limit or 1)


def rate_limit(
    headers: Mapping[str, str], wall: float
) -> tuple[RateLimit | None, Allowance | None]:
    """Return the rate limit that a response states, and what follows from it, if it makes sense.

    `wall` is in seconds since the epoch. Of several limits the one with the smallest share left
    counts. What is not a sensible number is left out.
    """
    if "RateLimit" in headers:
        found = _structured(headers["RateLimit"], headers.get("RateLimit-Policy", ""))
    elif "RateLimit-Limit" in headers:
        found = _three("RateLimit-", headers, headers.get("RateLimit-Policy", ""))
    elif "X-RateLimit-Limit" in headers or "X-RateLimit-Remaining" in headers:
        found = _three("X-RateLimit-", headers)
    else:
        return None, None
    if found.limit is None and found.remaining is None:
        return None, None
    now = server_time(headers, wall)
    reset = found.reset if found.reset is None or found.reset <= DAY else found.reset - now
    known = RateLimit(
        limit=None if found.limit is None else int(found.limit),
        remaining=None if found.remaining is None else int(found.remaining),
        reset=None if reset is None else _moment(now + reset),
        window=found.per,
    )
    return known, _allowance(known, reset)


def _allowance(known: RateLimit, reset: float | None) -> Allowance | None:
    limit, remaining = known.limit, known.remaining
    if not limit or remaining is None or remaining > limit:
        return None
    if reset is None or not 0 <= reset <= DAY:
        return None
    return Allowance(limit, remaining, reset, known.window or None)


def _three(prefix: str, headers: Mapping[str, str], policies: str = "") -> _Numbers:
    # Drafts before the sixth let policies follow the number.
    limit = number(headers.get(f"{prefix}Limit", "").partition(",")[0])
    windows = {number(quota): values.get("w") for quota, values in _items(policies)}
    return _Numbers(
        limit,
        number(headers.get(f"{prefix}Remaining")),
        number(headers.get(f"{prefix}Reset")),
        number(windows.get(limit)),
    )


def _structured(limits: str, policies: str) -> _Numbers:
    by_name = dict(_items(policies))
    found = [
        _Numbers(
            number(policy.get("q")), remaining, number(values.get("t")), number(policy.get("w"))
        )
        for name, values in _items(limits)
        for policy in [by_name.get(name, {})]
        if (remaining := number(values.get("r"))) is not None
        # Other units are bytes, and requests at once.
        and policy.get("qu", "requests").strip('"') == "requests"
    ]
    if found:
        return min(found, key=lambda numbers: numbers.share)
    # The seventh draft had `limit=100, remaining=50, reset=30`.
    seventh = {f"RateLimit-{key}": value for key, _, value in map(_pair, _items(limits))}
    return _three("RateLimit-", seventh, policies)


def _pair(item: tuple[str, dict[str, str]]) -> tuple[str, str, str]:
    key, equals, value = item[0].partition("=")
    return key.title(), equals, value


_STRING = r'"(?:[^"\\]|\\.)*"'
_PARAMETER = rf"[ \t]*;[ \t]*([a-z*][a-z0-9_.*-]*)(?:=({_STRING}|[^;,\"\s]*))?"
_ITEM = re.compile(rf"[ \t]*({_STRING}|[^;,\"\s]+)((?:{_PARAMETER})*)[ \t]*(?:,|$)")


def _items(field: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the items of a structured list (RFC 9651) with their parameters; none after garbage."""
    at = 0
    while at < len(field) and (item := _ITEM.match(field, at)):
        yield item[1], dict(re.findall(_PARAMETER, item[2]))
        at = item.end()


def _moment(epoch: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(epoch, UTC)
    except (ValueError, OverflowError, OSError):
        return None
