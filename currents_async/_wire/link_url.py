"""URLs of shares and trace links: whoever knows one can read what is behind it."""

from typing import Self

from yarl import URL

from currents_async._redaction import redactor
from currents_async._wire.asset_url import SHORTEST_SECRET, AssetUrl, read_url
from currents_async._wire.endpoint import Query, encode_query
from currents_async.errors import InvalidArgumentError

_SECRET = "[secret]"  # noqa: S105 - it stands for one


class LinkUrl(AssetUrl):
    """A URL of which only the host is shown, and the view of what is behind the link."""

    __slots__ = ()

    noun = "link"

    def __init__(self, url: URL, view: str = "") -> None:
        super().__init__(url)
        self.shown = f"{url.origin()}/{_SECRET}{view}"
        hide_query, hide_path = self.redact, redactor(_secrets(url, view), _SECRET)
        self.redact = lambda text: hide_query(hide_path(text))

    def view(self, path: str, query: Query = ()) -> Self:
        """Return the URL of one view: `path` begins with a slash and is percent-encoded."""
        here = self.reveal()
        place = f"{here.origin()}{here.raw_path.rstrip('/')}{path}"
        asked = "&".join(filter(None, (here.raw_query_string, encode_query(query))))
        return type(self)(URL(f"{place}?{asked}" if asked else place, encoded=True), path)


def read_link_url(text: str) -> LinkUrl | InvalidArgumentError:
    """Check the URL of a share or of a trace link.

    Returns the error instead of raising it: a traceback made here would hold the URL.
    """
    url = read_url(text, LinkUrl.noun)
    if isinstance(url, InvalidArgumentError):
        return url
    if not url.raw_path.strip("/"):
        return InvalidArgumentError("link must be the whole URL, not its host alone")
    return LinkUrl(url)


def _secrets(url: URL, view: str) -> set[str]:
    """Return the path of a link, and its longer segments, in both spellings."""
    raw = url.raw_path.removesuffix(view).rstrip("/")
    decoded = URL(raw, encoded=True).path if raw else ""
    segments = {*raw.split("/"), *decoded.split("/")}
    return ({raw, decoded} - {""}) | {one for one in segments if len(one) >= SHORTEST_SECRET}
