"""Files attached to runs and sessions: declared first, and uploaded afterwards.

Source: `docs/api/operations.md`, "Attachments and sessions".
"""

import msgspec

from currents_async.testing._world.facts import Wire
from currents_async.testing._world.ids import base62, hexadecimal, stream

UPLOADS = "https://uploads.example.com"
"""The host in the upload URLs of a world; a server that takes uploads puts itself there."""

UPLOAD_SECONDS = 600
"""How long an upload URL lasts."""


class WorldAttachment(msgspec.Struct, kw_only=True):
    """A file that has been declared."""

    attachment_id: str
    upload_id: str
    """The last segment of its upload URL."""
    owner: Wire
    """What it belongs to, by the names of the wire: `runId` and more, or `sessionId`."""
    name: str
    type: str
    content_type: str
    size_bytes: int | None
    caption: str | None = None
    meta: dict[str, str] = {}
    content: bytes | None = None
    """What has been uploaded; None before that."""


class WorldAttachments(dict[str, WorldAttachment]):
    """All files by the IDs of their attachments, in the order in which they were declared."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._seed = seed

    def next_ids(self) -> tuple[str, str]:
        """Return the IDs of the next attachment and of its upload."""
        rng = stream(self._seed, "attachment", len(self))
        return hexadecimal(rng, 32), base62(rng, 16)

    def of_upload(self, upload_id: str) -> WorldAttachment | None:
        """Return the file with an upload URL."""
        return next((one for one in self.values() if one.upload_id == upload_id), None)
