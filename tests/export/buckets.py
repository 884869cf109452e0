"""An object store in memory, for pyarrow."""

from io import BytesIO
from typing import Any

import pyarrow as pa
from pyarrow import fs


def _refuse(*_: object) -> None:
    raise NotImplementedError


_REFUSE: Any = _refuse


class Bucket(fs.FileSystemHandler):  # type: ignore[misc]  # pyarrow has no types
    """An object is there when its upload is closed, unless one of its writes failed."""

    def __init__(self, room: int = 1 << 30) -> None:
        self.objects: dict[str, bytes] = {}
        self.room = room
        """Bytes of an object after which the connection is lost."""

    def open_output_stream(self, path: str, metadata: object) -> Any:
        return pa.PythonFile(_Upload(self, path), mode="w")

    def open_input_stream(self, path: str) -> Any:
        if path not in self.objects:
            raise FileNotFoundError(path)
        return pa.BufferReader(self.objects[path])

    def delete_file(self, path: str) -> None:
        if path not in self.objects:
            raise FileNotFoundError(path)
        del self.objects[path]

    def get_file_info(self, paths: list[str]) -> list[Any]:
        kinds = {True: fs.FileType.File, False: fs.FileType.NotFound}
        return [fs.FileInfo(path, kinds[path in self.objects]) for path in paths]

    def get_file_info_selector(self, selector: fs.FileSelector) -> list[Any]:
        assert selector.allow_not_found
        inside = f"{selector.base_dir}/"
        return [
            fs.FileInfo(path, fs.FileType.File)
            for path in self.objects
            if path.startswith(inside) and "/" not in path.removeprefix(inside)
        ]

    def get_type_name(self) -> str:
        return "bucket"

    __eq__ = object.__eq__
    __ne__ = object.__ne__
    __hash__ = object.__hash__
    copy_file = create_dir = delete_dir = delete_dir_contents = delete_root_dir_contents = _REFUSE
    move = normalize_path = open_append_stream = open_input_file = _REFUSE


class _Upload(BytesIO):
    def __init__(self, bucket: Bucket, path: str) -> None:
        super().__init__()
        self._bucket = bucket
        self._path = path
        self._has_failed = False

    def write(self, data: Any) -> int:
        if self.tell() + len(data) > self._bucket.room:
            self._has_failed = True
            raise OSError("the connection was lost")
        return super().write(data)

    def close(self) -> None:
        if not self.closed and not self._has_failed:
            self._bucket.objects[self._path] = self.getvalue()
        super().close()
