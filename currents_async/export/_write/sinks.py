"""Where rows go: a window is staged batch by batch, and becomes visible as a whole."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Protocol

from currents_async.export._windows import Window


class Sink(Protocol):
    """What an export writes to. Used by one thread at a time."""

    def write(self, window: Window, table: str, batch: Any) -> None:
        """Stage the rows of a `pyarrow.RecordBatch`, out of readers' sight."""
        ...

    def commit(self, window: Window, *, unchanged: Collection[str] = ()) -> None:
        """Make all that is staged of a window visible, for good, in place of what it had before.

        Tables that are `unchanged` keep what they have of it.
        """
        ...

    def close(self) -> None:
        """Forget what is staged and not committed, and let go of everything."""
        ...


class ReadableSink(Sink, Protocol):
    """A sink that can be read, too."""

    def read(
        self, window: Window, table: str, columns: Sequence[str] | None = None
    ) -> Iterator[Any]:
        """Go over the rows that a table has of a window, or some columns of them, in batches."""
        ...
