"""A file that is there as a whole or not at all."""

import os
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO

from currents_async._downloads.abandoned import create_partial
from currents_async._threads import in_thread

_PERMISSIONS = 0o777
"""Of a file that is replaced; not those to run as somebody else."""


class PartialFile:
    """What has arrived, in a file of its own beside the goal, whose name it takes in the end.

    A file that is replaced keeps its permissions. What killed processes have left behind is
    removed.

    An async context manager: left without `finish`, nothing of it remains. Raises `OSError`s as
    they are: they are about the caller's disk.
    """

    def __init__(self, goal: Path) -> None:
        self._goal = goal
        self._path = goal
        self._file: BinaryIO | None = None

    async def write(self, pieces: Sequence[bytes]) -> None:
        """Append."""
        await in_thread(partial(self._write, pieces))

    async def start_anew(self) -> None:
        """Forget what has been written."""
        if self._file is not None:
            await in_thread(partial(self._truncate, self._file))

    async def finish(self) -> None:
        """Make sure that it is on the disk, and give it its name: that of a file already there."""
        await in_thread(self._finish)

    async def discard(self) -> None:
        """Remove what has not been finished."""
        if self._file is not None:
            await in_thread(partial(self._discard, self._file))

    def _opened(self) -> BinaryIO:
        if self._file is None:
            self._goal.parent.mkdir(parents=True, exist_ok=True)
            self._path, self._file = create_partial(self._goal.parent)
            # From the first byte on: who may not read the old file may not read the new one.
            with suppress(FileNotFoundError):
                self._path.chmod(self._goal.stat().st_mode & _PERMISSIONS)
        return self._file

    def _write(self, pieces: Sequence[bytes]) -> None:
        self._opened().writelines(pieces)

    def _truncate(self, file: BinaryIO) -> None:
        file.seek(0)
        file.truncate()

    def _finish(self) -> None:
        file = self._opened()  # an empty asset has never been written to
        file.flush()
        os.fsync(file.fileno())
        if os.name == "nt":
            file.close()  # what is open cannot be renamed there
        # While it is locked: nobody must take it for abandoned.
        self._path.replace(self._goal)
        file.close()
        self._file = None
        _sync_directory(self._goal.parent)

    def _discard(self, file: BinaryIO) -> None:
        self._file = None
        # It is of no use any more; a full disk would have its say here once again.
        with suppress(OSError):
            file.close()
        with suppress(OSError):
            self._path.unlink()


def _sync_directory(directory: Path) -> None:
    """Make the new name last, where the system can: Windows and some network drives cannot."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    with suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
