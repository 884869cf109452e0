"""Arrays inside an envelope, decoded while they arrive, one after the other.

msgspec has no incremental parser, and needs none. Three observations make a whole-text parser
exact on a text that is still coming:

- **Find.** Text up to an opening bracket, then a token of ours, then the closing braces: where
  that decodes, and the token is found at the path of an array, the bracket opens that array. All
  that was opened before is closed by then.
- **Cut.** A complete JSON object is never the beginning of another one. So elements that decode
  from a known place up to a separator are the elements, however the separator was guessed; a
  wrong guess does not decode, and costs only time.
- **End.** With the elements so far taken out, what is left is a complete document of the same
  shape. Decoding it validates the tail and gives the last elements and everything else.

An object by ID is read in the same way: its values are the elements.

Time is bounded by construction. Probes, guesses and the bytes they may waste are capped, no byte
is searched twice, and past the caps the text is collected and decoded as a whole.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import UNSET

from currents_async._wire.array import (
    ArrayField,
    Path,
    by_name,
    fields_with,
    typed_with,
    value_at,
)
from currents_async._wire.array_state import TOKEN, ArrayState
from currents_async._wire.envelope import DECODE_ERRORS, envelope_decoder, parse, read, unwrap
from currents_async._wire.notes import Notes
from currents_async._wire.separators import SPACE, is_hopeless, learn_beginning

_WASTE = 64 * 1024
"""Bytes that guesses may decode in vain besides half of what has been seen, probes a quarter."""
_MAX_HEAD = 256 * 1024
"""Bytes before an array, which are parsed twice."""
_MAX_DECOYS = 32
"""Probes in a row that found no array."""
_MAX_NAMES = 64
"""Names of arrays in a row behind which none began."""
_MAX_MISSES = 128
"""Separators in a row that separated no elements."""
_LONG = 16 * 1024
"""Bytes behind the last separator in which the next array is looked for at once."""

_COLON_AND_OPENER = re.compile(rb"%b(?::%b([\[{])?)?" % (SPACE, SPACE))


class Scanner:
    """A push decoder that takes the elements of arrays out of a text as they become complete.

    `returns` is the type of the envelope's `data`.
    """

    def __init__(self, returns: Any, fields: Sequence[ArrayField]) -> None:
        self._returns = returns
        self.notes = Notes()
        """What was mended so that the text could be read."""
        self.arrays = [ArrayState(returns, field, self.notes) for field in fields]
        self._unopened = len(self.arrays)
        self._arrays_by_key = {array.key: array for array in self.arrays}
        self._keys = _pattern_of(tuple(self._arrays_by_key))
        self._longest_key = max(map(len, self._arrays_by_key))
        self._text = bytearray()
        """All text but the elements that have been taken out."""
        self._current: ArrayState | None = None
        self._is_collecting = False
        """Whether all that is left is decoded at the end."""
        self._searched = 0
        """Up to where names of arrays have been looked for."""
        self._seen = 0
        self._wasted = 0
        """Bytes of guesses that were none."""
        self._probed = 0
        """Bytes of probes that found no array."""
        self._decoys = 0
        self._names = 0
        self.data: Any = None
        """The `data` without its elements, of a type in between, once all is finished."""

    @property
    def held(self) -> int:
        """Bytes of the text that are kept."""
        return len(self._text)

    def feed(self, text: bytes | bytearray) -> None:
        """Take the next slice of the text, and the elements out of it that it completes.

        Raises `UnexpectedBodyError` when an element is not of its type.
        """
        self._text += text
        self._seen += len(text)
        while not self._is_collecting:
            current = self._current
            if current is not None and self._cut(current) and not self._is_long(current):
                return
            if self._current is current and not self._find():
                return

    def _is_long(self, array: ArrayState) -> bool:
        """Return whether so much is left that another array may have begun in it."""
        return len(self._text) - array.comma > _LONG

    # Find: which of the brackets behind a key of that name opens an array of ours?

    def _find(self) -> bool:
        """Open the array that begins next, if one has begun; return whether one has."""
        current = self._current
        if not self._unopened or not (current is None or current.may_have_ended(self._text)):
            return False
        while self._decoys < _MAX_DECOYS and self._names < _MAX_NAMES:
            start, end = self._next_key()
            if start < 0:
                self._searched = max(self._searched, len(self._text) - self._longest_key + 1)
                return False
            self._searched = start
            array = self._arrays_by_key[bytes(self._text[start:end])]
            has_begun = False if array.is_open else self._look_at(array, end)
            if has_begun is not False:
                return bool(has_begun)
            self._searched += 1
            self._names += 1
        return False

    def _next_key(self) -> tuple[int, int]:
        """Return where the next key of an array begins and ends; what begins before 0 is none."""
        if len(self.arrays) == 1:
            # Ten times as fast as the pattern, where there are many other keys.
            key = self.arrays[0].key
            start = self._text.find(key, self._searched)
            return start, start + len(key)
        found = self._keys.search(self._text, self._searched)
        return (-1, -1) if found is None else found.span()

    def _look_at(self, array: ArrayState, end_of_key: int) -> bool | None:
        """Open an array if it begins behind this key; None if too little of it has come."""
        found = _COLON_AND_OPENER.match(self._text, end_of_key)
        if found is None or found[1] != array.mark[:1]:
            is_cut_off = found is not None and found[1] is None and found.end() == len(self._text)
            return None if is_cut_off else False
        start = found.end() - 1
        beginning = learn_beginning(self._text, start, keyed=array.field.keyed)
        if beginning is None:
            return False if is_hopeless(self._text, start) else None
        rest = self._probe(array, start)
        if rest is None:
            self._decoys += 1
            return False
        if self._current is not None:
            if not rest.startswith(self._current.mark):
                self._is_collecting = True  # another one at its path has replaced it
                return True
            shorter = self._close(self._current, rest)
            start -= shorter
            beginning = beginning._replace(end=beginning.end - shorter)
        self._text[start : start + 1] = array.mark + b","
        array.open(start, beginning)
        self._current = array
        self._unopened -= 1
        self._searched = array.comma
        self._decoys = self._names = 0
        return True

    def _probe(self, array: ArrayState, start: int) -> bytes | None:
        """Return the text of the array that was read before, if a bracket opens this one."""
        if start > _MAX_HEAD or self._probed > _WASTE + self._seen // 4:
            return None
        before = array if self._current is None else self._current
        behind = self._text[start:]
        self._text[start:] = TOKEN + b"}" * len(array.path)
        try:
            found = parse(self._text, _probe_decoder((array.path, before.path)))
        except DECODE_ERRORS:
            found = None
        here, rest = (bytes(value_at(found, one.path, b"") or b"") for one in (array, before))
        found = None  # it exports the text, which could not grow
        self._text[start:] = behind
        if here == TOKEN:
            return rest
        self._probed += start
        return None

    def _close(self, array: ArrayState, raw: bytes) -> int:
        """Take the last elements out of an array; return how much shorter the text is then."""
        rest = raw[len(array.mark) + 1 :]
        if rest:
            array.take(array.mark[:1] + rest)
            del self._text[array.comma : array.comma + len(rest)]
        return len(rest)

    # Cut: what decodes from a known place up to a guessed separator is elements.

    def _cut(self, array: ArrayState) -> bool:
        """Take elements out of the array that has begun; return whether there were any."""
        for number, separator in enumerate(array.guesses(self._text)):
            if number == 1 and self._find():
                return False  # it had ended
            if self._take_up_to(array, separator.end):
                cut = array.comma + 1
                del self._text[cut : separator.start]
                self._searched = max(cut, self._searched - separator.start + cut)
                array.cut(separator)
                self._decoys = self._names = 0
                return True
        self._is_collecting |= array.misses > _MAX_MISSES
        return False

    def _take_up_to(self, array: ArrayState, end: int) -> bool:
        """Decode the elements up to a closing brace; return False if it does not close one."""
        size = end + 2 - array.comma
        if self._wasted + size > _WASTE + self._seen // 2:
            return False
        replaced = self._text[array.comma], self._text[end + 1]
        self._text[array.comma], self._text[end + 1] = array.mark[0], array.closer[0]
        try:
            with memoryview(self._text) as text, text[array.comma : end + 2] as batch:
                is_taken = array.take(batch)
        finally:
            self._text[array.comma], self._text[end + 1] = replaced
        self._wasted += 0 if is_taken else size
        return is_taken

    # End: what is left of the text is a complete document, with the last elements in its arrays.

    def finish(self) -> None:
        """Take the last elements, the text being complete.

        Raises `UnexpectedBodyError` and `RefusedBodyError` as decoding the whole text would, and
        `UnexpectedBodyError` when an array comes twice of which some has been handed out.
        """
        rests = self._decode_rests() or self._mend_rests()
        for array, rest in zip(self.arrays, rests, strict=True):
            array.close(rest)

    def fields(self) -> dict[str, Any]:
        """Return the fields of the `data` with all elements, once all is finished."""
        return fields_with(self.data, {array.field.path: array.value for array in self.arrays})

    def _decode_rests(self) -> list[Any] | None:
        """Return what is left in each array; None if something does not fit, perhaps a null."""
        kinds = {array.field.path: array.type_with_token for array in self.arrays}
        try:
            self.data = unwrap(parse(self._text, self._envelopes(kinds)))
        except DECODE_ERRORS:
            return None
        rests = [array.rest(self._found(array)) for array in self.arrays]
        return None if None in rests else rests

    def _mend_rests(self) -> list[Any]:
        """Read all that is left once more, which tells what does not fit, and where."""
        kinds = {array.field.path: array.own_type for array in self.arrays}
        elements = [array.to_be_mended() for array in self.arrays]
        envelope, _ = read(self._text, self._envelopes(kinds), self.notes, elements)
        self.data = unwrap(envelope)
        return [self._found(array) for array in self.arrays]

    def _found(self, array: ArrayState) -> Any:
        return value_at(self.data, array.field.path, UNSET)

    def _envelopes(self, kinds: dict[Path, Any]) -> msgspec.json.Decoder[Any]:
        return envelope_decoder(typed_with(self._returns, kinds))


@lru_cache
def _pattern_of(keys: tuple[bytes, ...]) -> re.Pattern[bytes]:
    """Return a pattern of any key, which quickly passes over others."""
    first = b"".join({key[1:2] for key in keys})
    return re.compile(b'"(?=[%b])(?:%b)' % (first, b"|".join(key[1:] for key in keys)))


@lru_cache
def _probe_decoder(paths: tuple[Path, ...]) -> msgspec.json.Decoder[Any]:
    """Return a decoder that keeps only the texts at some paths."""
    return msgspec.json.Decoder(_probe_of(dict.fromkeys(paths, msgspec.Raw)))


def _probe_of(kinds: dict[Path, Any]) -> Any:
    groups = by_name(kinds).items()
    fields = [(name, inner.get(()) or _probe_of(inner), None) for name, inner in groups]
    return msgspec.defstruct("Probe", fields)
