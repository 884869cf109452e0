"""JSON text to Structs: the envelope of every response, and what is wrong with a bad one."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Generic, TypeVar, get_origin

import msgspec

from currents_async._wire.body_errors import RefusedBodyError, UnexpectedBodyError
from currents_async._wire.built_ins import is_object, put_at, take_at
from currents_async._wire.items import MISFIT, Elements
from currents_async._wire.mend import mend
from currents_async._wire.notes import Notes

T = TypeVar("T")

Text = bytes | bytearray | memoryview


class Envelope(msgspec.Struct, Generic[T], frozen=True, gc=False):
    """What every JSON response comes in."""

    status: str | None = None
    error: object = None
    """A text, according to the documents; anything else is shown as JSON."""
    data: T | msgspec.UnsetType = msgspec.UNSET
    has_more: bool = False
    """Whether another page follows, in lists whose items have cursors."""


def unwrap(envelope: Envelope[T]) -> T:
    """Return the data of a success.

    Raises `RefusedBodyError` when the envelope reports a failure, and `UnexpectedBodyError` when it
    has no data.
    """
    if envelope.status == "FAILED":
        error = envelope.error
        words = error if isinstance(error, str) else msgspec.json.encode(error).decode()
        raise RefusedBodyError(words if error else "the response says FAILED without a reason")
    if isinstance(envelope.data, msgspec.UnsetType):
        raise UnexpectedBodyError("the response has no data", "$.data")
    return envelope.data


@lru_cache
def envelope_decoder(returns: Any) -> msgspec.json.Decoder[Envelope[Any]]:
    """Return a decoder for responses whose data is of a type."""
    generic: Any = Envelope  # type checkers take no variable as a type argument
    return msgspec.json.Decoder(generic[returns])


def decode(text: Text, decoder: msgspec.json.Decoder[T], notes: Notes | None = None) -> T:
    """Decode a whole JSON text; raise `UnexpectedBodyError` with the path of what is wrong.

    What does not fit the type is mended as far as possible, and noted.
    """
    decoded, _ = read(text, decoder, Notes() if notes is None else notes)
    return decoded


def read(
    text: Text,
    decoder: msgspec.json.Decoder[T],
    notes: Notes,
    elements: Sequence[Elements] = (),
) -> tuple[T, Any]:
    """Decode as `decode` does; also return the JSON as built-in types if it had to be mended.

    A text that needs no mending is parsed only once. In one that does, `elements` are read one by
    one.
    """
    try:
        return parse(text, decoder), None
    except DECODE_ERRORS as error:
        reason, path = diagnose(text, error)
    # No variable keeps the error: with its traceback it would keep itself alive, and the text.
    if path is None:
        raise UnexpectedBodyError(reason)
    try:
        mended = _mend_document(parse(text, BUILT_INS), decoder.type, notes, elements)
        # Annotated: to mypy, the type of a decoder of msgspec 0.23 is any.
        decoded: T = msgspec.convert(mended, decoder.type, str_keys=True)
    except DECODE_ERRORS as error:
        reason, path = diagnose(text, error)
    else:
        return decoded, mended
    raise UnexpectedBodyError(reason, path)


def _mend_document(document: Any, kind: Any, notes: Notes, elements: Sequence[Elements]) -> Any:
    is_envelope = get_origin(kind) is Envelope
    if is_envelope and not is_object(document):
        return document
    taken = [(one, take_at(document, one.path, one.kind)) for one in elements]
    mended = mend(document, kind, notes)
    if is_envelope and document.get("data") is not None:
        # Unchanged, so that the error says what is wrong with it.
        mended.setdefault("data", document["data"])
    for one, values in taken:
        if values:
            put_at(mended, one.path, one.convert(values))
    return mended


def parse(text: Text, decoder: msgspec.json.Decoder[T]) -> T:
    """Decode a whole JSON text, which may contain half an emoji; raise `DECODE_ERRORS`."""
    try:
        return decoder.decode(text)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        if _SUSPECT.search(text) is None:
            raise
    return decoder.decode(mend_surrogates(text))


# msgspec checks UTF-8 itself in some places and leaves it to Python in others.
DECODE_ERRORS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

BUILT_INS = msgspec.json.Decoder(float_hook=float)  # which reads 1e999 as infinity


def diagnose(text: Text, error: Exception) -> tuple[str, str | None]:
    """Return what is wrong with a text, and where, if it is JSON."""
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


# Half an emoji: what remains when JavaScript cuts a text between two UTF-16 units. `JSON.stringify`
# writes it as an escape, `"\ud83d"`, which msgspec always refuses.

_HIGH = rb"u[dD][89abAB][0-9a-fA-F]{2}"
_LOW = rb"u[dD][c-fC-F][0-9a-fA-F]{2}"
_SUSPECT = re.compile(rb"\\u[dD][89a-fA-F]")
# Backslashes that escape each other, and whole pairs, stay as they are. Compiled when it is needed:
# that takes 2 % of the time in which the library is loaded.
_ESCAPE = rb"\\(?:(\\(?:\\\\)*|%b\\%b)|%b|%b)" % (_HIGH, _LOW, _HIGH, _LOW)


def mend_surrogates(text: bytes | bytearray | memoryview) -> bytes:
    """Return a JSON text with the escape of each lone surrogate replaced by that of U+FFFD.

    The text keeps its length, so that places in it stay the same.
    """
    if _SUSPECT.search(text) is None:
        return bytes(text)
    return re.sub(_ESCAPE, _mended, text)


def _mended(found: re.Match[bytes]) -> bytes:
    return rb"\ufffd" if found[1] is None else found[0]
