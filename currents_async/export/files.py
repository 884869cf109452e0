"""Tables as files: one for each table and window, in directories by project and day."""

from collections.abc import Iterable
from typing import Any

from currents_async.export.formats import Format
from currents_async.export.staging import Staging
from currents_async.export.stores import Store
from currents_async.export.windows import Window

_IN_THE_PATH = ["project_id", "day"]


class FileSink:
    """Files that readers find by their directories, as in `tests/project_id=p/day=2026-01-05/`.

    The two columns that the directories stand for are not in the files. A file takes the place of
    the one before in one step; the files of a window, one after the other.
    """

    def __init__(self, store: Store, form: Format, tables: Iterable[str]) -> None:
        """Keep `tables` in a store."""
        self._store = store
        self._tables = tuple(tables)
        self._staging = Staging(store, form)

    def write(self, window: Window, table: str, batch: Any) -> None:
        """Stage rows."""
        self._staging.write(window, table, batch.drop_columns(_IN_THE_PATH))

    def commit(self, window: Window) -> None:
        """Publish a window's files, and remove those that it has no rows for any more."""
        # All are closed before the first is published: what fails, mostly fails there.
        finished = {table: self._staging.finish(window, table) for table in self._tables}
        for table, path in finished.items():
            name = self._staging.name(window, table)
            if path is None:
                self._store.remove(name)
            else:
                self._store.publish(path, name)

    def close(self) -> None:
        """Remove what is staged."""
        self._staging.close()
