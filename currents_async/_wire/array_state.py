"""What has become of one array of an envelope, or of one object by ID, while it arrives."""

import os
import re
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from currents_async._wire.array import ArrayField, decoder_of, on_the_wire
from currents_async._wire.body_errors import UnexpectedBodyError
from currents_async._wire.built_ins import is_object
from currents_async._wire.envelope import BUILT_INS, DECODE_ERRORS, parse
from currents_async._wire.items import Elements, convert_elements, convert_members
from currents_async._wire.notes import Notes
from currents_async._wire.separators import SPACE, Beginning, Separator

# Random, so that no text can hold it beforehand.
_NAME = os.urandom(16).hex()
TOKEN = b'"%b"' % _NAME.encode()
"""It stands for elements that have been cut out of a text."""

_MAX_GUESSES = 2
_END = re.compile(rb"\}%b\]" % SPACE)
_END_BY_ID = re.compile(rb"[}\]]%b\}" % SPACE)


class ArrayState:
    """An array: where it is in the text, and the elements that have been cut out of it.

    Once it is open, a token of ours is its first element, or its first ID: what is left of it is
    complete JSON, and is told from another array at the same path.
    """

    def __init__(self, returns: Any, field: ArrayField, notes: Notes) -> None:
        self.field = field
        self.path = ("data", *on_the_wire(returns, field.path))
        """The names on the wire that lead to it."""
        self.key = b'"%b"' % self.path[-1].encode()
        self.mark, self.closer = (b"{%b:0" % TOKEN, b"}") if field.keyed else (b"[%b" % TOKEN, b"]")
        """With what it begins once it is open, and with what it ends."""
        self.start = 0
        """Where that is in the text."""
        self.misses = 0
        """Separators in a row that separated no elements."""
        self._searched = 0
        """Up to where separators have been looked for."""
        self._beginning: Beginning | None = None
        self._kinds: set[bytes | None] = set()
        """The second keys that elements were seen to have."""
        self._elements: Any = self._none()
        self._count = 0
        """Elements of the text that have been decoded, or left out."""
        self._has_handed_out = self._has_left_out = self._is_ours = self._is_there = False
        self._unended = 0
        """Up to where nothing that closes it has been seen."""
        self._decoder = decoder_of(field.collection)
        self._notes = notes

    def _none(self) -> Any:
        return {} if self.field.keyed else []

    @property
    def json_path(self) -> str:
        """Its path as errors tell it."""
        return ".".join(("$", *self.path))

    @property
    def is_open(self) -> bool:
        """Whether it has been found in the text."""
        return self._beginning is not None

    @property
    def comma(self) -> int:
        """Where the comma is behind which the elements begin that are still in the text."""
        return self.start + len(self.mark)

    # Cutting: elements are taken while they arrive.

    def open(self, start: int, beginning: Beginning) -> None:
        """Note that it begins here in the text, in which its mark is about to be put."""
        self.start = start
        self._beginning = beginning
        self._kinds.add(beginning.kind)
        self._searched = beginning.end + len(self.mark)
        self._unended = self.comma

    def may_have_ended(self, text: bytearray) -> bool:
        """Return whether what closes it has come behind the elements that have been cut out."""
        found = (_END_BY_ID if self.field.keyed else _END).search(text, self._unended)
        self._unended = len(text) - 1 if found is None else found.start()
        return found is not None

    def guesses(self, text: bytearray) -> list[Separator]:
        """Guess where elements may end in what has come, the most likely place first."""
        likely: list[Separator] = []
        unlikely: list[Separator] = []
        if self._beginning is not None:
            for separator in self._beginning.separators(text, self._searched):
                (likely if separator.kind in self._kinds else unlikely).append(separator)
                if len(likely) == _MAX_GUESSES:
                    break
            self._searched = max(self._searched, len(text) - len(self._beginning.text) + 1)
        self.misses += len(likely) + len(unlikely)
        return likely + unlikely[:1]

    def cut(self, separator: Separator) -> None:
        """Note that what comes before a separator is about to be cut out of the text."""
        self._searched = self.comma + 1 + len(self._beginning.text if self._beginning else b"")
        self._kinds.add(separator.kind)
        self.misses = 0
        self._unended = self.comma

    def take(self, batch: bytes | memoryview) -> bool:
        """Decode several elements; return False if the text is not what it was taken for.

        Raises `UnexpectedBodyError` when an element is not of its type.
        """
        try:
            elements = parse(batch, self._decoder)
        except DECODE_ERRORS as error:
            values = _values_in(batch) if isinstance(error, msgspec.ValidationError) else None
        else:
            self._count += len(elements)
            self._add(elements)
            return True
        if values is not None:
            self._add(self._convert(values))
        return values is not None

    def pop(self) -> Any:
        """Hand out the elements that have been taken."""
        elements, self._elements = self._elements, self._none()
        self._has_handed_out |= bool(elements)
        return elements

    # The end: what is left of the text is a complete document.

    @property
    def own_type(self) -> Any:
        """The type of its field, with elements of their type."""
        element: Any = self.field.element
        return dict[str, element] | None | UnsetType if self.field.keyed else tuple[element, ...]

    @property
    def type_with_token(self) -> Any:
        """The type of its field with the token in it."""
        element: Any = self.field.element
        if self.field.keyed:
            return dict[str, element | int] | None | UnsetType
        return tuple[element | str, ...]

    def rest(self, found: Any) -> Any:
        """Return the elements that are left at its path; None if something has to be mended."""
        if found is UNSET:
            self._is_ours = False
            return UNSET
        self._is_ours, rest = _without_token(found or self._none())
        values = rest.values() if self.field.keyed else rest
        token = int if self.field.keyed else str
        return None if any(type(value) is token for value in values) else rest

    def to_be_mended(self) -> Elements:
        """Return how what is left is read once the whole document has to be mended."""
        self._is_ours = False
        return Elements(self.path, self._mend_rest, dict if self.field.keyed else list)

    def _mend_rest(self, values: Any) -> Any:
        self._is_ours, values = _without_token(values)
        if not self._is_ours:
            self._count = 0
        return self._convert(values)

    def close(self, rest: Any) -> None:
        """Add the last elements.

        Raises `UnexpectedBodyError` if they are those of another array at the same path, and some
        of the first have been handed out.
        """
        if not self._is_ours:
            if self._has_handed_out:
                raise UnexpectedBodyError("the array comes twice", self.json_path)
            self._elements = self._none()
        self._is_there = rest is not UNSET
        if self._is_there:
            self._add(rest or ())

    @property
    def value(self) -> Any:
        """All elements, as the field of a model has them, once it is closed."""
        if not self.field.keyed:
            return tuple(self._elements)
        if not self._is_there:
            return UNSET
        if not self._has_left_out:
            return self._elements
        return {name: one for name, one in self._elements.items() if one is not UNSET}

    def _add(self, elements: Any) -> None:
        if self.field.keyed:
            self._elements.update(elements)
        else:
            self._elements += elements

    def _convert(self, values: Any) -> Any:
        """Return elements, mended, and count them."""
        path, start = self.json_path, self._count
        self._count += len(values)
        if not self.field.keyed:
            return convert_elements(values, self.field.element, self._notes, path=path, start=start)
        members = convert_members(values, self.field.element, self._notes, path=path)
        # One that is left out replaces an earlier one of the same ID.
        self._has_left_out |= len(members) < len(values)
        self._add({name: members.get(name, UNSET) for name in values})
        return members


def _without_token(values: Any) -> tuple[bool, Any]:
    """Return whether the token is the first of several elements, and the others."""
    if is_object(values):
        members = {name: value for name, value in values.items() if name != _NAME}
        return len(members) < len(values), members
    is_ours = _NAME in values[:1]
    return is_ours, values[1:] if is_ours else values


def _values_in(text: bytes | memoryview) -> Any:
    """Return the values in a text that do not fit, or None if the text is not JSON."""
    try:
        return parse(text, BUILT_INS)
    except DECODE_ERRORS:
        return None
