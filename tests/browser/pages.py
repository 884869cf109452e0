"""Pages of all kinds, from seeded worlds: each test of the browser looks at each of them."""

from collections.abc import Callable
from typing import NamedTuple

from currents_async.reports._markup import foreign, foreign_block, tag
from currents_async.reports._page import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    RED,
    Column,
    Row,
    facts,
    figure,
    folded,
    link,
    page,
    section,
    table,
)
from tests.reports.made import HOSTILE


class Made(NamedTuple):
    """A page, and what a browser should find in it."""

    name: str
    make: Callable[[], str]
    bars: int = 0
    """How many bars its pictures have."""
    has_hostile_texts: bool = False
    has_script: bool = False


def skeleton() -> str:
    """Return a page of the parts that all pages are made of, with hostile texts in each."""
    columns = ("Test", "Error", Column("Time", "right"))
    rows = [Row([foreign(text), foreign(text), "4.2 s"]) for text in HOSTILE]
    colors = (GREEN, RED, ORANGE, BLUE, GREY)
    bars = [_bar(HOSTILE[number], 160.0 * number, color) for number, color in enumerate(colors)]
    return page(
        HOSTILE[0],
        tag("h1", foreign(HOSTILE[0])),
        facts([("Branch", foreign(HOSTILE[3])), ("Run", link("https://a.example/r", "r"))]),
        section(
            "Timeline",
            figure("Timeline", tag("g", *bars), "When each ran.", width=800, height=40),
            folded("The same as a table", table("Specs", columns, rows)),
            id_="timeline",
        ),
        section(
            "Failures",
            *(folded(foreign(text), foreign_block(text)) for text in HOSTILE),
            id_="failures",
        ),
    )


def _bar(text: str, x: float, color: str) -> str:
    shape = tag("rect", x=x, width=150, height=30, fill=color)
    return tag("g", tag("title", foreign(text)), shape, class_="bar")


PAGES = {made.name: made for made in (Made("skeleton", skeleton, 5, has_hostile_texts=True),)}
