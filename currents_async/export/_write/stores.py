"""Where an export keeps its files: each is there as a whole, or not at all."""

import errno
import os
import secrets
import shutil
import tempfile
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, suppress
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

    def has(self, name: str) -> bool:
        """Return whether there is a file."""
        ...

    def fetch(self, name: str) -> AbstractContextManager[Path | None]:
        """Return the path of a local file with what is in a file, for a while; None without one."""
        ...

    def append(self, name: str, line: bytes) -> None:
        """Add to the end of a file, for good."""
        ...

    def check(self, name: str) -> None:
        """Raise `ExportError` when a file is not as it was read, or appended to, by this export."""
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
        self._known: dict[str, int] = {}
        """How large files are that are appended to, unless somebody else writes to them too."""
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
        self._known.pop(name, None)

    def remove(self, name: str) -> None:
        """Unlink a file."""
        goal = self._root / name
        with suppress(FileNotFoundError):
            goal.unlink()
            sync_directory(goal.parent)

    def read(self, name: str) -> bytes | None:
        """Read a file."""
        try:
            content = (self._root / name).read_bytes()
        except FileNotFoundError:
            content = None
        self._known[name] = len(content or b"")
        return content

    def has(self, name: str) -> bool:
        """Look for a file."""
        return (self._root / name).exists()

    @contextmanager
    def fetch(self, name: str) -> Generator[Path | None]:
        """Return the path of the file itself."""
        yield self._root / name if self.has(name) else None

    def append(self, name: str, line: bytes) -> None:
        """Append, and write it to the disk.

        Raises `ExportError` when it is not what it was.
        """
        self.check(name)
        goal = self._root / name
        make_directory(goal.parent)
        is_new = not goal.exists()
        with goal.open("ab") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
            self._known[name] = file.tell()
        if is_new:
            sync_directory(goal.parent)

    def check(self, name: str) -> None:
        """Compare its length, for it only grows: locks of network drives may not hold."""
        goal = self._root / name
        length = goal.stat().st_size if goal.exists() else 0
        if self._known.setdefault(name, length) != length:
            raise ExportError(f"another export writes to this target: {name} has changed")


class ObjectStore(_Workplace):
    """A prefix of an object store: an object is there when all of it has been uploaded.

    Such stores have no lock that goes with who holds it. Other exports of this user on this machine
    are kept out; one elsewhere is noticed by the record, before anything is published. pyarrow puts
    no conditions on an upload, so two that look at the same instant are noticed at the next one.
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
        self.check(name)
        longer = (self._known[name] or b"") + line
        staged = self.stage(name)
        staged.write_bytes(longer)
        self.publish(staged, name)
        self._known[name] = longer

    def check(self, name: str) -> None:
        """Download it once more, and compare."""
        content = self._download(name)
        if self._known.setdefault(name, content) != content:
            raise ExportError(f"another export writes to this target: {name} has changed")

    def has(self, name: str) -> bool:
        """Look for an object."""
        found: bool = self._filesystem.get_file_info(self._at(name)).type != fs.FileType.NotFound
        return found

    @contextmanager
    def fetch(self, name: str) -> Generator[Path | None]:
        """Download an object into a staged file."""
        staged = self.stage(name)
        try:
            yield staged if self._save(name, staged) else None
        finally:
            staged.unlink(missing_ok=True)

    def _save(self, name: str, path: Path) -> bool:
        try:
            source = self._filesystem.open_input_stream(self._at(name))
        except FileNotFoundError:
            return False
        with source, path.open("wb") as to:
            shutil.copyfileobj(source, to, _CHUNK)
        return True

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
