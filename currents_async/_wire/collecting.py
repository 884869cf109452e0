"""A response with large arrays, decoded slice by slice and returned as one value."""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any, Generic, TypeVar

from currents_async._wire.array import ArrayField, own_type
from currents_async._wire.envelope import decode, envelope_decoder, unwrap
from currents_async._wire.inflate import SLICE
from currents_async._wire.notes import Notes
from currents_async._wire.scanner import Scanner
from currents_async.models.instances import Instance, complete_in_steps

T = TypeVar("T")


class CollectingDecoder(Generic[T]):
    """A push decoder that decodes elements as they come, and returns `data` with all of them.

    A text of at most `least` bytes, as most are, is decoded once at its end. A longer one is
    decoded slice by slice, so many bytes behind.
    """

    def __init__(self, returns: type[T], arrays: Sequence[ArrayField], *, least: int) -> None:
        self._returns: Any = returns
        self._arrays = arrays
        self._least = least
        self._slices = deque[bytes]()
        """Those that have not been decoded."""
        self._scanner: Scanner | None = None
        self._notes = Notes()
        self._data: list[T] = []
        self.held = 0
        """Bytes of the text so far, that of decoded elements included."""

    @property
    def notes(self) -> Notes:
        return self._notes if self._scanner is None else self._scanner.notes

    def feed(self, text: bytes) -> list[Any]:
        self.held += len(text)
        self._slices.append(text)
        if self.held > self._least:
            if self._scanner is None:
                self._scanner = Scanner(self._returns, self._arrays)
            self._decode_slice(self._scanner)
        return []

    def _decode_slice(self, scanner: Scanner) -> None:
        text = self._slices.popleft()
        while self._slices and len(text) + len(self._slices[0]) <= SLICE:
            text += self._slices.popleft()
        scanner.feed(text)

    def finish(self) -> Iterator[None]:
        scanner = self._scanner
        if scanner is None:
            return
        while self._slices:
            yield
            self._decode_slice(scanner)
        yield
        scanner.finish()
        yield
        fields = scanner.fields()
        yield
        own: Any = own_type(scanner.data)
        if issubclass(own, Instance):
            yield from complete_in_steps(fields)
        data: Any = own(**fields)
        self._data.append(data)
        fields.clear()
        for array in scanner.arrays:
            yield
            array.pop()  # to free thousands of elements that were joined with others takes time too

    def flush(self) -> tuple[list[Any], T]:
        if self._scanner is None:
            text = b"".join(self._slices)
            return [], unwrap(decode(text, envelope_decoder(self._returns), self._notes))
        if not self._data:
            for _ in self.finish():
                pass
        return [], self._data[0]
