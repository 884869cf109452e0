"""A file that appears complete, or not at all."""

import os
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO

from currents_async._downloads.abandoned import create_partial
from currents_async._threads import in_thread

_PERMISSIONS = 0o777
"""The permissions that are copied from a replaced file; not setuid, setgid and sticky."""


class PartialFile:
    """A file beside its goal, which it replaces when it is finished.

    The permissions of a replaced file are kept. Partial files of killed processes are removed.
    `OSError`s are raised as they are, because they are about the caller's disk.
    """

    def __init__(self, goal: Path) -> None:
        self._goal = goal
        self._path = goal
        self._file: BinaryIO | None = None

    async def write(self, chunks: Sequence[bytes]) -> None:
        """Append."""
        await in_thread(partial(self._write, chunks))

    async def start_anew(self) -> None:
        """Truncate what has been written."""
        if self._file is not None:
            await in_thread(partial(self._truncate, self._file))

    async def finish(self) -> None:
        """Write the file to the disk, and rename it to its goal, which may exist."""
        await in_thread(self._finish)

    async def discard(self) -> None:
        """Remove the file unless it is finished."""
        if self._file is not None:
            await in_thread(partial(self._discard, self._file))

    def _opened(self) -> BinaryIO:
        if self._file is None:
            self._goal.parent.mkdir(parents=True, exist_ok=True)
            self._path, self._file = create_partial(self._goal.parent)
            # Before the first byte: the new file must not be more readable than the old one.
            with suppress(FileNotFoundError):
                self._path.chmod(self._goal.stat().st_mode & _PERMISSIONS)
        return self._file

    def _write(self, chunks: Sequence[bytes]) -> None:
        self._opened().writelines(chunks)

    def _truncate(self, file: BinaryIO) -> None:
        file.seek(0)
        file.truncate()

    def _finish(self) -> None:
        file = self._opened()  # an empty asset has never been written to
        file.flush()
        os.fsync(file.fileno())
        if os.name == "nt":
            file.close()  # what is open cannot be renamed there
        # While it is locked, or another process might remove it as abandoned.
        self._path.replace(self._goal)
        file.close()
        self._file = None
        _sync_directory(self._goal.parent)

    def _discard(self, file: BinaryIO) -> None:
        self._file = None
        # Errors do not matter any more, and a full disk would raise one again.
        with suppress(OSError):
            file.close()
        with suppress(OSError):
            self._path.unlink()


def _sync_directory(directory: Path) -> None:
    """Write the new name to the disk, if the system can: Windows and some drives cannot."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    with suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
