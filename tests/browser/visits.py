"""Pages in a browser, and what it says about them."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NamedTuple

from playwright.sync_api import Browser, Dialog, Page

from tests.browser.pages import Made

PICTURES = "BROWSER_PICTURES"
"""Names a folder to leave pictures of the pages in, to be looked at."""

Scheme = Literal["light", "dark"]
Media = Literal["screen", "print"]


class Visit(NamedTuple):
    """A page that is open."""

    made: Made
    url: str
    page: Page
    said: list[str]
    """What the console shows, what scripts threw, and which dialogs opened."""
    requested: list[str]

    @property
    def is_on_disk(self) -> bool:
        return self.url.startswith("file:")

    def look(self, width: int, *, scheme: Scheme = "light", media: Media = "screen") -> None:
        """Open it again, in a window of this width."""
        self.page.set_viewport_size({"width": width, "height": 800})
        self.page.emulate_media(color_scheme=scheme, media=media)
        self.page.goto(self.url)

    def unfold(self) -> None:
        self.page.evaluate("document.querySelectorAll('details').forEach(it => it.open = true)")

    def keep_picture(self, name: str) -> None:
        """Leave a picture for people, if they asked for one."""
        if folder := os.environ.get(PICTURES):
            self.page.screenshot(path=Path(folder) / f"{self.made.name}-{name}.png", full_page=True)


@contextmanager
def visit(browser: Browser, made: Made, url: str) -> Generator[Visit]:
    """Open a page as somebody who has never seen it."""
    with browser.new_context(device_scale_factor=2 if PICTURES in os.environ else 1) as context:
        context.set_default_timeout(20_000)
        page = context.new_page()
        opened = Visit(made, url, page, [], [])
        page.on("console", lambda message: opened.said.append(message.text))
        page.on("pageerror", lambda error: opened.said.append(error.message))
        page.on("dialog", lambda dialog: _dismiss(dialog, opened.said))
        page.on("request", lambda request: opened.requested.append(request.url))
        page.goto(url)
        yield opened


def _dismiss(dialog: Dialog, said: list[str]) -> None:
    said.append(dialog.message)
    dialog.dismiss()
