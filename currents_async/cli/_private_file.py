"""Files that only the user can read."""

import os
from pathlib import Path
from secrets import token_hex


def write_private(path: Path, content: bytes) -> None:
    """Write a file as a whole or not at all, and its folder if that is missing.

    It is never more readable than in the end, neither before nor while it replaces another.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    written = path.with_name(f".{path.name}.{token_hex(8)}")
    number = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(number, "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(number)
        written.replace(path)
    except OSError:
        written.unlink(missing_ok=True)
        raise
