"""Pages in a browser, and what it says about them."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Browser, Dialog, Page

PICTURES = "BROWSER_PICTURES"
"""Names a folder to leave pictures of the pages in, to be looked at."""


class Visit(NamedTuple):
    """A page that is open."""

    page: Page
    said: list[str]
    """What the console shows, what scripts threw, and which dialogs opened."""
    requested: list[str]


@contextmanager
def visit(browser: Browser, url: str, **options: Any) -> Generator[Visit]:
    """Open a page as somebody who has never seen it."""
    with browser.new_context(**options) as context:
        context.set_default_timeout(10_000)
        page = context.new_page()
        opened = Visit(page, [], [])
        page.on("console", lambda message: opened.said.append(message.text))
        page.on("pageerror", lambda error: opened.said.append(error.message))
        page.on("dialog", lambda dialog: _dismiss(dialog, opened.said))
        page.on("request", lambda request: opened.requested.append(request.url))
        page.goto(url)
        yield opened


def _dismiss(dialog: Dialog, said: list[str]) -> None:
    said.append(dialog.message)
    dialog.dismiss()


def keep_picture(page: Page, name: str) -> None:
    """Leave a picture for people, if they asked for one."""
    if folder := os.environ.get(PICTURES):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
