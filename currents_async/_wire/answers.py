"""Push decoders for responses that are more or less than `data`: pages, writes, text, bytes."""

from typing import Any, Generic, TypeVar

import msgspec

from currents_async._wire.decode import (
    CollectedText,
    EnvelopeDecoder,
    decode,
    envelope_decoder,
    unwrap,
)
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


class WriteDecoder(EnvelopeDecoder[T]):
    """A push decoder for the response to a write, which is done whatever the response says."""

    def __init__(self, returns: type[T], known: T) -> None:
        super().__init__(returns)
        self._known = known

    def flush(self) -> tuple[list[Any], T]:
        """Return no elements and `data`, with what is known where it says nothing.

        Raises as `unwrap` does, but not for data that is missing or of another shape.
        """
        if not self._text or self._text.isspace():
            return [], self._known
        try:
            _, data = super().flush()
        except UnexpectedBody:
            self._check_success()
            data = self._known
        return [], _filled(data, self._known)

    def _check_success(self) -> None:
        """Raise unless the text is an envelope that does not report a failure."""
        envelope = decode(self._text, envelope_decoder(object))
        unwrap(msgspec.structs.replace(envelope, data=None))


def _filled(data: T, known: T) -> T:
    if not isinstance(data, msgspec.Struct) or type(data) is not type(known):
        return data
    missing = {
        name: getattr(known, name)
        for name in data.__struct_fields__
        if getattr(data, name) is None and getattr(known, name) is not None
    }
    return msgspec.structs.replace(data, **missing) if missing else data


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
