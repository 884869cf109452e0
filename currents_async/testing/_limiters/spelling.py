"""Limiters as they are spelled on a command line."""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from currents_async.errors import InvalidArgumentError
from currents_async.testing._limiters.combined import AllOf, ChangesAfter
from currents_async.testing._limiters.decision import Says
from currents_async.testing._limiters.fixed_window import FixedWindow
from currents_async.testing._limiters.load import BUSY, ConcurrencyLimit, LoadShedding
from currents_async.testing._limiters.meter import Limiter
from currents_async.testing._limiters.sliding_counter import SlidingCounter
from currents_async.testing._limiters.sliding_log import SlidingLog
from currents_async.testing._limiters.token_bucket import TokenBucket

_UNITS = {"s": 1, "m": 60, "h": 3_600}
_SECONDS = r"(\d{1,6}(?:\.\d{1,6})?)"
_UNTIL = re.compile(rf"(.+?) until {_SECONDS}([smh]) then (.+)", re.ASCII)
_RATE = re.compile(rf"(\d{{1,9}})(?:/{_SECONDS}?([smh]))?", re.ASCII)
_COUNT = re.compile(r"(\d{1,9})", re.ASCII)
_SPAN = re.compile(r"(\d{1,9})-(\d{1,9})", re.ASCII)
_SAYS = {"status": "status", "retry-after": "retry_after", "headers": "headers"}


def parse_limiter(text: str) -> Limiter:
    """Read a limiter from text, as `mock serve --rate` does.

    ```text
    50, 50/s                      50 requests in each window of a second
    window:1000/m,aligned         a fixed window, here of each minute of the clock
    bucket:50/s,burst=20          a token bucket; its burst is 50 by default
    log:100/10s                   a sliding log
    counter:1000/m                a sliding counter
    concurrent:8                  8 requests at once
    shed:8-16                     load shedding: some from 8 requests at once on, all from 16 on
    50/s+1000/m                   both limits
    100/s until 4s then 30/s      the second one from 4 s after the first request on
    ```

    After a comma each takes the options of `Says`: `status=503`, `retry-after=date`, and
    `headers=ratelimit`, which is `x-ratelimit` by default. The last two can be `none`. Raises
    `InvalidArgumentError` for anything else.
    """
    if found := _UNTIL.fullmatch(text):
        first, number, unit, then = found.groups()
        return ChangesAfter(
            first=parse_limiter(first),
            seconds=float(number) * _UNITS[unit],
            then=parse_limiter(then),
        )
    limiters = [_parse_one(part) for part in text.split("+")]
    return limiters[0] if len(limiters) == 1 else AllOf(limiters=limiters)


class _Kind(NamedTuple):
    amount: re.Pattern[str]
    example: str
    make: Callable[..., Limiter]
    options: frozenset[str] = frozenset()
    says: Says = Says(headers="x-ratelimit")


def _parse_one(text: str) -> Limiter:
    head, *rest = text.split(",")
    name, colon, amount = head.rpartition(":")
    kind = _KINDS.get(name if colon else "window")
    if kind is None:
        raise InvalidArgumentError(f"{text!r} must begin with one of {':, '.join(_KINDS)}:")
    found = kind.amount.fullmatch(amount)
    if found is None:
        raise InvalidArgumentError(f"{text!r} must begin like {kind.example}")
    options = _parse_options(text, rest)
    if unknown := options.keys() - kind.options - _SAYS.keys():
        raise InvalidArgumentError(f"{text!r} has an unknown option, {min(unknown)!r}")
    try:
        says = {_SAYS[name]: options.pop(name) for name in _SAYS if name in options}
        return kind.make(found, says=msgspec.structs.replace(kind.says, **says), **options)
    except InvalidArgumentError as error:
        raise InvalidArgumentError(f"{text!r} cannot work: {error}") from None


def _parse_options(text: str, parts: list[str]) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for part in parts:
        name, equals, value = part.partition("=")
        if name in options:
            raise InvalidArgumentError(f"{text!r} has the option {name!r} twice")
        options[name] = _parse_value(value) if equals else True
    return options


def _parse_value(value: str) -> str | int | None:
    if value == "none":
        return None
    return int(value) if _COUNT.fullmatch(value) else value


def _window_of(model: Callable[..., Limiter]) -> Callable[..., Limiter]:
    def make(found: re.Match[str], **options: Any) -> Limiter:
        return model(requests=int(found[1]), per=_period(found), **options)

    return make


def _bucket(found: re.Match[str], *, burst: int | None = None, **options: Any) -> Limiter:
    requests = int(found[1])
    rate = requests / _period(found)
    return TokenBucket(rate=rate, burst=requests if burst is None else burst, **options)


def _concurrent(found: re.Match[str], **options: Any) -> Limiter:
    return ConcurrencyLimit(requests=int(found[1]), **options)


def _shed(found: re.Match[str], **options: Any) -> Limiter:
    return LoadShedding(starts_at=int(found[1]), all_at=int(found[2]), **options)


def _period(found: re.Match[str]) -> float:
    return float(found[2] or 1) * _UNITS[found[3] or "s"]


_KINDS = {
    "window": _Kind(_RATE, "50/s", _window_of(FixedWindow), frozenset({"aligned"})),
    "bucket": _Kind(_RATE, "bucket:50/s", _bucket, frozenset({"burst"})),
    "log": _Kind(_RATE, "log:100/10s", _window_of(SlidingLog)),
    "counter": _Kind(_RATE, "counter:1000/m", _window_of(SlidingCounter)),
    "concurrent": _Kind(_COUNT, "concurrent:8", _concurrent),
    "shed": _Kind(_SPAN, "shed:8-16", _shed, frozenset({"seed"}), BUSY),
}
