"""Partial files: locked while they are written to, and removed once they are abandoned."""

import os
import re
import secrets
import sys
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

_NAME = re.compile(r"\.currents-[0-9a-f]{16}\.part", re.ASCII)


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
