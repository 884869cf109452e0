"""An answer as it is, for what the models do not know."""

from collections.abc import Mapping
from typing import Any

import msgspec

from currents_async._wire.envelope import parse


class RawResponse(msgspec.Struct, frozen=True, kw_only=True):
    """A success, decompressed and not decoded.

    Its repr leaves out the headers and the body, which may have signed URLs and cookies in them.
    """

    status: int
    headers: Mapping[str, str]
    """Names are compared without regard to case."""
    body: bytes

    def json(self) -> Any:
        """Return the body as built-in types, its envelope included.

        Raises `msgspec.DecodeError` when it is no JSON.
        """
        return parse(self.body, _ANYTHING)

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [("status", self.status), ("body", f"{len(self.body)} bytes")]

    def __repr__(self) -> str:
        return f"<RawResponse {self.status}, {len(self.body)} bytes>"


_ANYTHING = msgspec.json.Decoder()
