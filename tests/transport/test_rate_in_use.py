"""What a status line and the log say of the rate in use."""

import msgspec
import pytest

from currents_async import RateInUse

FREE = RateInUse(
    per_second=None,
    reason="unlimited",
    pause_left=0,
    in_flight=0,
    slots=None,
    window=None,
    throttles=0,
)


def rate(**changes: object) -> RateInUse:
    return msgspec.structs.replace(FREE, **changes)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, ""),
        ({"throttles": 3}, ""),
        ({"per_second": 48.04, "reason": "found"}, "48/s, limited by the server"),
        ({"per_second": 4.804, "reason": "told"}, "4.8/s, limited by the server"),
        ({"per_second": 96.0, "reason": "given"}, "96/s, limited by Limits.rate"),
        ({"slots": 8}, "8 at once, limited by the server"),
        ({"window": 1000}, "1,000 in a window, limited by the server"),
        ({"pause_left": 2.6, "per_second": 48.0}, "paused 3 s: the server asked"),
    ],
)
def test_text(changes: dict[str, object], text: str) -> None:
    assert str(rate(**changes)) == text


@pytest.mark.parametrize(
    ("changes", "alike"),
    [
        ({}, True),
        ({"pause_left": 3.0, "in_flight": 5, "throttles": 9}, True),
        ({"per_second": 54.0}, True),
        ({"per_second": 56.0}, False),
        ({"per_second": None}, False),
        ({"reason": "told"}, False),
        ({"slots": 8}, False),
        ({"window": 1000}, False),
    ],
)
def test_changes_that_are_news(changes: dict[str, object], *, alike: bool) -> None:
    known = rate(per_second=50.0, reason="found")
    assert msgspec.structs.replace(known, **changes).is_like(known) is alike
    assert not known.is_like(None)
