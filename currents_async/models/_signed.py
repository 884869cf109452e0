"""Until when signed URLs are valid, by what they say themselves.

Source: `docs/api/asset-urls.md`, "Expiry".
"""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

_LIVES = (("x-amz-date", "x-amz-expires"), ("x-goog-date", "x-goog-expires"))
"""When a URL was signed, and for how many seconds."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DATE = re.compile(r"\d{8}T\d{6}Z", re.ASCII)
_SECONDS = re.compile(r"\d{1,12}", re.ASCII)


def read_expiry(url: str | None) -> datetime | None:
    """Return until when a URL is valid; None if it does not say so, or in no way that is known."""
    if url is None:
        return None
    pairs = parse_qsl(url.partition("#")[0].partition("?")[2])
    query = {name.lower(): value for name, value in pairs}
    for signed, life in _LIVES:
        if signed in query or life in query:
            return _after(_date(query.get(signed, "")), query.get(life, ""))
    return _after(_EPOCH, query.get("expires", ""))


def _date(text: str) -> datetime | None:
    if not _DATE.fullmatch(text):
        return None
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def _after(start: datetime | None, seconds: str) -> datetime | None:
    if start is None or not _SECONDS.fullmatch(seconds):
        return None
    try:
        return start + timedelta(seconds=int(seconds))
    except OverflowError:
        return None
