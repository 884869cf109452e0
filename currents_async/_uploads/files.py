"""The files to attach: found, measured and checked before anything is sent."""

import mimetypes
import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from currents_async._checks import check_path, check_type
from currents_async._wire.attachments import check_attachment, check_size, check_traces
from currents_async.errors import InvalidArgumentError
from currents_async.models.attachments import AttachmentType, NewAttachment

_MAX_OF_INSTANCE = 200
"""Files that the API takes for an instance."""


class AttachmentFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file on disk to attach."""

    path: str | os.PathLike[str]
    type: AttachmentType = "attachment"
    name: str | None = None
    """By default that of the file."""
    content_type: str | None = None
    """By default that of the suffix, `application/zip` for a trace."""
    caption: str | None = None
    """At most 1000 characters."""
    meta: Mapping[str, str] = {}
    """As in `NewAttachment`."""


class FileToSend(NamedTuple):
    """A file, and what is declared of it."""

    path: Path
    size: int
    attachment: NewAttachment


def find_files(files: Sequence[AttachmentFile], level: str, *, allow_env: bool) -> list[FileToSend]:
    """Measure and check files, or raise `InvalidArgumentError`; it reads the disk."""
    found = [
        _find(f"files[{index}]", one, level, allow_env=allow_env) for index, one in enumerate(files)
    ]
    if not found:
        raise InvalidArgumentError("files must not be empty")
    if level not in {"run", "session"} and len(found) > _MAX_OF_INSTANCE:
        raise InvalidArgumentError(
            f"files: an instance takes at most {_MAX_OF_INSTANCE} files, not {len(found)}"
        )
    check_traces("files", [one.attachment for one in found])
    return found


def _find(name: str, file: AttachmentFile, level: str, *, allow_env: bool) -> FileToSend:
    check_type(name, file, AttachmentFile)
    path = check_path(f"{name}.path", file.path)
    if not allow_env and (path.name == ".env" or path.name.startswith(".env.")):
        raise InvalidArgumentError(
            f"{name}.path: {str(path)!r} may hold secrets, which all who see the run could read: "
            "pass allow_env=True if that is what you want"
        )
    size = check_size(f"{name}.path {str(path)!r}", _measure(f"{name}.path", path))
    attachment = NewAttachment(
        name=path.name if file.name is None else file.name,
        type=file.type,
        content_type=_content_type(path, file),
        size_bytes=size,
        caption=file.caption,
        meta=file.meta,
    )
    check_attachment(name, attachment, level)
    return FileToSend(path, size, attachment)


def _measure(name: str, path: Path) -> int:
    """Return the size of a file that can be read."""
    try:
        # A pipe would wait for its writer as soon as it is opened.
        if not stat.S_ISREG(path.stat().st_mode):
            raise InvalidArgumentError(f"{name} must be a file: {str(path)!r}")
        with path.open("rb") as file:
            return os.fstat(file.fileno()).st_size
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise InvalidArgumentError(f"{name} cannot be read: {str(path)!r}: {reason}") from None


def _content_type(path: Path, file: AttachmentFile) -> str:
    if file.content_type is not None:
        return file.content_type
    if file.type == "trace":
        return "application/zip"
    # Not strict: WebP is not registered in all versions of Python. With a path, since a name alone
    # is taken for a URL if it has a colon.
    found, encoding = mimetypes.guess_type(f"./{path.name}", strict=False)
    return found if found is not None and encoding is None else "application/octet-stream"
