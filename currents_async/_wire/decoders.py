"""Push decoders: they take slices of a text as they arrive, and return what was sent.

Those that decode while the text arrives, `ElementDecoder` and `CollectingDecoder`, have files of
their own.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Generic, Protocol, TypeVar, get_args, get_origin

import msgspec

from currents_async._wire.array import ArrayField
from currents_async._wire.body_errors import UnexpectedBodyError
from currents_async._wire.built_ins import fill_extra, keeps_extra, put_at
from currents_async._wire.collecting import CollectingDecoder
from currents_async._wire.endpoint import Endpoint
from currents_async._wire.envelope import (
    BUILT_INS,
    Envelope,
    decode,
    envelope_decoder,
    read,
    unwrap,
)
from currents_async._wire.inflate import SLICE
from currents_async._wire.items import Items, is_page
from currents_async._wire.notes import Notes
from currents_async._wire.opened import opened
from currents_async.models.pages import CursorPage, UnreadableItem

_LEAST = 4 * SLICE
"""Bytes of text that are decoded at once: in 0.4 to 0.9 ms, by what is in them."""

E = TypeVar("E")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Decoder(Protocol[E, T_co]):
    """A push decoder: elements as they become complete, the rest at the end."""

    @property
    def held(self) -> int:
        """Bytes of the text that is kept, decoded or not."""
        ...

    @property
    def notes(self) -> Notes:
        """What was mended so that the text could be read."""
        ...

    def feed(self, text: bytes, /) -> list[E]:
        """Take the next slice of the text, and return the elements that it completes."""
        ...

    def finish(self) -> Iterable[None]:
        """Decode more, the text being complete; yield between steps, for others to go on."""
        ...

    def flush(self) -> tuple[list[E], T_co]:
        """Return the last elements and the rest, the text being complete; raise as `unwrap`."""
        ...


def decoder_for(
    endpoint: Endpoint[Any], *, keep_extra: bool = False
) -> Callable[[], Decoder[Any, Any]]:
    """Return a factory of decoders for whole responses of an operation.

    With `keep_extra`, the models keep what they do not know.
    """
    # Classes without type arguments: with them, `typing` would take part in each call.
    returns = opened(endpoint.returns) if keep_extra else endpoint.returns
    if get_origin(returns) is CursorPage:
        [item] = get_args(returns)
        return partial(CursorPageDecoder, item)
    if not endpoint.is_json:
        return TextDecoder
    if not endpoint.arrays or keep_extra:
        return partial(EnvelopeDecoder, returns)
    return partial(CollectingDecoder, returns, endpoint.arrays, least=_LEAST)


def small_decoder_for(
    endpoint: Endpoint[T], *, keep_extra: bool = False
) -> Callable[[bytes], T] | None:
    """Return what decodes a short response at once; None where that is not all there is to do.

    It raises as `unwrap` does, and `DECODE_ERRORS` for a text that has to be mended.
    """
    returns: Any = endpoint.returns
    is_alone = endpoint.is_json and get_origin(returns) is not CursorPage
    if keep_extra or not is_alone or keeps_extra(returns):
        return None
    decode_text = envelope_decoder(returns).decode
    return lambda text: unwrap(decode_text(text))


class _CollectedText:
    """The text so far: the base of push decoders that hand nothing out before the end."""

    def __init__(self) -> None:
        self._text = bytearray()
        self.unreadable: tuple[UnreadableItem, ...] = ()
        """Items of a list that were left out."""
        self.notes = Notes()

    @property
    def held(self) -> int:
        return len(self._text)

    def feed(self, text: bytes) -> list[Any]:
        self._text += text
        return []

    def finish(self) -> Iterable[None]:
        return ()

    def _envelope(self, returns: Any) -> Envelope[Any]:
        """Decode the text, and keep what it says beyond the fields of open models."""
        items = Items(returns, self.notes)
        decoder = envelope_decoder(returns)
        elements = items.elements
        envelope, wire = read(self._text, decoder, self.notes, elements)
        self.unreadable = items.unreadable
        if keeps_extra(returns):
            data = unwrap(envelope)
            if wire is None:
                wire = decode(self._text, BUILT_INS)
            elif elements:
                put_at(wire, elements[0].path, items.mended)
            fill_extra(data, wire["data"])
        return envelope


class EnvelopeDecoder(_CollectedText, Generic[T]):
    """A push decoder for `{"status": "OK", "data": …}`, decoded as a whole."""

    def __init__(self, returns: type[T]) -> None:
        super().__init__()
        self._returns: Any = returns

    def flush(self) -> tuple[list[Any], T]:
        data: Any = unwrap(self._envelope(self._returns))
        if self.unreadable and is_page(self._returns):
            data = msgspec.structs.replace(data, unreadable=self.unreadable)
        return [], data


class WholeDecoder(EnvelopeDecoder[T]):
    """A push decoder like `ElementDecoder`, whose elements come at the end, with all they have."""

    def __init__(self, returns: type[T], array: ArrayField) -> None:
        super().__init__(opened(returns))
        self._array = array

    def flush(self) -> tuple[list[Any], T]:
        _, data = super().flush()
        return self._array.take(data), self._array.put(data, [])


class CursorPageDecoder(_CollectedText, Generic[T]):
    """A push decoder for `{"status": "OK", "has_more": …, "data": […]}`."""

    def __init__(self, item: type[T]) -> None:
        super().__init__()
        self._items: Any = tuple[item, ...]  # type: ignore[valid-type]

    def flush(self) -> tuple[list[Any], CursorPage[T]]:
        envelope = self._envelope(self._items)
        items = unwrap(envelope)
        return [], CursorPage(items=items, has_more=envelope.has_more, unreadable=self.unreadable)


class WriteDecoder(EnvelopeDecoder[T]):
    """A push decoder for the response to a write, which is done whatever the response says."""

    def __init__(self, returns: type[T], known: T) -> None:
        super().__init__(returns)
        self._known = known

    def flush(self) -> tuple[list[Any], T]:
        """Return no elements and `data`, filled up with what is known.

        Raises as `unwrap` does, but not for data that is missing or of another shape.
        """
        if not self._text or self._text.isspace():
            return [], self._known
        try:
            _, data = super().flush()
        except UnexpectedBodyError:
            self._check_success()
            data = self._known
        return [], _filled(data, self._known)

    def _check_success(self) -> None:
        """Raise unless the text is an envelope that does not report a failure."""
        envelope = decode(self._text, envelope_decoder(object))
        unwrap(msgspec.structs.replace(envelope, data=None))


def _filled(data: T, known: T) -> T:
    if not (isinstance(data, msgspec.Struct) and isinstance(known, msgspec.Struct)):
        return data
    if not isinstance(data, type(known)):
        return data
    missing = {
        name: getattr(known, name)
        for name in known.__struct_fields__
        if getattr(data, name) is None and getattr(known, name) is not None
    }
    return msgspec.structs.replace(data, **missing) if missing else data


class TextDecoder(_CollectedText):
    """A push decoder for plain text in UTF-8."""

    def flush(self) -> tuple[list[Any], str]:
        try:
            return [], self._text.decode()
        except UnicodeDecodeError as error:
            reason = f"the body is not UTF-8: {error.reason}"
        raise UnexpectedBodyError(reason)


class BytesDecoder(_CollectedText):
    """A push decoder that decodes nothing."""

    def flush(self) -> tuple[list[Any], bytes]:
        return [], bytes(self._text)
