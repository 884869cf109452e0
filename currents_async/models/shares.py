"""Shares and trace links: the responses of POST /share and POST …/trace-link.

Source: `docs/api/operations.md`, "Sharing and traces".
"""

from typing import Literal

from currents_async.models._model import SecretModel, Timestamp

__all__ = ["Share", "SharePurpose", "TraceLink", "TraceView"]

SharePurpose = Literal["fix", "report"]
"""What a share is for: the failures with their context, or every test with its files."""

TraceView = Literal["download", "filmstrip", "animation"]
"""What `traces.download` saves: the trace as it was uploaded, or an image of it."""


class Share(SecretModel, frozen=True, gc=False, kw_only=True):
    """A public snapshot of a run, a spec file, a test or a session.

    Whoever has one of its URLs can read it, so no `repr` shows them, and it cannot be pickled. It
    can be neither extended nor revoked.
    """

    _secrets = ("url", "page_url")

    url: str
    """Markdown, for agents: `shares.read` fetches it."""
    page_url: str | None = None
    """A web page, for people."""
    purpose: str | None = None
    """A `SharePurpose`, or one that is newer than this library."""
    expires_at: Timestamp | None = None
    """The signed URLs in it end then too."""


class TraceLink(SecretModel, frozen=True, gc=False, kw_only=True):
    """A link to a Playwright trace, which the methods of `traces` read.

    Whoever has its URL can read the trace, with its network traffic and cookies, so no `repr` shows
    it, and it cannot be pickled.
    """

    _secrets = ("url",)

    url: str
    """An interactive player, for people."""
    expires_at: Timestamp | None = None
    test_id: str | None = None
    attempt_index: int | None = None
    """The attempt that the trace is of; counts from 0."""
    attachment_id: str | None = None
    """The attachment of a session that the trace is."""
