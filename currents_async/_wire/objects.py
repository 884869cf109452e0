"""What the objects of a JSON text weigh in memory, known before they are decoded."""

from currents_async._wire.body_errors import OversizedBodyError

_WEIGHT = 64
"""Bytes that a Struct takes at least; `{}` takes two on the wire.

What is sent in earnest has an object for every 70 bytes and more: it weighs less than its text.
"""
_UNCOUNTED = 64 * 1024
"""Bytes of text whose objects are not counted: most answers are shorter, and 2 MiB nobody minds."""


class ObjectCount:
    """Counts objects as the text arrives; tens of millions fit into a limit of bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._count = 0

    @property
    def weight(self) -> int:
        """Bytes, roughly, of all objects so far."""
        return self._count * _WEIGHT

    def add(self, piece: bytes) -> None:
        """Count the objects in a piece; raise `OversizedBodyError` when they get too many."""
        self._size += len(piece)
        if self._size <= _UNCOUNTED:
            return
        self._count += piece.count(b"{")
        if self.weight > self._limit:
            raise OversizedBodyError(self._limit)
