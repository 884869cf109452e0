"""Pages in a browser, and what it says about them."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple

from playwright.sync_api import ConsoleMessage, Dialog, Error, Page, Request

from tests.browser.pages import Made

PICTURES = "BROWSER_PICTURES"
"""Names a folder to leave pictures of the pages in, to be looked at."""
WIDE = 1280
"""Pixels across, as on a desk."""

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
        """Open it anew, in a window of this width."""
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
def visit(page: Page, made: Made, url: str) -> Generator[Visit]:
    """Open a page, and listen to it."""
    opened = Visit(made, url, page, [], [])

    def hear(what: ConsoleMessage | Error) -> None:
        opened.said.append(str(what.text if isinstance(what, ConsoleMessage) else what))

    def dismiss(dialog: Dialog) -> None:
        opened.said.append(dialog.message)
        dialog.dismiss()

    def note(request: Request) -> None:
        opened.requested.append(request.url)

    # Each name has a signature of its own, which a loop cannot have.
    heard: dict[Any, Any] = {
        "console": hear,
        "pageerror": hear,
        "dialog": dismiss,
        "request": note,
    }
    for name, listener in heard.items():
        page.on(name, listener)
    opened.look(WIDE)
    yield opened
    for name, listener in heard.items():
        page.remove_listener(name, listener)
