"""Files of an export in an object store."""

import shutil
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pyarrow import fs

from currents_async.errors import ExportError
from currents_async.export._write.stores import Publication, Store, make_private, workplace_of

_CHUNK = 1 << 20
_UPLOADS = 32
"""At once."""
_TRAILER = b"\r\nx-amz-checksum-"


class ObjectStore(Store):
    """A prefix in an object store: an object exists once all of it has been uploaded.

    Such stores have no lock that dies with its process. Other exports of this user on this machine
    are locked out; one on another machine is detected by the journal before anything is published.
    pyarrow does not make uploads conditional, so two exports that check at the same instant are
    detected only at the next check.
    """

    renames = False

    def __init__(self, filesystem: Any, root: str) -> None:
        """Use a `pyarrow.fs.FileSystem`, and a path in it."""
        self.filesystem = filesystem
        self._root = root.rstrip("/")
        self._known: dict[str, bytes | None] = {}
        """What appended files must contain, unless another export writes to them as well."""
        self._workplace = workplace_of(f"{filesystem.type_name}:{self._root}")
        super().__init__(self._workplace)

    def prepare(self) -> None:
        make_private(self._workplace)

    def publish(self, staged: Path, name: str) -> None:
        # When a write fails, closing fails as well, so no incomplete upload is finished.
        with staged.open("rb") as source, self.filesystem.open_output_stream(self._at(name)) as to:
            shutil.copyfileobj(source, to, _CHUNK)
        staged.unlink()
        self._known.pop(name, None)

    def remove(self, name: str) -> None:
        with suppress(FileNotFoundError):
            self.filesystem.delete_file(self._at(name))
        self._known.pop(name, None)

    def read(self, name: str) -> bytes | None:
        self._known[name] = content = self._download(name)
        return content

    def append(self, name: str, line: bytes) -> None:
        self.check(name)
        # All of it again, because objects do not grow.
        longer = (self._known[name] or b"") + line
        self.write(name, longer)
        self._known[name] = longer

    def check(self, name: str) -> None:
        content = self._download(name)
        if self._known.setdefault(name, content) != content:
            raise ExportError(f"another export writes to this target: {name} has changed")

    def publish_all(self, files: Sequence[Publication]) -> None:
        with ThreadPoolExecutor(_UPLOADS) as pool:
            list(pool.map(lambda file: self.publish(file.staged, file.name), files))

    def names_in(self, directory: str) -> list[str]:
        where = fs.FileSelector(self._at(directory), allow_not_found=True)
        return [found.base_name for found in self.filesystem.get_file_info(where)]

    def size_of(self, name: str) -> int:
        size: int = self.filesystem.get_file_info(self._at(name)).size
        return size

    def has(self, name: str) -> bool:
        found: bool = self.filesystem.get_file_info(self._at(name)).type != fs.FileType.NotFound
        return found

    @contextmanager
    def fetch(self, name: str) -> Generator[Path | None]:
        staged = self.stage(name)
        try:
            yield staged if self._save(name, staged) else None
        finally:
            staged.unlink(missing_ok=True)

    def _save(self, name: str, path: Path) -> bool:
        try:
            source = self.filesystem.open_input_stream(self._at(name))
        except FileNotFoundError:
            return False
        with source, path.open("wb") as to:
            shutil.copyfileobj(source, to, _CHUNK)
        return True

    def _download(self, name: str) -> bytes | None:
        try:
            with self.filesystem.open_input_stream(self._at(name)) as stream:
                content: bytes = stream.read()
        except FileNotFoundError:
            return None
        if _TRAILER in content:
            raise ExportError(
                "this object store writes the checksums that follow an upload into the objects, "
                f"which are damaged by that, as {name} is: delete what has been exported, set the "
                "environment variable AWS_REQUEST_CHECKSUM_CALCULATION=when_required, and export "
                "again"
            )
        return content

    def _at(self, name: str) -> str:
        return f"{self._root}/{name}"
