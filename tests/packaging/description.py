"""`python -m tests.packaging.description WHEEL` follows the links of what PyPI will show."""

import re
import sys
from importlib import import_module
from pathlib import Path
from typing import Any
from zipfile import ZipFile

ROOT = Path(__file__).parents[2]
LINK = re.compile(r'(?:href|src)="([^"]*)"')
# Only where releases are made.
markdown: Any = import_module("readme_renderer.markdown")


def main() -> None:
    """Fail where a link is relative, or leads to a file that is not there."""
    with ZipFile(sys.argv[1]) as wheel:
        [name] = [one for one in wheel.namelist() if one.endswith(".dist-info/METADATA")]
        headers, _, readme = wheel.read(name).decode().partition("\n\n")
    [version] = re.findall(r"^Version: (.+)$", headers, re.MULTILINE)
    html = markdown.render(readme)
    links = LINK.findall(html)
    if wrong := [link for link in links if not leads_somewhere(link, html, version)]:
        sys.exit(f"Links of the README lead nowhere on PyPI: {', '.join(wrong)}")
    sys.stdout.write(f"All {len(links)} links of the README lead somewhere on PyPI.\n")


def leads_somewhere(link: str, html: str, version: str) -> bool:
    """Return whether a link is absolute and, if it is to a file of ours, the file exists."""
    if link.startswith("#"):
        return f'id="{link[1:]}"' in html or f'id="user-content-{link[1:]}"' in html
    if ours := re.match(r"https://[^/]*github[^/]*/currents-async/.*?/v([^/]+)/([^#]+)", link):
        return ours[1] == version and (ROOT / ours[2]).exists()
    return link.startswith(("https://", "mailto:"))


if __name__ == "__main__":
    main()
