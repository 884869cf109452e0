"""Where rows go: a window is staged batch by batch, and becomes visible as a whole."""

from typing import Any, Protocol

from currents_async.export.windows import Window


class Sink(Protocol):
    """What an export writes to. Used by one thread at a time."""

    def write(self, window: Window, table: str, batch: Any) -> None:
        """Stage the rows of a `pyarrow.RecordBatch`, out of readers' sight."""
        ...

    def commit(self, window: Window) -> None:
        """Make all that is staged of a window visible, for good, in place of what it had before."""
        ...

    def close(self) -> None:
        """Forget what is staged and not committed, and let go of everything."""
        ...
