"""The elements of one array, handed out while the response arrives."""

from collections.abc import Iterable
from typing import Generic, TypeVar

from msgspec.structs import replace

from currents_async._wire.array import ArrayField
from currents_async._wire.notes import Notes
from currents_async._wire.scanner import Scanner

E = TypeVar("E")
T = TypeVar("T")


class ElementDecoder(Generic[E, T]):
    """A push decoder that gives the elements of an array as they become complete.

    `returns` is the type of the envelope's `data`.
    """

    def __init__(self, returns: type[T], array: ArrayField, element: type[E]) -> None:
        self._field = array
        self._scanner = Scanner(returns, [replace(array, element=element)])
        [self._array] = self._scanner.arrays

    @property
    def held(self) -> int:
        """Bytes of the text that are kept."""
        return self._scanner.held

    @property
    def notes(self) -> Notes:
        """What was mended so that the text could be read."""
        return self._scanner.notes

    def feed(self, text: bytes | bytearray) -> list[E]:
        """Take the next slice of the text, and return the elements that it completes.

        Raises `UnexpectedBodyError` when an element is not of its type.
        """
        self._scanner.feed(text)
        elements: list[E] = self._array.pop()
        return elements

    def finish(self) -> Iterable[None]:
        """Do nothing: what is left is little."""
        return ()

    def flush(self) -> tuple[list[E], T]:
        """Return the last elements and the `data` without any, the text being complete.

        Raises `UnexpectedBodyError` and `RefusedBodyError` as decoding the whole text would, and
        `UnexpectedBodyError` when the array comes twice: some of the first has been handed out.
        """
        self._scanner.finish()
        return self._array.pop(), self._field.put(self._scanner.data, [])
