"""What a limiter decides about a request, and how a server says it."""

import math
from collections.abc import Sequence
from email.utils import formatdate
from typing import Literal, NamedTuple, get_args

import msgspec

from currents_async._checks import check_choice, check_int

TICK = 1e-6
"""The resolution of a limiter's clock in seconds: an earlier request is in time."""

RateHeaders = Literal["x-ratelimit", "x-ratelimit-seconds", "ratelimit", "ratelimit-draft"]
"""The headers of responses that are about a limiter: see `Says.headers`."""


class Says(msgspec.Struct, frozen=True, kw_only=True):
    """What a server says about its limiter.

    Raises `InvalidArgumentError` for words that are not listed, and for a status that is no error.
    """

    retry_after: Literal["seconds", "date"] | None = "seconds"
    """How a refusal says when to come again: `Retry-After` in seconds, rounded up, or as a date.

    None says nothing. A refusal that is not a matter of time has no `Retry-After`.
    """
    headers: RateHeaders | None = None
    """What every response says about the limit; None says nothing.

    - `x-ratelimit`: `X-RateLimit-Limit`, `-Remaining` and `-Reset`, the last in seconds since the
      epoch. Of several limits they are about the one with the smallest share left.
    - `x-ratelimit-seconds`: the same, with `-Reset` in seconds from now, as Envoy sends it.
    - `ratelimit`: `RateLimit` and `RateLimit-Policy` with every limit, as structured fields.
      Source: https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/11/.
    - `ratelimit-draft`: `RateLimit-Limit`, `-Remaining` and `-Reset` in seconds from now, and
      `RateLimit-Policy`, of earlier versions of that draft.
      Source: https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-06.
    """
    status: int = 429
    """The status of a refusal; nginx sends 503 unless `limit_req_status` says otherwise."""

    def __post_init__(self) -> None:
        if self.retry_after is not None:
            check_choice("Says.retry_after", self.retry_after, ("seconds", "date"))
        if self.headers is not None:
            check_choice("Says.headers", self.headers, get_args(RateHeaders))
        check_int("Says.status", self.status, min_value=400, max_value=599)


class Quota(NamedTuple):
    """How much of a limit is left."""

    limit: int
    remaining: int
    window: float | None = None
    """The seconds in which the limit is granted anew; None if it bounds requests at once."""
    reset: float = 0.0
    """Seconds until all of the limit is available."""
    more: float = 0.0
    """Seconds until more than `remaining` is available."""


class Decision(NamedTuple):
    """Whether a request passes, and what the response says about it."""

    accepted: bool
    says: Says
    now: float
    """When the request arrived, in the seconds that the meter was given."""
    wait: float | None = 0.0
    """Seconds until a request would pass; None if that is not a matter of time."""
    quotas: tuple[Quota, ...] = ()
    """What is left of each limit after this request."""

    @property
    def status(self) -> int | None:
        """The status of the refusal; None if the request is accepted."""
        return None if self.accepted else self.says.status

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the response; their dates take `now` for seconds since the epoch."""
        headers = _rate_headers(self.says.headers, self.quotas, self.now)
        if self.accepted or self.wait is None:
            return headers
        if self.says.retry_after == "seconds":
            headers["Retry-After"] = str(_ceil(self.wait))
        elif self.says.retry_after == "date":
            headers["Retry-After"] = formatdate(_ceil(self.now + self.wait), usegmt=True)
        return headers


def _ceil(seconds: float) -> int:
    return math.ceil(seconds - TICK)


def _rate_headers(kind: RateHeaders | None, quotas: Sequence[Quota], now: float) -> dict[str, str]:
    match kind:
        case "x-ratelimit":
            return _three("X-RateLimit-", quotas, now)
        case "x-ratelimit-seconds":
            return _three("X-RateLimit-", quotas)
        case "ratelimit-draft":
            policies = [
                f"{limit};w={window}" for limit, window in filter(None, map(_policy, quotas))
            ]
            return _three("RateLimit-", quotas) | _joined("RateLimit-Policy", policies)
        case "ratelimit":
            return _structured(quotas)
        case None:
            return {}


def _three(prefix: str, quotas: Sequence[Quota], since: float = 0.0) -> dict[str, str]:
    timed = [quota for quota in quotas if quota.window is not None]
    if not timed:
        return {}
    tightest = min(timed, key=lambda quota: quota.remaining / quota.limit)
    return {
        f"{prefix}Limit": str(tightest.limit),
        f"{prefix}Remaining": str(tightest.remaining),
        f"{prefix}Reset": str(_ceil(since + tightest.reset)),
    }


def _structured(quotas: Sequence[Quota]) -> dict[str, str]:
    names = ["default"] if len(quotas) == 1 else [f"limit-{n + 1}" for n in range(len(quotas))]
    policies: list[str] = []
    limits: list[str] = []
    for name, quota in zip(names, quotas, strict=True):
        policy = _policy(quota)
        if policy is None:
            policies.append(f'"{name}";q={quota.limit};qu="concurrent-requests"')
            limits.append(f'"{name}";r={quota.remaining}')
        else:
            limit, window = policy
            policies.append(f'"{name}";q={limit};w={window}')
            limits.append(f'"{name}";r={quota.remaining};t={_ceil(quota.more)}')
    return _joined("RateLimit-Policy", policies) | _joined("RateLimit", limits)


def _joined(name: str, items: Sequence[str]) -> dict[str, str]:
    return {name: ", ".join(items)} if items else {}


def _policy(quota: Quota) -> tuple[int, int] | None:
    """Return a limit and its window in whole seconds, since the fields have no fractions."""
    if quota.window is None:
        return None
    window = _ceil(quota.window)
    return math.floor(quota.limit * window / quota.window + TICK), window
