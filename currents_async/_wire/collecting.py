"""An answer with a large array, decoded while it arrives and returned as a whole."""

from typing import Any, Generic, TypeVar

from currents_async._wire.array import ArrayField
from currents_async._wire.elements import ElementDecoder

T = TypeVar("T")


class CollectingDecoder(Generic[T]):
    """A push decoder that decodes elements as they come, and returns `data` with all of them."""

    def __init__(self, returns: type[T], array: ArrayField, *, least: int) -> None:
        self._array = array
        self._decoder: ElementDecoder[Any, T] = ElementDecoder(
            returns, array, array.element, least=least
        )
        self._elements: list[Any] = []

    def feed(self, piece: bytes) -> list[Any]:
        """Take the next piece of the text; nothing of it is handed out yet."""
        self._elements += self._decoder.feed(piece)
        return []

    def flush(self) -> tuple[list[Any], T]:
        """Return no elements and the whole `data`; raise as `ElementDecoder.flush` does."""
        if not self._decoder.count:
            return [], self._decoder.whole()
        last, data = self._decoder.flush()
        return [], self._array.put(data, self._elements + last)
