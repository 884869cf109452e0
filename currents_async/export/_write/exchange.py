"""Exchanging two directories in one step, where the operating system can."""

import ctypes
import errno
import os
import sys
from pathlib import Path

_AT_FDCWD = -100
_EXCHANGE = 2


def exchange(one: Path, other: Path) -> bool:
    """Give two directories each other's name at once; return whether that is possible here.

    Source: https://man7.org/linux/man-pages/man2/rename.2.html.
    """
    if sys.platform != "linux":
        return False
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    if not rename(_AT_FDCWD, bytes(one), _AT_FDCWD, bytes(other), _EXCHANGE):
        return True
    code = ctypes.get_errno()
    if code in {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP}:
        return False  # not on this file system
    raise OSError(code, os.strerror(code), str(other))
