"""What a client has sent and received so far."""

import msgspec


class Traffic(msgspec.Struct, kw_only=True):
    """Counts since the client was created."""

    requests: int = 0
    """Requests sent."""
    wire_bytes: int = 0
    """Bytes of answers' bodies as they came: compressed, without headers."""
    inflated_bytes: int = 0
    """The same bodies, decompressed."""
