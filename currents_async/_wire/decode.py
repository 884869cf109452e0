"""JSON text to Structs: the envelope every answer comes in, and what is wrong when it is not."""

from functools import lru_cache
from typing import Any, Generic, TypeVar, get_origin

import msgspec

from currents_async._wire.built_ins import is_object, put_at, take_at
from currents_async._wire.extra import fill_extra, keeps_extra
from currents_async._wire.faults import RefusedBody, UnexpectedBody
from currents_async._wire.items import MISFIT, Elements, Items, is_page
from currents_async._wire.mend import mend
from currents_async._wire.notes import Notes
from currents_async._wire.surrogates import mend_surrogates
from currents_async.models.pages import UnreadableItem

T = TypeVar("T")

Text = bytes | bytearray | memoryview


class Envelope(msgspec.Struct, Generic[T], frozen=True, gc=False):
    """What every answer comes in."""

    status: str | None = None
    error: object = None
    """A text in every document; anything else would be shown as JSON."""
    data: T | msgspec.UnsetType = msgspec.UNSET
    has_more: bool = False
    """Of lists whose items carry cursors."""


def unwrap(envelope: Envelope[T]) -> T:
    """Return the data of a success.

    Raises `RefusedBody` when the envelope reports a failure, and `UnexpectedBody` when it has no
    data.
    """
    if envelope.status == "FAILED":
        error = envelope.error
        words = error if isinstance(error, str) else msgspec.json.encode(error).decode()
        raise RefusedBody(words if error else "the answer says FAILED and not why")
    if isinstance(envelope.data, msgspec.UnsetType):
        raise UnexpectedBody("the answer has no data", "$.data")
    return envelope.data


@lru_cache
def envelope_decoder(returns: Any) -> msgspec.json.Decoder[Envelope[Any]]:
    """Make a decoder for an answer with data of a type."""
    generic: Any = Envelope  # type checkers take no variable as a type argument
    return msgspec.json.Decoder(generic[returns])


class CollectedText:
    """The text so far: base of push decoders that hand nothing out before the end."""

    def __init__(self) -> None:
        self._text = bytearray()
        self.unreadable: tuple[UnreadableItem, ...] = ()
        """Items that were left out, of a list."""
        self.notes = Notes()
        """What was bent so that the text could be read."""

    @property
    def held(self) -> int:
        """Bytes of the text so far."""
        return len(self._text)

    def feed(self, piece: bytes) -> list[Any]:
        """Take the next piece of the text; nothing of it is complete yet."""
        self._text += piece
        return []

    def _envelope(self, returns: Any) -> Envelope[Any]:
        """Decode the text, with what models of which only a part is known have beyond it."""
        items = Items(returns, self.notes)
        decoder = envelope_decoder(returns)
        envelope, wire = read(self._text, decoder, self.notes, items.elements)
        self.unreadable = items.unreadable
        if keeps_extra(returns):
            data = unwrap(envelope)
            if wire is None:
                wire = decode(self._text, BUILT_INS)
            elif items.elements is not None:
                put_at(wire, items.elements.path, items.mended)
            fill_extra(data, wire["data"])
        return envelope


class EnvelopeDecoder(CollectedText, Generic[T]):
    """A push decoder for `{"status": "OK", "data": …}`, decoded as a whole."""

    def __init__(self, returns: type[T]) -> None:
        super().__init__()
        self._returns: Any = returns

    def flush(self) -> tuple[list[Any], T]:
        """Return no elements and `data`, the text being complete; raise as `unwrap` does."""
        data: Any = unwrap(self._envelope(self._returns))
        if self.unreadable and is_page(self._returns):
            data = msgspec.structs.replace(data, unreadable=self.unreadable)
        return [], data


def decode(text: Text, decoder: msgspec.json.Decoder[T], notes: Notes | None = None) -> T:
    """Decode a whole JSON text; raise `UnexpectedBody` with the path of what is wrong.

    What is not as the type has it is mended as far as possible, and noted.
    """
    decoded, _ = read(text, decoder, Notes() if notes is None else notes)
    return decoded


def read(
    text: Text, decoder: msgspec.json.Decoder[T], notes: Notes, elements: Elements | None = None
) -> tuple[T, Any]:
    """Decode as `decode` does; also return the JSON as built-in types if it had to be mended.

    A text that needs no mending is parsed once, and no more. Of one that does, `elements` are read
    one by one.
    """
    try:
        return parse(text, decoder), None
    except DECODE_ERRORS as error:
        reason, path = diagnose(text, error)
    # The fault is kept in no variable: with its traceback it would keep itself alive, and the text.
    if path is None:
        raise UnexpectedBody(reason)
    try:
        mended = _mend_document(parse(text, BUILT_INS), decoder.type, notes, elements)
        # Annotated: to mypy, the type of a decoder of msgspec 0.23 is any.
        decoded: T = msgspec.convert(mended, decoder.type, str_keys=True)
    except DECODE_ERRORS as error:
        reason, path = diagnose(text, error)
    else:
        return decoded, mended
    raise UnexpectedBody(reason, path)


def _mend_document(document: Any, kind: Any, notes: Notes, elements: Elements | None) -> Any:
    is_envelope = get_origin(kind) is Envelope
    if is_envelope and not is_object(document):
        return document
    values = [] if elements is None else take_at(document, elements.path)
    mended = mend(document, kind, notes)
    if is_envelope and document.get("data") is not None:
        # As it is, so that the error says what is wrong with it.
        mended.setdefault("data", document["data"])
    if elements is not None and values:
        put_at(mended, elements.path, elements.convert(values))
    return mended


def parse(text: Text, decoder: msgspec.json.Decoder[T]) -> T:
    """Decode a whole JSON text, of which some may be half an emoji; raise `DECODE_ERRORS`."""
    try:
        return decoder.decode(text)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        mended = mend_surrogates(text)
        if mended == text:
            raise
    return decoder.decode(mended)


# msgspec checks UTF-8 itself in some places and leaves it to Python in others.
DECODE_ERRORS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

BUILT_INS = msgspec.json.Decoder(float_hook=float)  # to which 1e999 is infinity, and no error


def diagnose(text: Text, error: Exception) -> tuple[str, str | None]:
    """Say what is wrong with a text, and where, if it is JSON."""
    if isinstance(error, RecursionError):
        return "the JSON is nested too deeply", None
    if isinstance(error, msgspec.ValidationError):
        found = MISFIT.fullmatch(str(error))
        return (found[1], found[2]) if found else (str(error), "$")
    head = bytes(text[:64]).lstrip()
    if not head:
        return "the body is empty", None
    if head.startswith(b"<"):
        return "the body is HTML or XML, not JSON", None
    return f"the body is not JSON: {error}", None
