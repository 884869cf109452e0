"""Pages as trees, read as a browser reads them: what became markup, and what stayed text."""

from collections.abc import Iterator
from html.parser import HTMLParser
from xml.etree.ElementTree import Element, TreeBuilder

EMPTY = frozenset({"br", "hr", "img", "meta", "wbr"})


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tree = TreeBuilder()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tree.start(tag, {name: value or "" for name, value in attrs})
        if tag in EMPTY:
            self.tree.end(tag)

    def handle_endtag(self, tag: str) -> None:
        self.tree.end(tag)

    def handle_data(self, data: str) -> None:
        self.tree.data(data)


def read(page: str) -> Element:
    """Return the root of a page, all of whose elements are closed where they should be."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return reader.tree.close()


def text(element: Element | None) -> str:
    assert element is not None
    return "".join(element.itertext())


def by_id(root: Element, name: str) -> Element:
    """Return the section whose heading has an ID."""
    return next(one for one in root.iter("section") if one.get("aria-labelledby") == name)


def rows(table: Element) -> Iterator[list[str]]:
    """Yield the texts in the rows of a table, without its head."""
    for row in table.iterfind("tbody/tr"):
        yield [text(cell) for cell in row]


def markup_of(root: Element) -> set[str]:
    """Return the names of all elements and attributes."""
    return {
        name for one in root.iter() for name in (one.tag, *(f"{one.tag} {at}" for at in one.attrib))
    }
