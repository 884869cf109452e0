"""Push decoders for the answers that are no single `data`: pages, text, and bytes as they are."""

from typing import Any, Generic, TypeVar

from currents_async._wire.decode import CollectedText, unwrap
from currents_async._wire.faults import UnexpectedBody
from currents_async.models.pages import CursorPage

T = TypeVar("T")


class CursorPageDecoder(CollectedText, Generic[T]):
    """A push decoder for `{"status": "OK", "has_more": …, "data": […]}`."""

    def __init__(self, item: type[T]) -> None:
        super().__init__()
        self._items: Any = tuple[item, ...]  # type: ignore[valid-type]

    def flush(self) -> tuple[list[Any], CursorPage[T]]:
        """Return no elements and the page, the text being complete; raise as `unwrap` does."""
        envelope = self._envelope(self._items)
        items = unwrap(envelope)
        return [], CursorPage(items=items, has_more=envelope.has_more, unreadable=self.unreadable)


class TextDecoder(CollectedText):
    """A push decoder for plain text in UTF-8."""

    def flush(self) -> tuple[list[Any], str]:
        """Return no elements and the text; raise `UnexpectedBody` when it is not UTF-8."""
        try:
            return [], self._text.decode()
        except UnicodeDecodeError as error:
            reason = f"the body is not UTF-8: {error.reason}"
        raise UnexpectedBody(reason)


class BytesDecoder(CollectedText):
    """A push decoder that decodes nothing."""

    def flush(self) -> tuple[list[Any], bytes]:
        """Return no elements and the bytes."""
        return [], bytes(self._text)
