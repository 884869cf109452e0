"""Chromium, and the pages where people open them: on a disk, and on a server of builds."""

import base64
import os
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.pages import PAGES, assets

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM, FROM_NPM = "BROWSER_CHROMIUM", "BROWSER_FROM_NPM"
"""Where the browser is, and the packages of npm: `nox -s browser` says so."""
SWITCHES = (
    *("--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)

PICTURE = """
iVBORw0KGgoAAAANSUhEUgAAAUAAAAC0CAIAAABqhmJGAAABk0lEQVR42u3TAQkAAAzDsEm8nMu51OsYBKKg0MweUCoSgIEB
AwMGBgMDBgYMDBgYDAwYGDAwGBgwMGBgwMBgYMDAgIEBA4OBAQMDBgYDAwYGDAwYGAwMGBgwMGBgMDBgYMDAYGDAwICBAQOD
gQEDAwYGA6sABgYMDBgYDAwYGDAwYGAwMGBgwMBgYMDAgIEBA4OBAQMDBgYMDAYGDAwYGAwMGBgwMGBgMDBgYMDAgIHBwICB
AQODgQEDAwYGDAwGBgwMGBgMDBgYMDBgYDAwYGDAwICBwcCAgQEDg4EBAwMGBgwMBgYMDBgYMDAYGDAwYGAwMGBgwMCAgcHA
gIEBAwMGBgMDBgYMDAYGDAwYGDAwGBgwMGBgMDBgYMDAgIHBwICBAQMDBgYDAwYGDAwGBgwMGBgwMBgYMDBgYMDAYGDAwICB
wcCAgQEDAwYGAwMGBgwMBlYBDAwYGDAwGBgwMGBgwMBgYMDAgIHBwICBAQMDBgYDAwYGDAwYGAwMGBgwMBgYMDBgYMDAYGDA
wICBAQNDtwfh93qFbr+HvgAAAABJRU5ErkJggg==
"""


@pytest.fixture(scope="module")  # not longer: an event loop is in the way of other tests' loops
def chromium() -> "Iterator[Browser]":
    sync_api = pytest.importorskip("playwright.sync_api")
    if CHROMIUM not in os.environ:
        pytest.skip("no browser is named: `nox -s browser` does it")
    with sync_api.sync_playwright() as playwright:
        browser: Browser = playwright.chromium.launch(
            executable_path=os.environ[CHROMIUM], args=SWITCHES
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with all pages in it."""
    made = tmp_path_factory.mktemp("pages")
    for page in PAGES.values():
        (made / f"{page.name}.html").write_text(page.make(), encoding="utf-8")
    for path in assets().values():
        (made / path).parent.mkdir(exist_ok=True)
        (made / path).write_bytes(base64.b64decode(PICTURE))
    # Browsers ask for it by themselves.
    (made / "favicon.ico").touch()
    return made


class BuildServer(SimpleHTTPRequestHandler):
    """Shows the files of a build as Jenkins does by default.

    Source: https://www.jenkins.io/doc/book/security/configuring-content-security-policy/
    """

    def end_headers(self) -> None:
        policy = "sandbox; default-src 'none'; img-src 'self'; style-src 'self'"
        self.send_header("Content-Security-Policy", policy)
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - theirs
        pass


@pytest.fixture(scope="session")
def build_server(folder: Path) -> Iterator[str]:
    handler = partial(BuildServer, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def axe() -> str:
    return from_npm("axe-core", "axe.min.js")


@pytest.fixture(scope="session")
def mermaid() -> str:
    return from_npm("mermaid", "dist/mermaid.min.js")


def from_npm(package: str, name: str) -> str:
    """Return the text of a file in a package of npm."""
    [path] = Path(os.environ[FROM_NPM]).glob(f"{package}-*.tgz")
    with tarfile.open(path) as archive:
        file = archive.extractfile(f"package/{name}")
        assert file is not None
        return file.read().decode()
