"""Pages of the dashboard, which people read.

Source: `docs/api/base.md`, "Dashboard".
"""

from typing import Protocol, TypeVar
from urllib.parse import quote, urlsplit

from currents_async._checks import check_text
from currents_async.errors import InvalidArgumentError

__all__ = ["dashboard_url"]

_HOST = "https://app.currents.dev"

URLT_co = TypeVar("URLT_co", str, "str | None", covariant=True)


class _HasPage(Protocol[URLT_co]):
    @property
    def url(self) -> URLT_co: ...


def dashboard_url(item: _HasPage[URLT_co], host: str) -> URLT_co:
    """Return the page of a run, a spec file, an instance or a test on a dashboard of your own.

    `host` is its address, such as `https://currents.example.com`. On that of Currents, it is the
    `url` of the item. None if the item has none. Raises `InvalidArgumentError` for a host that is
    not an HTTP address.
    """
    check_text("host", host)
    parts = urlsplit(host)
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.query or parts.fragment:
        raise InvalidArgumentError(f"host must be like https://currents.example.com, not {host!r}")
    url = item.url
    return url if url is None else host.rstrip("/") + url.removeprefix(_HOST)


def run_url(run_id: str) -> str:
    return f"{_HOST}/run/{_segment(run_id)}"


def instance_url(instance_id: str) -> str:
    return f"{_HOST}/instance/{_segment(instance_id)}"


def test_url(instance_id: str | None, test_id: str) -> str | None:
    if not instance_id or not test_id:
        return None
    return f"{instance_url(instance_id)}/test/{_segment(test_id)}"


def _segment(identifier: str) -> str:
    # Lone surrogates, which JSON may contain, cannot be encoded.
    return quote(identifier, safe="", errors="replace")
