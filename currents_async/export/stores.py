"""Where an export keeps its files: each is there as a whole, or not at all."""

import errno
import os
import secrets
import shutil
import tempfile
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit
from urllib.request import url2pathname

from pyarrow import fs

from currents_async.errors import ExportError

RECORDS = "_currents"
"""Where what is not data is: readers of directories pass over names that begin so."""
_CHUNK = 1 << 20


class Store(Protocol):
    """Files by their names, which are relative paths with slashes.

    Raises `OSError` for whatever the disk, or the service behind it, refuses.
    """

    lock: Path
    """The local file to lock while writing; what a system's lock on a file lasts, and dies with."""
    staging: Path
    """A local directory for what no reader shall see; whoever holds the lock may use it."""

    def prepare(self) -> None:
        """Make what the lock needs to be there."""
        ...

    def stage(self, name: str) -> Path:
        """Return the path of a local file, to write what shall have the name."""
        ...

    def publish(self, staged: Path, name: str) -> None:
        """Give a staged file its name, in place of the one that may have it, for good."""
        ...

    def remove(self, name: str) -> None:
        """Remove a file for good, if there is one."""
        ...

    def read(self, name: str) -> bytes | None:
        """Return what is in a file; None without one."""
        ...

    def append(self, name: str, line: bytes) -> None:
        """Add to the end of a file, for good."""
        ...

    def tidy(self) -> None:
        """Remove all that is staged, also what an export that was killed has left."""
        ...


class _Workplace:
    """A directory on this machine for the lock, and for what is staged."""

    def __init__(self, directory: Path) -> None:
        self.lock: Path = directory / "lock"
        self.staging: Path = directory / "staging"

    def stage(self, name: str) -> Path:
        """Return a path that nobody reads."""
        self.staging.mkdir(exist_ok=True)
        return self.staging / f"{secrets.token_hex(8)}-{Path(name).name}.part"

    def tidy(self) -> None:
        """Remove the directory of what is staged."""
        with suppress(FileNotFoundError):
            shutil.rmtree(self.staging)


class LocalStore(_Workplace):
    """A directory on this machine.

    Files are staged on the same file system, so that it takes no more than to rename them; but not
    where they will be, for not all readers pass over hidden files: DuckDB's `*` does not.
    """

    def __init__(self, root: Path) -> None:
        """Take a directory, which need not be there yet."""
        self._root = root.absolute()
        super().__init__(self._root / RECORDS)

    def prepare(self) -> None:
        """Make the directory."""
        make_directory(self.lock.parent)

    def publish(self, staged: Path, name: str) -> None:
        """Write it to the disk, then rename it."""
        goal = self._root / name
        # To be written to, for Windows syncs no other files.
        with staged.open("rb+") as file:
            os.fsync(file.fileno())
        make_directory(goal.parent)
        staged.replace(goal)
        sync_directory(goal.parent)

    def remove(self, name: str) -> None:
        """Unlink a file."""
        goal = self._root / name
        with suppress(FileNotFoundError):
            goal.unlink()
            sync_directory(goal.parent)

    def read(self, name: str) -> bytes | None:
        """Read a file."""
        try:
            return (self._root / name).read_bytes()
        except FileNotFoundError:
            return None

    def append(self, name: str, line: bytes) -> None:
        """Append, and write it to the disk."""
        goal = self._root / name
        make_directory(goal.parent)
        is_new = not goal.exists()
        with goal.open("ab") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        if is_new:
            sync_directory(goal.parent)


class ObjectStore(_Workplace):
    """A prefix of an object store: an object is there when all of it has been uploaded.

    Such stores have no lock that goes with who holds it. Other exports of this user on this machine
    are kept out; one elsewhere is noticed when both have written to the same record.
    """

    def __init__(self, filesystem: Any, root: str) -> None:
        """Take a `pyarrow.fs.FileSystem`, and a path in it."""
        self._filesystem = filesystem
        self._root = root.rstrip("/")
        self._known: dict[str, bytes | None] = {}
        """What is in files that are appended to, unless somebody else writes to them too."""
        whose = f"{_user()}:{filesystem.type_name}:{self._root}"
        name = f"currents-async-{sha256(whose.encode()).hexdigest()[:16]}"
        self._workplace = Path(tempfile.gettempdir(), name)
        super().__init__(self._workplace)

    def prepare(self) -> None:
        """Make a directory among the machine's temporary files, for this user alone."""
        self._workplace.mkdir(mode=0o700, exist_ok=True)
        if self._workplace.is_symlink() or self._workplace.stat().st_uid != _user():
            raise PermissionError(errno.EPERM, "belongs to somebody else", str(self._workplace))

    def publish(self, staged: Path, name: str) -> None:
        """Upload a file."""
        # When a write fails, so does closing: that ends no upload of which something is missing.
        with staged.open("rb") as source, self._filesystem.open_output_stream(self._at(name)) as to:
            shutil.copyfileobj(source, to, _CHUNK)
        staged.unlink()
        self._known.pop(name, None)

    def remove(self, name: str) -> None:
        """Delete an object."""
        with suppress(FileNotFoundError):
            self._filesystem.delete_file(self._at(name))
        self._known.pop(name, None)

    def read(self, name: str) -> bytes | None:
        """Download an object."""
        self._known[name] = content = self._download(name)
        return content

    def append(self, name: str, line: bytes) -> None:
        """Upload all of it again: objects do not grow.

        Raises `ExportError` when it is not what it was.
        """
        content = self._download(name)
        if self._known.setdefault(name, content) != content:
            raise ExportError(f"another export writes to this target: {name} has changed")
        longer = (content or b"") + line
        staged = self.stage(name)
        staged.write_bytes(longer)
        self.publish(staged, name)
        self._known[name] = longer

    def _download(self, name: str) -> bytes | None:
        try:
            with self._filesystem.open_input_stream(self._at(name)) as stream:
                content: bytes = stream.read()
        except FileNotFoundError:
            return None
        return content

    def _at(self, name: str) -> str:
        return f"{self._root}/{name}"


def store_at(target: str | Path) -> Store:
    """Return the store at a path, or at the URL of something that pyarrow can write to.

    Raises `ValueError` for other URLs, without telling of them: they may hold credentials.
    """
    path = local_path(target)
    if path is not None:
        return LocalStore(path)
    scheme = urlsplit(str(target)).scheme
    try:
        filesystem, root = fs.FileSystem.from_uri(str(target))
    except (ValueError, NotImplementedError):
        raise ValueError(f"it is no {scheme}:// URL that pyarrow understands") from None
    if not root.strip("/"):
        raise ValueError(f"it is a {scheme}:// URL without a bucket")
    return ObjectStore(filesystem, root)


def local_path(target: str | Path) -> Path | None:
    """Return the path that is meant by a path or a `file://` URL; None for other URLs.

    Raises `ValueError` for URLs of files that are not on this machine, or not quoted.
    """
    if isinstance(target, Path) or "://" not in target:
        return Path(target)
    url = urlsplit(target)
    if url.scheme != "file":
        return None
    if url.netloc not in {"", "localhost"} or not url.path or url.query or url.fragment:
        raise ValueError("it is no file:// URL of a path on this machine")
    return Path(url2pathname(url.path))


def make_directory(directory: Path) -> None:
    """Make a directory, and those above it, for good."""
    missing = [each for each in (directory, *directory.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(exist_ok=True)
        sync_directory(each.parent)


def sync_directory(directory: Path) -> None:
    """Make new names in a directory last, where the system can: Windows cannot."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _user() -> int:
    # Windows gives each user a directory for temporary files, and all files the owner 0.
    return os.getuid() if hasattr(os, "getuid") else 0
