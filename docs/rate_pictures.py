"""Pictures of the rate that the client finds, from the simulator with the real gate and pace."""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from drawing import LIMIT, LINE, OURS, REFUSED, svg, text
from made_pages import MADE

from benchmarks.simulation import Outcome, Scenario, allowed, simulate
from currents_async.testing.limiters import ChangesAfter, FixedWindow, Limiter, TokenBucket

_SECONDS, _BIN = 20, 0.5
_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 760, 240, 48, 34, 206


class Picture(NamedTuple):
    """A limiter, and the requests per second that it allows in the long run."""

    title: str
    limiter: Limiter
    rate: list[tuple[float, float]]
    """From when on, in seconds, and how many."""


PICTURES = {
    "token-bucket": Picture(
        "A token bucket: 50 per second, 100 at once",
        TokenBucket(rate=50, burst=100),
        [(0, 50)],
    ),
    "leaky-bucket": Picture(
        "A leaky bucket: 50 per second, hardly any at once",
        TokenBucket(rate=50, burst=2),
        [(0, 50)],
    ),
    "fixed-window": Picture(
        "A fixed window: 200 in each 4 seconds",
        FixedWindow(requests=200, per=4),
        [(0, 50)],
    ),
    "changed-limit": Picture(
        "A limit that falls from 100 to 30 per second",
        ChangesAfter(
            first=TokenBucket(rate=100, burst=10), seconds=10, then=TokenBucket(rate=30, burst=10)
        ),
        [(0, 100), (10, 30)],
    ),
}


def draw_rates() -> None:
    """Write a picture for each limiter."""
    for name, picture in PICTURES.items():
        requests = allowed(picture.limiter, _SECONDS)
        outcome = simulate(Scenario(limiter=picture.limiter, requests=requests))
        MADE.joinpath(f"{name}.svg").write_text(
            svg(picture.title, _WIDTH, _HEIGHT, _parts(picture, outcome)), "utf-8"
        )


def _parts(picture: Picture, outcome: Outcome) -> Iterator[str]:
    accepted = Counter(int(time / _BIN) for time, _ in outcome.accepted)
    rates = [accepted[number] / _BIN for number in range(int(_SECONDS / _BIN))]
    highest = max(*rates, *(rate for _, rate in picture.rate)) * 1.1
    yield text(0, 18, picture.title, size=16)
    yield from _axes(highest)
    yield _steps([(number * _BIN, rate) for number, rate in enumerate(rates)], highest, OURS)
    yield _steps(picture.rate, highest, LIMIT, dashes="6 4")
    for time in outcome.refused_at:
        if time < _SECONDS:
            x = _x(time)
            yield f'<path d="M{x:.1f} {_BOTTOM}v-10" stroke="{REFUSED}" stroke-width="1.5"/>'


def _axes(highest: float) -> Iterator[str]:
    for share in (0, 0.5, 1):
        y = _y(highest * share / 1.1, highest)
        yield f'<path d="M{_LEFT} {y:.1f}H{_WIDTH}" stroke="{LINE}"/>'
        yield text(_LEFT - 8, y + 5, f"{highest * share / 1.1:.0f}/s", anchor="end", size=12)
    for second in range(0, _SECONDS + 1, 5):
        anchor = "end" if second == _SECONDS else "middle"
        yield text(_x(second), _BOTTOM + 18, f"{second} s", anchor=anchor, size=12)


def _steps(points: list[tuple[float, float]], highest: float, color: str, dashes: str = "") -> str:
    """Return a line through values that each hold until the next."""
    path = f"M{_x(points[0][0]):.1f} {_y(points[0][1], highest):.1f}"
    for time, value in points[1:]:
        path += f"H{_x(time):.1f}V{_y(value, highest):.1f}"
    return (
        f'<path d="{path}H{_WIDTH}" fill="none" stroke="{color}" stroke-width="2" '
        f'stroke-dasharray="{dashes}"/>'
    )


def _x(time: float) -> float:
    return _LEFT + (_WIDTH - _LEFT) * time / _SECONDS


def _y(value: float, highest: float) -> float:
    return _BOTTOM - (_BOTTOM - _TOP) * value / highest
