"""What rows are written to: a window is staged in batches, and becomes visible as a whole."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Protocol

from currents_async.export._windows import Window


class Sink(Protocol):
    """What an export writes to; used by one thread at a time."""

    def write(self, window: Window, table: str, batch: Any) -> None:
        """Stage the rows of a `pyarrow.RecordBatch`, invisible to readers."""
        ...

    def commit(self, window: Window, *, unchanged: Collection[str] = ()) -> None:
        """Make all staged rows of a window visible, durably, replacing its old rows.

        Tables that are `unchanged` keep their rows.
        """
        ...

    def close(self) -> None:
        """Drop what is staged but not committed, and release everything."""
        ...


class ReadableSink(Sink, Protocol):
    """A sink that can also be read."""

    def read(
        self, window: Window, table: str, columns: Sequence[str] | None = None
    ) -> Iterator[Any]:
        """Iterate over the rows of a window in a table, or some of their columns, in batches."""
        ...
