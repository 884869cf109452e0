"""Files to attach: their options, and how they are attached."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cyclopts import Parameter
from rich.filesize import decimal

import currents_async
from currents_async.cli import _exit
from currents_async.cli._messages import plain_words
from currents_async.cli._options import Choice, Flag, Several
from currents_async.cli._output.columns import Column
from currents_async.cli._progress import progress_bar
from currents_async.cli._streams import note
from currents_async.errors import InvalidArgumentError
from currents_async.models import AttachmentType
from currents_async.models._model import Model

if TYPE_CHECKING:
    from currents_async import AttachmentFile, AttachResult, Currents, UploadResult

Attach = Callable[..., Awaitable["AttachResult"]]
"""A method that attaches files, with the arguments that say which and to what."""


class Attached(Model, frozen=True, gc=False, kw_only=True):
    """What became of a file."""

    path: str
    name: str
    size: int
    """Bytes."""
    attachment_id: str | None
    error: str | None


ATTACHED: tuple[Column[Attached], ...] = (
    Column("path", lambda one: one.path, "path"),
    Column("size", lambda one: one.size, "size", rank=1),
    Column("error", lambda one: one.error),
    Column("attachment", lambda one: one.attachment_id, "id", rank=1),
)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Files:
    """What to say of the files."""

    kind: Choice[AttachmentType] = "attachment"
    """What the files are."""
    caption: str | None = None
    """A text that is shown with each file."""
    meta: Several[str] = ()
    """NAME=VALUE, shown with each file; several can be given."""
    allow_env: Flag = False
    """Attach files called .env or .env.* too, which may hold secrets."""

    def of(self, paths: Sequence[str]) -> "list[AttachmentFile]":
        """Return the files to attach."""
        meta = dict(_read_pair(text) for text in self.meta)
        return [
            currents_async.AttachmentFile(
                path=path, type=self.kind, caption=self.caption, meta=meta
            )
            for path in paths
        ]


FILES = Files()


async def attach_all(currents: "Currents", attaching: Attach, files: Files) -> list[Attached]:
    """Attach files, with a progress bar; return what became of each."""
    with progress_bar("files", currents) as work:

        def show(now: "AttachResult") -> None:
            size = f"{decimal(now.bytes_sent)} of {decimal(now.bytes_total)}"
            work.advance(len(now.files), now.total, size)

        result = await attaching(allow_env=files.allow_env, on_progress=show)
    if result.failed:
        note(f"{len(result.failed):,} could not be attached")
    return [_attached(one) for one in result.files]


def _attached(one: "UploadResult") -> Attached:
    return Attached(
        path=str(one.path),
        name=one.name,
        size=one.size,
        attachment_id=one.attachment_id,
        error=None if one.error is None else plain_words(one.error),
    )


def code_of(attached: Sequence[Attached]) -> int:
    return _exit.PARTIAL if any(one.error is not None for one in attached) else _exit.OK


def _read_pair(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not name or not separator:
        raise InvalidArgumentError(f"--meta must be NAME=VALUE, not {text!r}")
    return name, value
