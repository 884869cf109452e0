"""A file that appears complete, or not at all.

It is locked while it is written to, and removed once it is abandoned.
"""

import os
import re
import secrets
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO

from currents_async._threads import in_thread

_NAME = re.compile(r"\.currents-[0-9a-f]{16}\.part", re.ASCII)
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
        await in_thread(lambda: self._opened().writelines(chunks))

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
        with suppress(OSError):  # some drives cannot
            sync_directory(self._goal.parent)

    def _discard(self, file: BinaryIO) -> None:
        self._file = None
        # Errors do not matter any more, and a full disk would raise one again.
        with suppress(OSError):
            file.close()
        with suppress(OSError):
            self._path.unlink()


def sync_directory(directory: Path) -> None:
    """Make new names in a directory durable, where the system supports it: Windows does not."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def create_partial(directory: Path) -> tuple[Path, BinaryIO]:
    """Create a partial file in a directory, and remove those of killed processes."""
    _remove_abandoned(directory)
    while True:
        path = directory / f".currents-{secrets.token_hex(8)}.part"
        file = path.open("xb")
        # Another process may have removed it as abandoned before it was locked.
        if not _is_locked_by_another(file) and os.fstat(file.fileno()).st_nlink:
            return path, file
        file.close()


if sys.platform == "win32":

    def _is_locked_by_another(_: BinaryIO) -> bool:
        return False

    def _remove_abandoned(_: Path) -> None:
        """Leave them: files are not locked on Windows, where a locked file cannot be renamed."""

else:
    import fcntl

    def _is_locked_by_another(file: BinaryIO) -> bool:
        """Lock a file until it is closed, if possible; return whether another process holds it."""
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:  # a network file system without locks, for other processes too
            return False
        return False

    def _remove_abandoned(directory: Path) -> None:
        with os.scandir(directory) as entries:
            found = [
                Path(entry.path)
                for entry in entries
                if _NAME.fullmatch(entry.name) and entry.is_file(follow_symlinks=False)
            ]
        for path in found:
            # An OSError may mean that another process is writing to it.
            with suppress(OSError), path.open("r+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
