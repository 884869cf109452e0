"""Each page, opened by Chromium as people and machines will."""

import io
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("playwright")
pytest.importorskip("pypdf")

import pypdf
from playwright.sync_api import Browser, Locator, Page

from currents_async.reports._text import one_line
from tests.browser.pages import PAGES, Made
from tests.browser.visits import keep_picture, visit
from tests.reports.made import HOSTILE

WIDE, NARROW = 1280, 390
"""Pixels across: a desk, a phone."""
PAPER = 718
"""Those of A4, less the margins."""
FOREIGN = "img, iframe, object, embed, link, style, base, form"
"""Elements that no page has."""

each_page = pytest.mark.parametrize("made", PAGES.values(), ids=PAGES)


@each_page
def test_it_is_silent_and_asks_for_nothing(chromium: Browser, place: str, made: Made) -> None:
    url = f"{place}/{made.name}.html"
    with visit(chromium, url) as opened:
        assert opened.page.title()
        if made.has_script and place.startswith("http"):
            [refused] = opened.said
            assert refused.startswith("Blocked script execution")
        else:
            assert not opened.said
        assert opened.requested == [url]


@each_page
def test_there_are_as_many_bars_as_specs(chromium: Browser, place: str, made: Made) -> None:
    with visit(chromium, f"{place}/{made.name}.html") as opened:
        bars = opened.page.locator("g.bar")
        assert bars.count() == made.bars
        for bar in bars.all()[:20]:
            assert bar.is_visible()
            assert bar.locator("title").text_content()


@each_page
def test_a_click_and_a_key_open_details(chromium: Browser, place: str, made: Made) -> None:
    with visit(chromium, f"{place}/{made.name}.html") as opened:
        for details in opened.page.locator("details:visible").all()[:3]:
            summary, content = details.locator("summary").first, details.locator("xpath=./*[2]")
            _assert_a_key_reaches(summary, opened.page)
            is_open = content.is_visible()
            for act in (_click, _press_enter, _press_space):
                act(summary)
                is_open = not is_open
                assert content.is_visible() is is_open


def _assert_a_key_reaches(wanted: Locator, page: Page) -> None:
    for _ in range(200):
        page.keyboard.press("Tab")
        if wanted.evaluate("it => it === document.activeElement"):
            return
    pytest.fail("200 presses of Tab do not reach it")


def _click(wanted: Locator) -> None:
    # `Locator.click` waits for frames of an animation, which a page without scripts never gets.
    wanted.evaluate("it => it.scrollIntoView()")
    box = wanted.bounding_box()
    assert box
    wanted.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def _press_enter(wanted: Locator) -> None:
    wanted.press("Enter")


def _press_space(wanted: Locator) -> None:
    wanted.press("Space")


@each_page
def test_text_of_others_is_text(chromium: Browser, place: str, made: Made) -> None:
    with visit(chromium, f"{place}/{made.name}.html") as opened:
        scripts = opened.page.locator("script").count()
        assert scripts == made.has_script
        assert not opened.page.locator(FOREIGN).count()
        assert not opened.page.locator("[style], [href^='javascript' i]").count()
        assert not opened.page.locator("xpath=//@*[starts-with(name(), 'on')]/..").count()
        if made.has_hostile_texts:
            text = opened.page.locator("body").text_content() or ""
            assert not [one for one in HOSTILE if one_line(one)[:40].strip() not in text]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@each_page
def test_it_is_accessible(
    chromium: Browser, folder: Path, axe: str, made: Made, scheme: str
) -> None:
    viewport = {"width": WIDE, "height": 800}
    url = (folder / f"{made.name}.html").as_uri()
    with visit(chromium, url, color_scheme=scheme, viewport=viewport) as opened:
        keep_picture(opened.page, f"{made.name}-{scheme}")
        opened.page.evaluate("document.querySelectorAll('details').forEach(it => it.open = true)")
        # It takes the canvas for white: https://github.com/dequelabs/axe-core/issues/3605.
        opened.page.evaluate("document.documentElement.style.backgroundColor = 'Canvas'")
        opened.page.evaluate(axe)
        found: dict[str, Any] = opened.page.evaluate("axe.run()")
        assert not [_described(one) for one in found["violations"]]


def _described(violation: dict[str, Any]) -> str:
    nodes = violation["nodes"]
    return f"{violation['id']}: {violation['help']} ({len(nodes)}) {nodes[0]['html'][:200]}"


@each_page
def test_it_fits_a_phone(chromium: Browser, folder: Path, made: Made) -> None:
    viewport = {"width": NARROW, "height": 800}
    url = (folder / f"{made.name}.html").as_uri()
    with visit(chromium, url, viewport=viewport, device_scale_factor=2) as opened:
        keep_picture(opened.page, f"{made.name}-narrow")
        opened.page.evaluate("document.querySelectorAll('details').forEach(it => it.open = true)")
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= NARROW


@each_page
def test_it_can_be_printed(chromium: Browser, folder: Path, made: Made) -> None:
    viewport = {"width": PAPER, "height": 1000}
    url = (folder / f"{made.name}.html").as_uri()
    with visit(chromium, url, viewport=viewport) as opened:
        opened.page.emulate_media(media="print")
        keep_picture(opened.page, f"{made.name}-printed")
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= PAPER
        printed = pypdf.PdfReader(io.BytesIO(opened.page.pdf(format="A4")))
        text = "".join(sheet.extract_text() for sheet in printed.pages)
        headings = opened.page.get_by_role("heading", level=2).all_text_contents()
        assert not [one for one in headings if one not in text]
