"""One large array inside an envelope, decoded while it arrives.

msgspec has no incremental parser, and needs none. Three observations make a whole-text parser
exact on a text that is still coming:

- **Find.** Text up to an opening bracket, then a token of ours, then the closing braces: where
  that decodes, and the token is found at the path of our array, the bracket opens our array.
- **Cut.** A complete JSON object is never the beginning of another one. So elements that decode
  from a known place up to a separator are the elements, however the separator was guessed; a
  wrong guess does not decode, and costs only time.
- **End.** With the elements so far taken out, what is left is a complete document of the same
  shape. Decoding it validates the tail and gives the last elements and everything else.

Time is bounded by construction. Probes, guesses and the bytes they may waste are capped, no byte
is searched twice, and past the caps the text is collected and decoded as a whole.
"""

import os
import re
from enum import Enum, auto
from functools import cache
from typing import Any, Generic, TypeVar, cast

import msgspec

from currents_async._wire.array import ArrayField, list_decoder, typed_with
from currents_async._wire.body_errors import UnexpectedBodyError
from currents_async._wire.envelope import (
    BUILT_INS,
    DECODE_ERRORS,
    decode,
    envelope_decoder,
    parse,
    read,
    unwrap,
)
from currents_async._wire.items import Elements, convert_elements
from currents_async._wire.notes import Notes
from currents_async._wire.separators import (
    SPACE,
    FirstKey,
    Separator,
    is_hopeless,
    learn_first_key,
)

E = TypeVar("E")
T = TypeVar("T")

_WASTE = 64 * 1024
"""Bytes that may be decoded in vain, besides half of what has been seen."""
_MAX_HEAD = 256 * 1024
"""Bytes before the array, which are parsed twice."""
_MAX_DECOYS = 32
_MAX_GUESSES = 2
_MAX_MISSES = 128
"""Separators in a row that separated no elements."""

# Random, so that no text can hold it beforehand.
_TOKEN = b'"%s"' % os.urandom(16).hex().encode()
_COLON_AND_BRACKET = re.compile(rb"%b(?::%b(\[)?)?" % (SPACE, SPACE))


class _Phase(Enum):
    FIND = auto()
    LEARN = auto()
    CUT = auto()
    COLLECT = auto()
    """All that is left is decoded at the end."""


class ElementDecoder(Generic[E, T]):
    """A push decoder that gives the elements of an array as they become complete.

    `returns` is the type of the envelope's `data`.
    """

    def __init__(self, returns: type[T], array: ArrayField, element: type[E]) -> None:
        self._array = array
        self._returns: Any = returns
        self._element: Any = element
        self._elements = list_decoder(cast("Any", element))
        self._phase = _Phase.FIND
        self._text = bytearray()
        """All text but the elements that have been handed out."""
        self._bracket = 0
        """Where our array begins in it, once that is found."""
        self._searched = 0
        self._first_key = FirstKey(b"", 0, None)
        self._kinds: set[bytes | None] = set()
        """The second keys that elements were seen to have."""
        self.notes = Notes()
        """What was mended so that the text could be read."""
        self._count = 0
        """Elements of the text that have been handed out, or left out."""
        self._seen = 0
        self._wasted = 0
        self._decoys = 0
        self._misses = 0

    @property
    def held(self) -> int:
        """Bytes of the text that are kept."""
        return len(self._text)

    def feed(self, text: bytes | bytearray) -> list[E]:
        """Take the next slice of the text, and return the elements that it completes.

        Raises `UnexpectedBodyError` when an element is not of its type.
        """
        self._text += text
        self._seen += len(text)
        if self._phase is _Phase.FIND:
            self._find()
        if self._phase is _Phase.LEARN:
            self._learn()
        return self._cut() if self._phase is _Phase.CUT else []

    def flush(self) -> tuple[list[E], T]:
        """Return the last elements and the `data` without any, the text being complete.

        Raises `UnexpectedBodyError` and `RefusedBodyError` as decoding the whole text would, and
        `UnexpectedBodyError` when the array comes twice: some of the first has been handed out.
        """
        last, data = self._finish()
        return last, self._array.put(data, [])

    def flush_with(self, elements: list[E]) -> T:
        """Return the `data` with all elements, those that were handed out included.

        Raises as `flush` does.
        """
        last, data = self._finish()
        whole: T = self._array.put(data, [*elements, *last])
        return whole

    def _finish(self) -> tuple[list[E], Any]:
        """Return the last elements and the `data`, still of a type in between."""
        if self._count:
            return self._end()
        data = self._whole()
        return self._array.take(data), data

    def _whole(self) -> Any:
        """Decode all that has not been handed out."""
        array = Elements(("data", *self._array.path), self._convert)
        envelope, _ = read(self._text, self._envelopes(), self.notes, array)
        return unwrap(envelope)

    def _convert(self, values: list[Any]) -> list[Any]:
        """Return elements, and count them."""
        elements = convert_elements(
            values, self._element, self.notes, path=self._json_path, start=self._count
        )
        self._count += len(values)
        return elements

    # End: what is left of the text is a complete document, with the last elements in its array.

    def _end(self) -> tuple[list[E], Any]:
        start = self._bracket + 1
        self._text[start:start] = _TOKEN + b","
        try:
            data = unwrap(parse(self._text, self._raw_envelopes()))
        except DECODE_ERRORS:
            # Something does not fit, perhaps a null: reading it all again tells what, and where.
            del self._text[start : start + len(_TOKEN) + 1]
            data = self._whole()
            if self._comes_again():
                raise UnexpectedBodyError("the array comes twice", self._json_path) from None
            return self._array.take(data), data
        array = _raw_at(data, self._array.path)
        if not array.startswith(b"[" + _TOKEN):
            raise UnexpectedBodyError("the array comes twice", self._json_path)
        return self._last_elements(array), data

    def _envelopes(self) -> msgspec.json.Decoder[Any]:
        return envelope_decoder(self._array.type_of_data(self._returns, self._element))

    def _raw_envelopes(self) -> msgspec.json.Decoder[Any]:
        return envelope_decoder(typed_with(self._returns, self._array.path, msgspec.Raw))

    def _last_elements(self, array: bytes) -> list[E]:
        text = b"[" + array[len(_TOKEN) + 2 :]
        try:
            return parse(text, self._elements)
        except DECODE_ERRORS:
            return self._convert(decode(text, BUILT_INS))

    def _comes_again(self) -> bool:
        """Return whether the end of the text replaces our array, as a repeated key does."""
        path = ("data", *self._array.path)
        head = "".join(f'{{"{name}":' for name in path).encode()
        rest = self._text[self._bracket + 1 :]
        return not self._array_in(head + b"[%b," % _TOKEN + rest).startswith(b"[" + _TOKEN)

    # Find: which of the brackets behind a key of that name opens our array?

    def _find(self) -> None:
        key = b'"%b"' % self._array.path[-1].encode()
        while (start := self._text.find(key, self._searched)) >= 0:
            bracket, is_whole = _bracket_behind(self._text, start + len(key))
            if not is_whole:
                self._searched = start
                return
            if bracket is not None and self._opens_our_array(bracket):
                self._phase = _Phase.LEARN
                return
            self._searched = start + len(key)
            self._decoys += 1
            if self._decoys == _MAX_DECOYS:
                self._phase = _Phase.COLLECT
                return
        self._searched = max(self._searched, len(self._text) - len(key) + 1)

    def _opens_our_array(self, bracket: int) -> bool:
        if bracket > _MAX_HEAD or self._wasted > _WASTE + self._seen // 4:
            return False
        behind = self._text[bracket:]
        self._text[bracket:] = _TOKEN + b"}" * (1 + len(self._array.path))
        is_ours = self._array_in(self._text) == _TOKEN
        self._text[bracket:] = behind
        if is_ours:
            self._bracket = bracket
        else:
            self._wasted += bracket
        return is_ours

    def _array_in(self, text: bytearray | bytes) -> bytes:
        """Return the text at our path; nothing if the whole text is not valid."""
        try:
            found = parse(text, _probe_decoder(self._array.path))
        except DECODE_ERRORS:
            return b""
        return _raw_at(found, ("data", *self._array.path))

    # Cut: what decodes from a known place up to a guessed separator is elements.

    def _learn(self) -> None:
        first_key = learn_first_key(self._text, self._bracket)
        if first_key is not None:
            self._first_key = first_key
            self._kinds.add(first_key.kind)
            self._searched = first_key.end
            self._phase = _Phase.CUT
        elif is_hopeless(self._text, self._bracket):
            self._phase = _Phase.COLLECT

    def _cut(self) -> list[E]:
        first_key = self._first_key
        likely: list[Separator] = []
        unlikely: list[Separator] = []
        for separator in first_key.separators(self._text, self._searched):
            (likely if separator.kind in self._kinds else unlikely).append(separator)
            if len(likely) == _MAX_GUESSES:
                break
        for separator in likely + unlikely[:1]:
            elements = self._decode_up_to(separator.brace)
            if elements is not None:
                del self._text[self._bracket + 1 : separator.start]
                self._searched = self._bracket + 1 + len(first_key.text)
                self._kinds.add(separator.kind)
                self._misses = 0
                return elements
        self._searched = max(self._searched, len(self._text) - len(first_key.text) + 1)
        self._misses += len(likely) + len(unlikely)
        if self._misses > _MAX_MISSES:
            self._phase = _Phase.COLLECT
        return []

    def _decode_up_to(self, brace: int) -> list[E] | None:
        """Decode the elements up to a closing brace; None when it does not close an element."""
        end = brace + 2
        size = end - self._bracket
        if self._wasted + size > _WASTE + self._seen // 2:
            return None
        byte_behind = self._text[brace + 1]
        self._text[brace + 1] = ord("]")
        try:
            with memoryview(self._text) as text, text[self._bracket : end] as batch:
                return self._decode_batch(batch)
        finally:
            self._text[brace + 1] = byte_behind

    def _decode_batch(self, batch: memoryview) -> list[E] | None:
        try:
            elements: list[E] = parse(batch, self._elements)
        except DECODE_ERRORS as error:
            values = _values_in(batch) if isinstance(error, msgspec.ValidationError) else None
        else:
            self._count += len(elements)
            return elements
        if values is not None:
            return self._convert(values)
        self._wasted += len(batch)
        return None

    @property
    def _json_path(self) -> str:
        return ".".join(("$.data", *self._array.path))


def _bracket_behind(text: bytearray, start: int) -> tuple[int | None, bool]:
    """Return where the bracket after a key's colon is, and whether the text is long enough."""
    found = _COLON_AND_BRACKET.match(text, start)
    if found is None or (found[1] is None and found.end() < len(text)):
        return None, True
    return (None, False) if found[1] is None else (found.end() - 1, True)


def _raw_at(data: Any, path: tuple[str, ...]) -> bytes:
    for name in path:
        data = getattr(data, name, b"")
    return bytes(data)


def _values_in(text: memoryview) -> list[Any] | None:
    """Return the values in a text that do not fit, or None if the text is not JSON."""
    try:
        values: list[Any] = parse(text, BUILT_INS)
    except DECODE_ERRORS:
        return None
    return values


@cache
def _probe_decoder(path: tuple[str, ...]) -> msgspec.json.Decoder[Any]:
    """Return a decoder that keeps only what is at `data` and then `path`."""
    kind: Any = msgspec.Raw
    for name in reversed(("data", *path)):
        kind = msgspec.defstruct("Probe", [(name, kind)])
    return msgspec.json.Decoder(kind)
