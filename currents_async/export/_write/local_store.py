"""Files of an export in a directory on this machine."""

import os
import shutil
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from currents_async._downloads.partial_file import sync_directory
from currents_async.errors import ExportError
from currents_async.export._write.exchange import exchange
from currents_async.export._write.stores import RECORDS, Publication, Store


class LocalStore(Store):
    """A directory on this machine.

    Files are staged on the same file system, so that publishing only renames them, but not in their
    final directory, because not all readers skip hidden files: DuckDB's `*` does not.
    """

    renames = True

    def __init__(self, root: Path) -> None:
        """Use a directory, which need not exist yet."""
        self._root = root.absolute()
        self._known: dict[str, int] = {}
        """The sizes that appended files must have, unless another export writes to them as well."""
        super().__init__(self._root / RECORDS)

    def prepare(self) -> None:
        make_directory(self.lock.parent)

    def publish(self, staged: Path, name: str) -> None:
        goal = self._root / name
        _sync(staged)
        make_directory(goal.parent)
        staged.replace(goal)
        sync_directory(goal.parent)
        self._known.pop(name, None)

    def publish_all(self, files: Sequence[Publication]) -> None:
        for staged, name, replaces in files:
            self.publish(staged, replaces or name)
            if replaces is not None:
                goal = self._root / name
                (self._root / replaces).rename(goal)
                sync_directory(goal.parent)

    def sync(self, name: str) -> None:
        goal = self._root / name
        _sync(goal)
        sync_directory(goal.parent)

    def names_in(self, directory: str) -> list[str]:
        try:
            return [path.name for path in (self._root / directory).iterdir()]
        except FileNotFoundError:
            return []

    def remove(self, name: str) -> None:
        goal = self._root / name
        with suppress(FileNotFoundError):
            goal.unlink()
            sync_directory(goal.parent)

    def read(self, name: str) -> bytes | None:
        try:
            content = (self._root / name).read_bytes()
        except FileNotFoundError:
            content = None
        self._known[name] = len(content or b"")
        return content

    def replace_at_once(
        self, directory: str, files: Sequence[Publication], old: Sequence[str]
    ) -> bool:
        goal = self._root / directory
        other = self.stage(goal.name).with_suffix(".directory")
        other.mkdir()
        for path in goal.iterdir():
            if f"{directory}/{path.name}" not in old:
                os.link(path, other / path.name)
        for staged, name, _ in files:
            _sync(staged)
            os.link(staged, other / Path(name).name)
        sync_directory(other)
        is_done = exchange(other, goal)
        if is_done:
            sync_directory(goal.parent)
        shutil.rmtree(other)
        return is_done

    def size_of(self, name: str) -> int:
        return (self._root / name).stat().st_size

    def has(self, name: str) -> bool:
        return (self._root / name).exists()

    @contextmanager
    def fetch(self, name: str) -> Generator[Path | None]:
        yield self._root / name if self.has(name) else None

    def append(self, name: str, line: bytes) -> None:
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
        """Compare the size of a file, which only grows: locks on network drives may not hold."""
        goal = self._root / name
        length = goal.stat().st_size if goal.exists() else 0
        if self._known.setdefault(name, length) != length:
            raise ExportError(f"another export writes to this target: {name} has changed")


def _sync(path: Path) -> None:
    # Opened for writing: Windows only syncs such files.
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def make_directory(directory: Path) -> None:
    """Make a directory and its parents, durably."""
    missing = [each for each in (directory, *directory.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(exist_ok=True)
        sync_directory(each.parent)
