"""Each page, opened by Chromium as people and machines will."""

import io
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from unicodedata import normalize

import pytest

pytest.importorskip("playwright")
pytest.importorskip("pypdf")

import pypdf
from playwright.sync_api import Browser, Locator, Page

from currents_async._text import one_line
from tests.browser.pages import PAGES
from tests.browser.visits import PICTURES, WIDE, Scheme, Visit, visit
from tests.reports.made import HOSTILE

SCHEMES: tuple[Scheme, ...] = ("dark", "light")
NARROW = 390
"""Pixels across, as on a phone."""
PAPER = 718
"""Those of A4, less the margins; what is wider is printed smaller, down to a half."""
FOREIGN = "iframe, object, embed, link, base, [style], [href^='javascript' i]"
"""What no page has."""
BEYOND = """
width => [...document.querySelectorAll("body *")]
    .filter(it => it.getBoundingClientRect().right > width)
    .filter(it => it.checkVisibility() && !it.closest("table:has(thead)"))
    .map(it => it.outerHTML.slice(0, 99))
"""
"""Tables with many columns may be wider than a phone, and nothing else."""
COLLIDING = """
() => [...document.querySelectorAll(":not(svg) > svg")].flatMap(svg => {
    const place = it => {
        const [box, inner] = [it, it.closest("svg")].map(one => one.getBoundingClientRect());
        return { text: it.textContent, left: box.left, right: Math.min(box.right, inner.right),
                 top: box.top + 2, bottom: box.bottom - 2 };
    };
    const whole = svg.getBoundingClientRect();
    const texts = [...svg.querySelectorAll("text")].map(place);
    const isCut = it => it.left < whole.left - 1 || it.right > whole.right + 1;
    const cross = (one, it) => it.left < one.right && one.left < it.right
        && it.top < one.bottom && one.top < it.bottom;
    const others = number => texts.slice(number + 1);
    return texts.filter((one, at) => isCut(one) || others(at).some(it => cross(one, it)))
        .map(it => it.text);
})
"""
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")

ON_DISK = [("disk", name) for name in PAGES]
LOOKED_AT = [one for one in ON_DISK if not PAGES[one[1]].is_variation]
EVERYWHERE = [*ON_DISK, *(("server", name) for name in PAGES)]


@pytest.fixture(scope="module")  # each new window costs half a second
def window(chromium: Browser) -> Iterator[Page]:
    with chromium.new_context(device_scale_factor=2 if PICTURES in os.environ else 1) as context:
        yield context.new_page()


@pytest.fixture(scope="module", params=EVERYWHERE, ids="-".join)
def opened(
    request: pytest.FixtureRequest, window: Page, folder: Path, build_server: str
) -> Iterator[Visit]:
    place, name = request.param
    address = folder.as_uri() if place == "disk" else build_server
    with visit(window, PAGES[name], f"{address}/{name}.html") as opened:
        yield opened


looked_at = pytest.mark.parametrize("opened", LOOKED_AT, indirect=True, ids="-".join)
# What is hostile in them changes texts alone.
looked_at_closely = pytest.mark.parametrize(
    "opened",
    [one for one in LOOKED_AT if not PAGES[one[1]].has_hostile_texts],
    indirect=True,
    ids="-".join,
)


def test_it_is_silent_and_asks_for_nothing(opened: Visit) -> None:
    assert opened.page.title()
    folder = opened.url.rpartition("/")[0]
    others = {one for one in opened.requested if one != opened.url}
    assert all(one.startswith(f"{folder}/assets/") for one in others)
    assert bool(others) <= opened.made.has_pictures
    refused = ["Applying inline style", "Blocked script execution"]
    expected = refused if opened.made.has_script and not opened.is_on_disk else []
    assert len(opened.said) == len(expected)
    assert all(map(str.startswith, opened.said, expected))


def test_there_are_as_many_bars_as_specs(opened: Visit) -> None:
    bars = opened.page.locator("g.bar")
    assert bars.count() == opened.made.bars
    for bar in bars.all()[:20]:
        assert bar.is_visible()
        assert bar.locator("title").first.text_content()


def test_text_of_others_is_text(opened: Visit) -> None:
    def count(selector: str) -> int:
        return opened.page.locator(selector).count()

    has_script = opened.made.has_script
    assert (count("script"), count("style")) == (has_script, has_script)
    assert count("form") == (has_script and opened.is_on_disk)
    assert bool(count("img")) is opened.made.has_pictures
    assert not count(FOREIGN)
    assert not count("xpath=//@*[starts-with(name(), 'on')]/..")
    if opened.made.has_hostile_texts:
        text = opened.page.locator("body").text_content() or ""
        assert not [one for one in HOSTILE if one_line(one)[:40].strip() not in text]


def test_a_click_and_a_key_open_details(opened: Visit) -> None:
    for number, details in enumerate(opened.page.locator("details:visible").all()[:2]):
        summary, content = details.locator("summary").first, details.locator("xpath=./*[2]")
        if number == 0:
            _assert_a_key_reaches(summary)
        is_open = content.is_visible()
        for act in _ACTS:
            act(summary)
            is_open = not is_open
            assert content.is_visible() is is_open


def _assert_a_key_reaches(wanted: Locator) -> None:
    wanted.page.evaluate("document.activeElement.blur()")
    for _ in range(200):
        wanted.page.keyboard.press("Tab")
        if wanted.evaluate("it => it === document.activeElement"):
            return
    pytest.fail("200 presses of Tab do not reach it")


def _click(wanted: Locator) -> None:
    # `Locator.click` waits for frames of an animation, which a page without scripts never gets.
    wanted.evaluate("it => it.scrollIntoView()")
    box = wanted.bounding_box()
    assert box
    wanted.page.mouse.click(box["x"] + 5, box["y"] + box["height"] / 2)


def _press_enter(wanted: Locator) -> None:
    wanted.press("Enter")


def _press_space(wanted: Locator) -> None:
    wanted.press("Space")


_ACTS: tuple[Callable[[Locator], None], ...] = (_click, _press_enter, _press_space)


@looked_at_closely
def test_it_is_accessible_in_the_light_and_in_the_dark(opened: Visit, axe: str) -> None:
    page = opened.page
    for scheme in SCHEMES:
        opened.look(WIDE, scheme=scheme)
        opened.keep_picture(scheme)
    opened.unfold()
    # It takes the canvas for white: https://github.com/dequelabs/axe-core/issues/3605.
    page.evaluate("document.documentElement.style.backgroundColor = 'Canvas'")
    page.evaluate(axe)
    assert not _violations(opened, TAGS)
    page.emulate_media(color_scheme="dark")
    assert not _violations(opened, ["color-contrast"])


def _violations(opened: Visit, rules: Sequence[str]) -> list[str]:
    options = {"runOnly": rules, "resultTypes": ["violations"]}
    run = "options => axe.run(options).then(results => results.violations)"
    found: list[dict[str, Any]] = opened.page.evaluate(run, options)
    return [f"{one['id']}: {one['help']}: {one['nodes'][0]['html'][:200]}" for one in found]


@looked_at
def test_texts_of_pictures_do_not_collide(opened: Visit) -> None:
    opened.look(WIDE)
    assert not opened.page.evaluate(COLLIDING)


@looked_at
def test_it_fits_a_phone(opened: Visit) -> None:
    opened.look(NARROW)
    opened.keep_picture("narrow")
    opened.unfold()
    assert not opened.page.evaluate(BEYOND, NARROW)


@looked_at_closely
def test_it_can_be_printed(opened: Visit) -> None:
    opened.look(PAPER, media="print")
    opened.keep_picture("printed")
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 2 * PAPER
    printed = pypdf.PdfReader(io.BytesIO(opened.page.pdf(format="A4")))
    # Fonts have a sign of its own for some letters that follow each other.
    text = normalize("NFKC", "".join(sheet.extract_text() for sheet in printed.pages))
    headings = opened.page.get_by_role("heading", level=2).all_text_contents()
    assert not [one for one in headings if one not in text]
