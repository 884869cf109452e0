"""Where an export keeps its files: each file is there as a whole, or not at all."""

import secrets
import shutil
from abc import ABC, abstractmethod
from contextlib import AbstractContextManager, suppress
from pathlib import Path

RECORDS = "_currents"
"""The directory of what is not data: readers of directories skip names that begin like this."""


class Store(ABC):
    """Files by their names, which are relative paths with slashes.

    Raises `OSError` when the disk, or the service behind the store, refuses something.
    """

    def __init__(self, workplace: Path) -> None:
        """Lock and stage in a directory on this machine."""
        self.lock: Path = workplace / "lock"
        """The file to lock while writing; the system releases the lock when its process dies."""
        self.staging: Path = workplace / "staging"
        """A directory that no reader looks into, for the process that holds the lock."""

    @abstractmethod
    def prepare(self) -> None:
        """Make the directory of the lock."""

    def stage(self, name: str) -> Path:
        """Return the path of a new local file, to be published under the name."""
        self.staging.mkdir(exist_ok=True)
        return self.staging / f"{secrets.token_hex(8)}-{Path(name).name}.part"

    @abstractmethod
    def publish(self, staged: Path, name: str) -> None:
        """Give a staged file its name, durably, replacing the file that may have it."""

    @abstractmethod
    def remove(self, name: str) -> None:
        """Remove a file durably, if it exists."""

    @abstractmethod
    def read(self, name: str) -> bytes | None:
        """Return the content of a file, or None if it does not exist."""

    @abstractmethod
    def has(self, name: str) -> bool:
        """Return whether a file exists."""

    @abstractmethod
    def fetch(self, name: str) -> AbstractContextManager[Path | None]:
        """Provide a local path of a file inside `with`, or None if it does not exist."""

    @abstractmethod
    def append(self, name: str, line: bytes) -> None:
        """Append to a file, durably; raise as `check` does."""

    @abstractmethod
    def check(self, name: str) -> None:
        """Raise `ExportError` if a file has changed since this export read it or appended to it."""

    def tidy(self) -> None:
        """Remove everything staged, including what an export left that was killed."""
        with suppress(FileNotFoundError):
            shutil.rmtree(self.staging)
