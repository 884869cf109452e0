"""Where an export keeps its files: each file is there as a whole, or not at all."""

import errno
import os
import secrets
import shutil
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from hashlib import sha256
from pathlib import Path
from typing import ClassVar, NamedTuple

RECORDS = "_currents"
"""The directory of what is not data: readers of directories skip names that begin like this."""


class Publication(NamedTuple):
    """A staged file, the name that it gets, and that of the file which it replaces, if any."""

    staged: Path
    name: str
    replaces: str | None = None


class Records(ABC):
    """What an export keeps to itself: files by their names, which are relative paths with slashes.

    Raises `OSError`, or `ExportError`, when what keeps them refuses something.
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
    def write(self, name: str, content: bytes) -> None:
        """Replace the content of a file, atomically."""

    @abstractmethod
    def remove(self, name: str) -> None:
        """Remove a file durably, if it exists."""

    @abstractmethod
    def read(self, name: str) -> bytes | None:
        """Return the content of a file, or None if it does not exist."""

    @abstractmethod
    def fetch(self, name: str) -> AbstractContextManager[Path | None]:
        """Provide a local path of a file inside `with`, or None if it does not exist."""

    @abstractmethod
    def append(self, name: str, line: bytes) -> None:
        """Append to a file, durably; raise as `check` does."""

    @abstractmethod
    def check(self, name: str) -> None:
        """Raise `ExportError` if a file has changed since this export read it or appended to it."""

    def transaction(self) -> AbstractContextManager[None]:
        """Let all that is done inside `with` happen as one, data included, where that is possible.

        Otherwise each step is done by itself, in the order that a kill may interrupt.
        """
        return nullcontext()

    def tidy(self) -> None:
        """Remove everything staged, including what an export left that was killed."""
        with suppress(FileNotFoundError):
            shutil.rmtree(self.staging)


class Store(Records):
    """Files of data beside those that an export keeps to itself."""

    renames: ClassVar[bool]
    """Whether a file that replaces another one can have another name."""

    @abstractmethod
    def publish(self, staged: Path, name: str) -> None:
        """Give a staged file its name, durably, replacing the file that may have it."""

    @abstractmethod
    def publish_all(self, files: Sequence[Publication]) -> None:
        """Publish files of data, of which each may replace another one.

        A listing at any moment must have each day once. So the old file cannot be left for a while
        beside the new one, for readers that have listed its name: whoever lists then would read the
        day twice, and only a table format could tell which file is in force. One operation has to
        hide the old file and show the new one.

        - On this machine, the new file is renamed over the old one, and then to its new name. A
          file that is open remains what it was. A reader that listed the old name and opens it only
          now gets `FileNotFoundError`, and not a file of another size than it has listed.
        - In an object store nothing can be renamed, so the new object has the name of the old one.
        """

    def sync(self, name: str) -> None:
        """Make a file durable that another library has written; in an object store all are."""

    @abstractmethod
    def names_in(self, directory: str) -> Sequence[str]:
        """List the files in a directory, without it."""

    def replace_at_once(
        self,
        directory: str,  # noqa: ARG002 - for who can
        files: Sequence[Publication],  # noqa: ARG002
        old: Sequence[str],  # noqa: ARG002
    ) -> bool:
        """Publish files and remove others of a directory in one step; return whether it did."""
        return False

    @abstractmethod
    def size_of(self, name: str) -> int:
        """Return the size of a file in bytes."""

    def write(self, name: str, content: bytes) -> None:
        staged = self.stage(name)
        staged.write_bytes(content)
        self.publish(staged, name)

    @abstractmethod
    def has(self, name: str) -> bool:
        """Return whether a file exists."""


def workplace_of(identity: str) -> Path:
    """Return the directory of a target that is not on this machine, for this user only."""
    name = f"currents-async-{sha256(f'{_user()}:{identity}'.encode()).hexdigest()[:16]}"
    return Path(tempfile.gettempdir(), name)


def make_private(workplace: Path) -> None:
    """Make a directory for this user only, among the temporary files of the machine."""
    workplace.mkdir(mode=0o700, exist_ok=True)
    if workplace.is_symlink() or workplace.stat().st_uid != _user():
        raise PermissionError(errno.EPERM, "belongs to another user", str(workplace))


def _user() -> int:
    # On Windows, each user has a directory for temporary files, and all files have owner 0.
    return os.getuid() if hasattr(os, "getuid") else 0
