"""What an export writes to, whatever its format."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from currents_async.export._windows import Window


class Compacted(msgspec.Struct, frozen=True, kw_only=True):
    """What a compaction has done."""

    files_before: int = 0
    """Files that were joined."""
    files_after: int = 0
    """Files that they became."""


class Sink(Protocol):
    """What an export writes to. Rows can be staged in one thread while another commits windows."""

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

    def commit_all(self, windows: Mapping[Window, Collection[str]]) -> None:
        """Commit several windows, each with its unchanged tables, at once where that is faster."""
        ...

    def read(
        self, window: Window, table: str, columns: Sequence[str] | None = None
    ) -> Iterator[Any]:
        """Iterate over the rows of a window in a table, or some of their columns, in batches."""
        ...


class LakeSink(ReadableSink, Protocol):
    """A sink that can be kept in good order."""

    def count(self, table: str, windows: Iterable[Window]) -> Counter[Window]:
        """Read all of a table, and count the rows of each window, also of those not given."""
        ...

    def compact(self, windows: Collection[Window]) -> Compacted:
        """Join the files of the months of some windows; raise `ExportError` if there are none."""
        ...

    def delete(self, windows: Collection[Window], *, kept: Collection[Window]) -> None:
        """Delete the rows of windows, durably, of those in the target."""
        ...
