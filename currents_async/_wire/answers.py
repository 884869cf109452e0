"""Push decoders for the answers that are no single `data`: pages, text, and bytes as they are."""

from typing import Any, Generic, TypeVar

from currents_async._wire.decode import decode, envelope_decoder, unwrap
from currents_async._wire.extra import fill_extra, keeps_extra
from currents_async._wire.faults import UnexpectedBody
from currents_async.models.pages import CursorPage

T = TypeVar("T")


class _Collected:
    """The text so far; nothing of it is handed out before the end."""

    def __init__(self) -> None:
        self._text = bytearray()

    @property
    def held(self) -> int:
        """Bytes of the text so far."""
        return len(self._text)

    def feed(self, piece: bytes) -> list[Any]:
        """Take the next piece of the text."""
        self._text += piece
        return []


class CursorPageDecoder(_Collected, Generic[T]):
    """A push decoder for `{"status": "OK", "has_more": …, "data": […]}`."""

    def __init__(self, item: type[T]) -> None:
        super().__init__()
        self._items: Any = tuple[item, ...]  # type: ignore[valid-type]

    def flush(self) -> tuple[list[Any], CursorPage[T]]:
        """Return no elements and the page, the text being complete; raise as `unwrap` does."""
        envelope = decode(self._text, envelope_decoder(self._items))
        items = unwrap(envelope)
        if keeps_extra(self._items):
            fill_extra(items, unwrap(decode(self._text, envelope_decoder(object))))
        return [], CursorPage(items=items, has_more=envelope.has_more)


class TextDecoder(_Collected):
    """A push decoder for plain text in UTF-8."""

    def flush(self) -> tuple[list[Any], str]:
        """Return no elements and the text; raise `UnexpectedBody` when it is not UTF-8."""
        try:
            return [], self._text.decode()
        except UnicodeDecodeError as error:
            reason = f"the body is not UTF-8: {error.reason}"
        raise UnexpectedBody(reason)


class BytesDecoder(_Collected):
    """A push decoder that decodes nothing."""

    def flush(self) -> tuple[list[Any], bytes]:
        """Return no elements and the bytes."""
        return [], bytes(self._text)
