"""Where an export keeps its files: each file is there as a whole, or not at all."""

import secrets
import shutil
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Protocol

RECORDS = "_currents"
"""The directory of what is not data: readers of directories skip names that begin like this."""


class Store(Protocol):
    """Files by their names, which are relative paths with slashes.

    Raises `OSError` when the disk, or the service behind the store, refuses something.
    """

    lock: Path
    """The local file to lock while writing; the system releases the lock when its process dies."""
    staging: Path
    """A local directory that no reader looks into, for the process that holds the lock."""

    def prepare(self) -> None:
        """Make the directory of the lock."""
        ...

    def stage(self, name: str) -> Path:
        """Return the path of a new local file, to be published under the name."""
        ...

    def publish(self, staged: Path, name: str) -> None:
        """Give a staged file its name, durably, replacing the file that may have it."""
        ...

    def remove(self, name: str) -> None:
        """Remove a file durably, if it exists."""
        ...

    def read(self, name: str) -> bytes | None:
        """Return the content of a file, or None if it does not exist."""
        ...

    def has(self, name: str) -> bool:
        """Return whether a file exists."""
        ...

    def fetch(self, name: str) -> AbstractContextManager[Path | None]:
        """Provide a local path of a file inside `with`, or None if it does not exist."""
        ...

    def append(self, name: str, line: bytes) -> None:
        """Append to a file, durably."""
        ...

    def check(self, name: str) -> None:
        """Raise `ExportError` if a file has changed since this export read it or appended to it."""
        ...

    def tidy(self) -> None:
        """Remove everything staged, including what an export left that was killed."""
        ...


class Workplace:
    """A directory on this machine for the lock and the staged files."""

    def __init__(self, directory: Path) -> None:
        self.lock: Path = directory / "lock"
        self.staging: Path = directory / "staging"

    def stage(self, name: str) -> Path:
        """Return a path that no reader looks at."""
        self.staging.mkdir(exist_ok=True)
        return self.staging / f"{secrets.token_hex(8)}-{Path(name).name}.part"

    def tidy(self) -> None:
        """Remove the directory of the staged files."""
        with suppress(FileNotFoundError):
            shutil.rmtree(self.staging)
