"""The parts that all pages have: the document, headings, tables, figures, what opens on a click."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Literal, NamedTuple, TypeVar

from currents_async._text import counted, in_utc, utc_time
from currents_async._version import __version__
from currents_async.reports._markup import Content, Markup, markup, separated, tag
from currents_async.reports._verdict import FAILED, FLAKY, PASSED, RUNNING, SKIPPED, Sign

# Half way between black and white, so that each of them stands out from both.
GREEN = "#2a9158"
RED = "#d9453d"
ORANGE = "#bf7512"
BLUE = "#3d82d6"
GREY = "#808080"
COLORS: dict[Sign, str] = {
    PASSED: GREEN,
    FAILED: RED,
    FLAKY: ORANGE,
    SKIPPED: GREY,
    RUNNING: BLUE,
}
"""The colour beside each sign."""

_FONT = "system-ui, sans-serif"
_LINE = tag("hr", size=1, color=GREY)
_THIN_LINES = {"rules": "rows", "frame": "hsides", "bordercolor": GREY, "width": "100%"}

T = TypeVar("T")

_MAX_URL = 2_000
"""Characters of an address that all browsers open."""

Align = Literal["right"] | None


class Column(NamedTuple):
    """A column of a table."""

    name: str
    align: Align = None
    nowrap: bool = False
    """Whether to keep its texts in one line, as those of numbers are."""


Columns = Sequence[Column | str]
"""The columns of a table; a text is one with defaults."""


Row = Sequence[Content]
"""The cells of a row of a table; the first one is its heading."""


class Part(NamedTuple):
    """A section of a page, to which its contents list links."""

    id: str
    heading: str
    content: Content


def page(title: str, *content: Content, header: Content = None, head: Content = None) -> str:
    """Return a document in one file: it needs nothing else, neither styles nor a script.

    The header stands before the main content; `head` is for what a page has beyond that.
    """
    document_head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="robots", content="noindex"),
        tag("title", title),
        head,
    )
    made_by = tag("footer", _LINE, tag("p", tag("small", f"currents_async {__version__}")))
    parts = (tag("header", header) if header else None, tag("main", *content), made_by)
    # The element that chooses a font is obsolete, as are the margins, and all that works under
    # every policy.
    body = tag("body", tag("font", *parts, face=_FONT), marginwidth=24, marginheight=16)
    return f"<!doctype html>\n{tag('html', document_head, body, lang='en')}\n"


def contents(parts: Iterable[Part]) -> Markup:
    """Return links to the sections of a page."""
    links = (tag("a", one.heading, href=f"#{one.id}") for one in parts)
    return tag("nav", tag("p", separated(links)), aria_label="Contents")


def section(heading: str, *content: Content, id_: str) -> Markup:
    """Return a part of a page, with an ID to link to."""
    return tag("section", tag("h2", heading, id=id_), *content, aria_labelledby=id_)


def lined(items: Iterable[Content]) -> Markup:
    """Return things below each other, with lines between them."""
    rows = (tag("tr", tag("td", one)) for one in items)
    return tag("table", *rows, role="presentation", cellpadding=6, **_THIN_LINES)


def boxed(name: Content, *content: Content) -> Markup:
    """Return content with a frame around it, and a name in that."""
    return tag("fieldset", tag("legend", name), *content)


def folded(summary: Content, *content: Content, is_open: bool = False) -> Markup:
    """Return content that a click or a key on its summary shows."""
    return tag("details", tag("summary", summary), *content, open=is_open)


def table(caption: str, columns: Columns, rows: Iterable[Row]) -> Markup:
    """Return a table whose rows have their heading in the first column."""
    shown = [one if isinstance(one, Column) else Column(one) for one in columns]
    head = (tag("th", one.name, scope="col", align=one.align or "left") for one in shown)
    body = (tag("tr", *_cells(row, shown), valign="top") for row in rows)
    return tag(
        "table",
        # Not every browser aligns a caption by its own attribute.
        tag("caption", tag("div", tag("b", caption), align="left")),
        tag("thead", tag("tr", *head, valign="bottom")),
        tag("tbody", *body),
        cellpadding=6,
        **_THIN_LINES,
    )


def top_table(
    caption: str,
    columns: Columns,
    items: Sequence[T],
    row: Callable[[T], Row],
    *,
    max_rows: int,
    noun: str,
) -> Content:
    """Return a table of the first items, and how many more there are."""
    rows = map(row, items[:max_rows])
    return [table(caption, columns, rows), rest(len(items) - max_rows, noun)]


def _cells(row: Row, columns: Sequence[Column]) -> Iterable[Markup]:
    for number, (cell, column) in enumerate(zip(row, columns, strict=True)):
        heading = number == 0
        yield tag(
            "th" if heading else "td",
            cell,
            scope="row" if heading else None,
            align=column.align or ("left" if heading else None),
            nowrap=column.nowrap or column.align is not None,
        )


def facts(pairs: Iterable[tuple[str, Content]]) -> Markup:
    """Return a list of names and what they stand for, without those that stand for nothing."""
    return tag(
        "table",
        tag(
            "tbody",
            *(
                tag("tr", tag("th", name, scope="row", align="left", valign="top"), tag("td", what))
                for name, what in pairs
                if what
            ),
        ),
        cellpadding=3,
    )


def figure(
    name: str, drawing: Markup, description: Content, *, width: float, height: float
) -> Markup:
    """Return a drawing with its name, and what describes it to those who do not see it."""
    svg = tag(
        "svg",
        tag("title", name),
        drawing,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width:g} {height:g}",
        width="100%",
        role="img",
        font_family=_FONT,
        font_size=12,
        fill="currentColor",
    )
    # The element for figures has margins, for which a phone has no room.
    return tag("div", svg, tag("div", description), role="figure", aria_label=name)


def trait(name: str, *content: Content) -> Markup:
    """Return content by which a filter can choose; what it is called there, is its name."""
    return tag("span", *content, data_trait=name)


def link(url: str | None, *content: Content) -> Markup:
    """Return a link, or its text alone if there is no page."""
    shown = markup(*content)
    return tag("a", shown, href=url) if is_page(url) else shown


def rest(number: int, noun: str, plural: str = "") -> Markup | None:
    """Return how many more things there are than a page shows; nothing if it shows all."""
    return tag("p", f"… and {counted(number, noun, plural)} more.") if number > 0 else None


def is_page(url: str | None) -> bool:
    """Return whether an address is one that a page may link to: no script, no other scheme.

    Nor is one of a megabyte, as a hostile ID makes it.
    """
    return url is not None and len(url) <= _MAX_URL and url.startswith(("https://", "http://"))


def moment(when: datetime | None) -> Content:
    """Return a time in UTC, as people and programs read it."""
    if when is None:
        return None
    return tag("time", utc_time(when), datetime=f"{in_utc(when):%Y-%m-%dT%H:%M:%SZ}")
