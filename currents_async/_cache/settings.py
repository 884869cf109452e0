"""The setting of a client that keeps responses."""

import os
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from currents_async._checks import check_int, check_path
from currents_async._threads import in_thread

if TYPE_CHECKING:
    from currents_async._cache.store import Store


class Cache(msgspec.Struct, frozen=True):
    """Where to keep what does not change any more: runs that have ended, and their instances.

    ```python
    async with Currents(cache=Cache("~/.cache/my-tool")) as currents: ...
    ```

    `path` is a folder, which is created for this user alone, and needs to be on a disk of this
    machine. `max_bytes` bounds the responses in it, as they were sent, compressed: the runs that
    have not been used for longest are dropped, with their instances. Several clients and processes
    may use one folder at once.

    Kept are the responses of `runs.get`, `runs.stream`, `instances.get` and of all methods that
    fetch runs and instances by ID, such as `runs.diff`, for 30 days at most. A run counts as ended
    five minutes after its end; an instance is kept once its run is known to have ended before the
    instance was requested. Writes, lists, `runs.find`, raw responses and polls always go to the
    server. Nothing is found with another key or base URL; of the key there is only a digest.

    What this client resets, deletes, cancels or attaches files to is dropped. What others do to a
    run that has ended goes unnoticed until `runs.get(run_id, fresh=True)`. Signed URLs of artifacts
    may have expired, as their `expires_at` say; `assets` then fetches their instance again.

    A cache that cannot be read or written is not used, with a warning of the logger
    `currents_async`, and no call fails for it. Raises `InvalidArgumentError` for a `path` that is
    none, and a `max_bytes` that is no positive integer.
    """

    path: str | os.PathLike[str]
    max_bytes: int = 1024**3

    def __post_init__(self) -> None:
        check_path("Cache.path", self.path)
        check_int("Cache.max_bytes", self.max_bytes)

    async def clear(self) -> None:
        """Drop everything; raises `OSError` if the folder cannot be written."""
        await in_thread(self._clear)

    def _clear(self) -> None:
        import sqlite3  # noqa: PLC0415 - as in `open`

        try:
            with closing(self.open()) as store:
                store.clear()
        except sqlite3.Error as error:
            reason = f"the cache in {self.path}: {error}"
        else:
            return
        raise OSError(reason)

    def open(self) -> "Store":
        """Open the database; raises `sqlite3.Error` and `OSError`."""
        # Here, since a client without a cache does without SQLite.
        from currents_async._cache.store import Store  # noqa: PLC0415

        return Store(Path(self.path).expanduser(), self.max_bytes)
