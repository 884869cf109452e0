"""What tells bars and attempts of a timeline apart: colours, textures for print, and words."""

from typing import NamedTuple

from currents_async.analysis.bars import Bar
from currents_async.models.common import Outcome
from currents_async.reports._markup import Markup, tag
from currents_async.reports._page import BLUE, GREEN, GREY, ORANGE, RED

BACKGROUND = "Canvas"
"""The colour of the page, which is light or dark."""
IDLE = "url(#timeline-idle)"
_DIAGONAL = "M0 4L4 0M-1 1L1 -1M3 5L5 3"


class Look(NamedTuple):
    """Words, a colour, and what attempts are drawn with; dashes make a thin line of them."""

    words: str
    colour: str
    texture: str
    dashes: str | None = None


PASSED = Look("passed", GREEN, GREEN)
FAILED = Look("failed", RED, "url(#timeline-failed)")
FLAKY = Look("flaky", ORANGE, "url(#timeline-flaky)")
SKIPPED = Look("skipped", GREY, GREY, dashes="2 2")
RUNNING = Look("running", BLUE, "url(#timeline-running)")

_LOOKS = {
    Outcome.PASSED: PASSED,
    Outcome.FAILED: FAILED,
    Outcome.SKIPPED: SKIPPED,
    Outcome.PENDING: SKIPPED._replace(words="skipped on purpose"),
}
_UNKNOWN = SKIPPED._replace(words="no result")


def look_of(bar: Bar) -> Look:
    """Return what a bar looks like."""
    if bar.is_running:
        has_failed = bar.state == Outcome.FAILED
        return RUNNING._replace(words="running, failed so far") if has_failed else RUNNING
    if bar.is_flaky and bar.state != Outcome.FAILED:
        return FLAKY
    return look_of_attempt(bar.state)


def look_of_attempt(state: Outcome | None) -> Look:
    """Return what an attempt looks like."""
    return _UNKNOWN if state is None else _LOOKS.get(state, _UNKNOWN)


def patterns() -> Markup:
    """Return the definitions of the textures: lines on a colour."""
    return tag(
        "defs",
        _pattern("failed", _DIAGONAL, RED),
        _pattern("flaky", "M1 0V4", ORANGE),
        _pattern("running", "M0 1H4", BLUE),
        _pattern("idle", _DIAGONAL, None),
    )


def _pattern(name: str, lines: str, colour: str | None) -> Markup:
    line = tag("path", d=lines, stroke=BACKGROUND, stroke_width=0.8) if colour else None
    return tag(
        "pattern",
        tag("path", d="M0 0H4V4H0z", fill=colour) if colour else None,
        line or tag("path", d=lines, stroke=GREY, stroke_width=0.5, stroke_opacity=0.7),
        id=f"timeline-{name}",
        width=4,
        height=4,
        patternUnits="userSpaceOnUse",
    )
