"""JSON text to Structs: the envelope every answer comes in, and what is wrong when it is not."""

import re
from functools import lru_cache
from typing import Any, Generic, TypeVar

import msgspec

from currents_async._wire.extra import fill_extra, keeps_extra
from currents_async._wire.faults import RefusedBody, UnexpectedBody
from currents_async._wire.surrogates import mend_surrogates

T = TypeVar("T")

Text = bytes | bytearray | memoryview


class Envelope(msgspec.Struct, Generic[T], frozen=True, gc=False):
    """What every answer comes in."""

    status: str | None = None
    error: str | None = None
    data: T | msgspec.UnsetType = msgspec.UNSET
    has_more: bool = False
    """Of lists whose items carry cursors."""


def unwrap(envelope: Envelope[T]) -> T:
    """Return the data of a success.

    Raises `RefusedBody` when the envelope reports a failure, and `UnexpectedBody` when it has no
    data.
    """
    if envelope.status == "FAILED":
        raise RefusedBody(envelope.error or "the answer says FAILED and not why")
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
        envelope = decode(self._text, envelope_decoder(returns))
        if keeps_extra(returns):
            fill_extra(unwrap(envelope), unwrap(decode(self._text, envelope_decoder(object))))
        return envelope


class EnvelopeDecoder(CollectedText, Generic[T]):
    """A push decoder for `{"status": "OK", "data": …}`, decoded as a whole."""

    def __init__(self, returns: type[T]) -> None:
        super().__init__()
        self._returns: Any = returns

    def flush(self) -> tuple[list[Any], T]:
        """Return no elements and `data`, the text being complete; raise as `unwrap` does."""
        data: T = unwrap(self._envelope(self._returns))
        return [], data


def decode(text: Text, decoder: msgspec.json.Decoder[T]) -> T:
    """Decode a whole JSON text; raise `UnexpectedBody` with the path of what is wrong.

    A null where a model has no room for one counts as absent: the documents mark few fields as
    nullable, and one null must not cost the other thirteen thousand specs.
    """
    try:
        return parse(text, decoder)
    except DECODE_ERRORS as error:
        reason, path = _diagnose(text, error)
    # The fault is kept in no variable: with its traceback it would keep itself alive, and the text.
    if path is None or "got `null`" not in reason:
        raise UnexpectedBody(reason, path)
    try:
        # Annotated: to mypy, the type of a decoder of msgspec 0.23 is any.
        decoded: T = msgspec.convert(_without_nulls(parse(text, _ANYTHING)), decoder.type)
    except DECODE_ERRORS as error:
        reason, path = _diagnose(text, error)
    else:
        return decoded
    raise UnexpectedBody(reason, path)


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

_ANYTHING = msgspec.json.Decoder()


_JSON = dict[str, "_JSON"] | list["_JSON"] | str | int | float | bool | None


def _without_nulls(value: _JSON) -> _JSON:
    match value:
        case dict():
            return {k: _without_nulls(v) for k, v in value.items() if v is not None}
        case list():
            return [_without_nulls(item) for item in value]
        case _:
            return value


def _diagnose(text: Text, error: Exception) -> tuple[str, str | None]:
    """Say what is wrong with a text, and where, if it is JSON."""
    if isinstance(error, RecursionError):
        return "the JSON is nested too deeply", None
    if isinstance(error, msgspec.ValidationError):
        found = _MISFIT.fullmatch(str(error))
        return (found[1], found[2]) if found else (str(error), "$")
    head = bytes(text[:64]).lstrip()
    if not head:
        return "the body is empty", None
    if head.startswith(b"<"):
        return "the body is HTML or XML, not JSON", None
    return f"the body is not JSON: {error}", None


_MISFIT = re.compile(r"(.*) - at `(\$.*)`", re.DOTALL)
