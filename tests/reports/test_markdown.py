import pytest
from hypothesis import given
from hypothesis import strategies as st

from currents_async._text import one_line, readable
from currents_async.reports._markdown import code, code_in_html, fenced, folded, link, table
from currents_async.reports._page import Column
from tests.reports.made import HOSTILE
from tests.reports.rendered import Rendered

MEANT = (
    "@octocat and #12, GH-12, octo/repo#12 in 5d74ac718f9a8b7c",
    "https://evil.example www.evil.example a@evil.example",
    "`` ` ```",
    "` a",
    "a \\",
    "\\|",
    "a|b||c|",
    "|",
    "&#64;octocat &lt;b&gt;",
    "a](https://evil.example) [b",
    "~~~\n```\n# h\n- l\n</details>",
    "<!-- -->",
    "$a$ :+1:",
)
ANY = st.one_of(st.sampled_from((*HOSTILE, *MEANT)), st.text("`|\\ \n@#<a", max_size=12), st.text())


@given(ANY)
def test_foreign_text_is_code_everywhere(text: str) -> None:
    shown = code(text)
    documents = {
        "cell": table(["a", "b"], [["x", shown], [shown, "x"]]),
        "item": f"- {shown}",
        "heading": f"## {shown} x",
        "link": f"x {link('https://a.example', shown)} x",
    }
    for place, document in documents.items():
        found = Rendered(document)
        assert not found.foreign_html
        assert set("".join(found.texts)) <= set("abx| "), place
        repeated = 2 if place == "cell" else 1
        plain = "".join(found.code)
        assert plain == repeated * one_line(text).replace("|", "")


@given(ANY)
def test_foreign_lines_are_a_block_of_code(text: str) -> None:
    document = folded(f"x {code_in_html(text)} (1)", fenced(text), fenced("after"))
    found = Rendered(document)
    assert not found.foreign_html
    assert found.is_balanced
    shown = [fence.content for fence in found.fences]
    assert shown == [f"{one}\n" for one in (readable(text), "after") if one.strip()]


def test_a_table_has_its_columns() -> None:
    assert table(["a", Column("b", "right")], [["1", "2"]]) == "| a | b |\n| --- | --: |\n| 1 | 2 |"
    assert table(["a"], []) == "| a |\n| --- |"


@pytest.mark.parametrize("url", ["javascript:alert(1)", "//a", None, "", "https://" + "a" * 9_999])
def test_links_lead_to_pages_alone(url: str | None) -> None:
    assert link(url, "x") == "x"


@pytest.mark.parametrize("url", ["https://a/b) c", "https://a/<b>|`\\\ud800[", "https://a/\nb"])
def test_addresses_do_not_end_links(url: str) -> None:
    found = Rendered(f"| a |\n| - |\n| {link(url, '`x`')} |")
    assert len(found.links) == 1
    assert found.links[0].startswith("https://a/")
    assert found.code == ["x"]
    assert found.texts == ["a"]
