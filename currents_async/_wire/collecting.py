"""An answer with a large array, decoded while it arrives and returned as a whole."""

from typing import Any, Generic, TypeVar, cast

from currents_async._wire.array import ArrayField
from currents_async._wire.decode import decode, envelope_decoder, unwrap
from currents_async._wire.elements import ElementDecoder
from currents_async._wire.notes import Notes

T = TypeVar("T")


class CollectingDecoder(Generic[T]):
    """A push decoder that decodes elements as they come, and returns `data` with all of them.

    A text of less than `least` bytes, as most are, is decoded once at its end.
    """

    def __init__(self, returns: type[T], array: ArrayField, *, least: int) -> None:
        self._returns = returns
        self._array = array
        self._least = least
        self._text = bytearray()
        self._decoder: ElementDecoder[Any, T] | None = None
        self._elements: list[Any] = []
        self._notes = Notes()
        self.held = 0
        """Bytes of the text so far, that of decoded elements included."""

    @property
    def notes(self) -> Notes:
        """What was bent so that the text could be read."""
        return self._notes if self._decoder is None else self._decoder.notes

    def feed(self, piece: bytes) -> list[Any]:
        """Take the next piece of the text; nothing of it is handed out yet."""
        self.held += len(piece)
        if self._decoder is not None:
            self._elements += self._decoder.feed(piece)
            return []
        self._text += piece
        if len(self._text) >= self._least:
            self._decoder = ElementDecoder(self._returns, self._array, self._array.element)
            self._elements += self._decoder.feed(self._text)
            self._text.clear()
        return []

    def flush(self) -> tuple[list[Any], T]:
        """Return no elements and the whole `data`; raise as `ElementDecoder.flush` does."""
        if self._decoder is None:
            decoder = envelope_decoder(cast("Any", self._returns))
            data: T = unwrap(decode(self._text, decoder, self._notes))
            return [], data
        return [], self._decoder.flush_with(self._elements)
