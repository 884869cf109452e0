"""What the script of a page adds: a filter, and times in the zone of the reader."""

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("playwright")

from playwright.sync_api import Browser, Page

from currents_async.analysis import RunDetails
from currents_async.reports import run_html
from currents_async.testing import World
from tests.reports.made import details_of


@pytest.fixture(scope="module")
def details() -> RunDetails:
    run = (
        World(3)
        .project()
        .run(
            specs=20,
            failures=0.1,
            flaky=0.1,
            groups=2,
            annotations=[("owner", "Web"), ("owner", "Payments")],
        )
    )
    return details_of(run)


@pytest.fixture
def page(chromium: Browser, tmp_path: Path, details: RunDetails) -> Iterator[Page]:
    path = tmp_path / "run.html"
    path.write_text(run_html(details, script=True), encoding="utf-8")
    with chromium.new_context(timezone_id="Asia/Tokyo", locale="en-GB") as context:
        opened = context.new_page()
        opened.goto(path.as_uri())
        yield opened


def shown(page: Page, part: str) -> int:
    return page.locator(f"[aria-labelledby={part}] details:visible").count()


def test_boxes_choose_by_state_group_and_owner(page: Page, details: RunDetails) -> None:
    failures, flaky = details.failures(), details.flaky_tests()
    assert (shown(page, "failures"), shown(page, "flaky")) == (len(failures), len(flaky))
    page.get_by_label("flaky", exact=True).check()
    assert (shown(page, "failures"), shown(page, "flaky")) == (0, len(flaky))
    assert not page.locator("[aria-labelledby=failures] h3:visible").count()
    page.get_by_label("failed", exact=True).check()
    page.get_by_label("Web", exact=True).check()
    page.get_by_label("chromium", exact=True).press("Space")
    chosen = [
        one for one in failures if "Web" in one.test.owners and one.test.group_id == "chromium"
    ]
    assert 0 < shown(page, "failures") == len(chosen) < len(failures)


def test_words_are_searched_for(page: Page, details: RunDetails) -> None:
    search = page.get_by_role("searchbox", name="Filter")
    search.fill("TIMEOUT exceeded")
    found = [one for one in details.failures() if "Timeout" in one.test.error]
    assert 0 < len(found) <= shown(page, "failures") < len(details.failures())
    assert " of " in page.get_by_role("status").inner_text()
    search.fill("no such words")
    assert shown(page, "failures") == shown(page, "flaky") == 0
    search.fill("")
    assert shown(page, "failures") == len(details.failures())


def test_times_are_in_the_zone_of_the_reader_too(page: Page) -> None:
    text = page.locator("time").first.inner_text()
    assert text == "2026-01-05 09:00:00 UTC (5 Jan 2026, 18:00:00 GMT+9)"
