from datetime import UTC, datetime
from html.parser import HTMLParser

from currents_async.reports._markup import tag
from currents_async.reports._page import (
    Column,
    Part,
    contents,
    facts,
    link,
    moment,
    page,
    section,
    table,
)


class Outline(HTMLParser):
    """Elements of a page, and whether each is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.append(tag)
        if tag not in {"meta", "hr", "br", "img", "wbr"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_a_page_needs_no_styles_and_no_script() -> None:
    text = page("Run <1>", section("Tests", table("All", ["a", Column("b", "right")], []), id_="t"))
    outline = Outline()
    outline.feed(text)
    assert not outline.open
    assert not {"script", "style", "link"} & set(outline.seen)
    assert "style=" not in text
    assert "<title>Run &lt;1&gt;</title>" in text


def test_a_page_has_landmarks_and_contents() -> None:
    part = Part("a", "A & B", "text")
    listed = contents([part, part])
    text = page("Run", section(part.heading, part.content, id_=part.id), header=listed)
    assert '<header><nav aria-label="Contents"><p><a href="#a">A &amp; B</a> · <a' in text
    assert "<meta" in page("Run", head=tag("meta", name="extra")).partition("extra")[0]
    assert "<header>" not in page("Run")


def test_rows_have_headings() -> None:
    found = table("All", ["a", Column("b", "right")], [["x", 1 and "2"]])
    assert (
        '<tr valign="top"><th scope="row" align="left">x</th><td align="right" nowrap>2</td>'
        in found
    )


def test_facts_without_a_value_are_left_out() -> None:
    assert "branch" not in facts([("branch", None), ("commit", "abc")])


def test_links_lead_to_pages_alone() -> None:
    assert link("https://a.example/?a&b", "x") == '<a href="https://a.example/?a&amp;b">x</a>'
    long = "https://a.example/" + "x" * 2_000
    assert link("javascript:alert(1)", "x") == link(None, "x") == link(long, "x") == "x"


def test_moments() -> None:
    when = datetime(2026, 1, 5, 12, 30, tzinfo=UTC)
    assert moment(when) == '<time datetime="2026-01-05T12:30:00Z">2026-01-05 12:30:00 UTC</time>'
