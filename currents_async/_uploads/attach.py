"""Attaching: files are declared in batches, and those of a batch uploaded concurrently."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from inspect import iscoroutinefunction
from pathlib import Path
from typing import NamedTuple

import msgspec

from currents_async._checks import accepted, check_flag, check_several, check_time_limit
from currents_async._fanout.pool import for_each, outcome_of
from currents_async._threads import in_thread
from currents_async._transport import Transport, UploadTarget
from currents_async._uploads.files import AttachmentFile, FileToSend, find_files
from currents_async._wire.asset_url import read_asset_url
from currents_async._wire.attachments import MAX_FILES
from currents_async.errors import CurrentsError, DecodeError, InvalidArgumentError
from currents_async.models._brief import Brief
from currents_async.models.attachments import (
    DeclaredAttachment,
    NewAttachment,
    RunAttachments,
    Session,
)

_BATCH_BYTES = 100 * 1024 * 1024
"""Bytes declared at once, so that a slow line is done before the URLs expire."""
_CONCURRENCY = 4
_LIFE = 600
"""Seconds that an upload URL lasts, where the response does not say it."""
_MAX_LIFE = 604_800
"""Seconds that any signed URL of S3 can last."""

Declare = Callable[[Sequence[NewAttachment]], Awaitable[RunAttachments | Session]]


class UploadResult(Brief, frozen=True, kw_only=True):
    """What became of one file."""

    path: Path
    name: str
    size: int
    """Bytes."""
    attachment_id: str | None = None
    """None if it could not be declared."""
    attempts: int = 0
    """How many PUTs it took."""
    error: CurrentsError | None = None
    """Why it is not attached; None if it is."""


class AttachResult(Brief, frozen=True, kw_only=True):
    """What an `attach` has done so far, or in all."""

    files: tuple[UploadResult, ...] = ()
    """Those that are done, in the order in which they were given."""
    total: int = 0
    """How many there are."""
    bytes_sent: int = 0
    """Bytes of files that are done or on their way; what was sent in vain is not counted."""
    bytes_total: int = 0
    target: RunAttachments | Session | None = None
    """What the files belong to, as the first response says it, without the files."""

    @property
    def failed(self) -> tuple[UploadResult, ...]:
        """The files that are not attached."""
        return tuple(one for one in self.files if one.error is not None)


Progress = Callable[[AttachResult], None]
"""Called during an `attach` with the result so far."""


async def attach(
    transport: Transport,
    declare: Declare,
    files: Iterable[AttachmentFile],
    level: str,
    *,
    allow_env: bool,
    timeout: float | None,  # noqa: ASYNC109 - of each upload, by the client's clock
    on_progress: Progress | None,
) -> AttachResult:
    """Declare and upload files; raise what the first declaration raises."""
    check_flag("allow_env", allow_env)
    seconds = check_time_limit("timeout", timeout)
    transport.channel.session.live()
    if on_progress is not None:
        _check_progress(on_progress)
    several = check_several("files", files, AttachmentFile)
    found = await in_thread(partial(find_files, several, level, allow_env=allow_env))
    return await _Attaching(transport, declare, found, seconds, on_progress).run()


def _check_progress(on_progress: object) -> None:
    if not callable(on_progress) or iscoroutinefunction(on_progress):
        raise InvalidArgumentError("on_progress must be a function that is not async")


class _Attaching:
    """The files of one `attach`, and how far each has got."""

    def __init__(
        self,
        transport: Transport,
        declare: Declare,
        files: Sequence[FileToSend],
        seconds: float,
        on_progress: Progress | None,
    ) -> None:
        self._transport = transport
        self._declare = declare
        self._files = files
        self._seconds = seconds
        self._on_progress = on_progress
        self._sent = [0] * len(files)
        self._done: dict[int, UploadResult] = {}
        self._target: RunAttachments | Session | None = None

    async def run(self) -> AttachResult:
        for batch in _batches(self._files):
            declaring = self._declare_files([self._files[number] for number in batch])
            # Nothing is lost if the first declaration fails, so that its error is the whole's.
            declared = await outcome_of(declaring, collect=batch[0] > 0)
            if isinstance(declared, CurrentsError):
                for number in batch:
                    self._end(number, error=declared)
            else:
                jobs = zip(batch, declared, strict=True)
                await for_each(jobs, self._upload, concurrency=_CONCURRENCY)
        return self._result()

    def _result(self) -> AttachResult:
        return AttachResult(
            files=tuple(self._done[number] for number in sorted(self._done)),
            total=len(self._files),
            bytes_sent=sum(self._sent),
            bytes_total=sum(file.size for file in self._files),
            target=self._target,
        )

    async def _declare_files(self, files: Sequence[FileToSend]) -> list["_Declared"]:
        began = self._transport.channel.clock.now()
        response = await self._declare([file.attachment for file in files])
        count = len(response.attachments)
        if count != len(files):
            raise DecodeError(
                f"the API declared {count} attachments instead of {len(files)}",
                operation="attach",
                method="POST",
                url=self._transport.channel.base_url,
            )
        if self._target is None:
            self._target = msgspec.structs.replace(response, attachments=())
        ends_at = began + min(response.upload_expires_in_seconds or _LIFE, _MAX_LIFE)
        return [
            _Declared(one, file.attachment.content_type, ends_at)
            for one, file in zip(response.attachments, files, strict=True)
        ]

    async def _upload(self, job: tuple[int, "_Declared"]) -> None:
        number, declared = job
        file = self._files[number]

        async def declare_anew() -> UploadTarget:
            nonlocal declared
            [declared] = await self._declare_files([file])
            return declared.target()

        ends_at = self._transport.channel.clock.now() + self._seconds
        try:
            call = self._transport.upload_call(declared.target(), declare_anew, ends_at=ends_at)
        except InvalidArgumentError as unusable:
            self._end(number, attachment_id=declared.attachment.attachment_id, error=unusable)
            return
        error = await outcome_of(call.send(file.path, file.size, partial(self._advance, number)))
        self._end(
            number,
            attachment_id=declared.attachment.attachment_id,
            attempts=call.attempts,
            error=error,
        )

    def _advance(self, number: int, sent: int) -> None:
        self._sent[number] = sent
        if self._on_progress is not None:
            self._on_progress(self._result())

    def _end(
        self,
        number: int,
        *,
        error: CurrentsError | None,
        attachment_id: str | None = None,
        attempts: int = 0,
    ) -> None:
        file = self._files[number]
        self._done[number] = UploadResult(
            path=file.path,
            name=file.attachment.name,
            size=file.size,
            attachment_id=attachment_id,
            attempts=attempts,
            error=error,
        )
        self._advance(number, file.size if error is None else 0)


class _Declared(NamedTuple):
    """A file that has been declared."""

    attachment: DeclaredAttachment
    content_type: str
    ends_at: float

    def target(self) -> UploadTarget:
        """Return where to upload it; raise `InvalidArgumentError` for a URL that is none."""
        url = accepted(read_asset_url(self.attachment.upload_url))
        return UploadTarget(url, self._headers, self.ends_at)

    def _headers(self) -> Mapping[str, str]:
        given = self.attachment.upload_headers
        return {"Content-Type": self.content_type} if given is None else given


def _batches(files: Sequence[FileToSend]) -> Iterator[list[int]]:
    """Split the numbers of files, so that none is too long to be sent in time."""
    batch: list[int] = []
    size = 0
    for number, file in enumerate(files):
        if batch and (len(batch) == MAX_FILES or size + file.size > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(number)
        size += file.size
    yield batch
