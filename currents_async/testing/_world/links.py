"""Shares and trace links: who has the token of one can read it until it expires.

Source: `docs/api/operations.md`, "Sharing and traces".
"""

import msgspec

from currents_async.testing._world.ids import base62, iso, stream

SHARES = "https://share.example.com"
TRACES = "https://trace.example.com"
_TOKEN = 16


class WorldLink(msgspec.Struct, frozen=True, kw_only=True):
    """What is behind a link."""

    expires: int
    """Milliseconds since `EPOCH`."""
    markdown: str
    """All of a share, or the digest of a trace."""

    @property
    def expires_at(self) -> str:
        """When it expires, in the wire's form."""
        return iso(self.expires)


class WorldLinks(dict[str, WorldLink]):
    """The shares or the trace links of a world by their tokens, in the order they were made."""

    def __init__(self, seed: int, kind: str) -> None:
        super().__init__()
        self._seed = seed, kind

    def add(self, markdown: str, *, expires: int) -> str:
        """Make a link, and return its token."""
        token = base62(stream(*self._seed, len(self)), _TOKEN)
        self[token] = WorldLink(expires=expires, markdown=markdown)
        return token

    def valid(self, token: str, now: int) -> WorldLink | None:
        """Return a link that there is and that has not expired."""
        link = self.get(token)
        return link if link is not None and now < link.expires else None

    def __repr__(self) -> str:
        return f"<{len(self)} links>"
