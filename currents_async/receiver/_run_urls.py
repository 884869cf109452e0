"""The URL of a run in the dashboard, the only field of a delivery that identifies the run."""

import re
from collections.abc import Collection
from urllib.parse import SplitResult, unquote, urlsplit

from currents_async._config import is_loopback

_RUN_PATH = re.compile(r"/run/([A-Za-z0-9_.~-]+)(?:/.*)?")
"""Only unreserved characters, so that the ID is the same however it is quoted."""


def find_run_id(url: str, hosts: Collection[str]) -> str | None:
    """Return the run's ID from its URL, or None if it is not the URL of a run at one of `hosts`.

    Anything after the ID is ignored: another segment, a query, a fragment.
    """
    if not url.isascii() or not url.isprintable() or {" ", "\\"} & set(url):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    found = _RUN_PATH.fullmatch(parts.path)
    if found is None or not _is_expected(parts, hosts) or _climbs(parts.path):
        return None
    return found[1]


def _is_expected(parts: SplitResult, hosts: Collection[str]) -> bool:
    # Compared as a whole, with user and port: a host must be expected exactly as it stands.
    if parts.netloc.lower() not in hosts:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))


def _climbs(path: str) -> bool:
    return any(unquote(segment) in {".", ".."} for segment in path.split("/"))
