"""Sessions, which are records of work with files, and no runs: POST /sessions….

Source: `docs/api/operations.md`, "Attachments and sessions".
"""

from collections.abc import Sequence

from currents_async._resources._attachments import (
    ADD_SESSION_ATTACHMENTS,
    CREATE_SESSION,
    session_body,
)
from currents_async._resources._group import Group, compound
from currents_async._uploads.attach import AttachResult, Progress, attach
from currents_async._uploads.files import AttachmentFile
from currents_async._wire.attachments import declarations
from currents_async._wire.record_key import find_record_key
from currents_async.models.attachments import CIBuild, NewAttachment, Session, SessionStatus
from currents_async.models.common import Commit


class Sessions(Group):
    """Sessions, which are records of work with files, and no runs.

    No operation that reads or lists them is known. Each takes a project's `record_key` instead of
    the client's credential.
    """

    __slots__ = ()

    async def create(
        self,
        title: str,
        status: SessionStatus,
        *,
        project_id: str | None = None,
        error: str | None = None,
        duration_ms: int | None = None,
        tags: Sequence[str] = (),
        commit: Commit | None = None,
        pr_link: str | None = None,
        pr_id: str | None = None,
        ci: CIBuild | None = None,
        attachments: Sequence[NewAttachment] = (),
        record_key: str | None = None,
        retry_ambiguous: bool = False,
    ) -> Session:
        """Create a session, and declare up to 50 files of it.

        `title` has at most 1024 characters, `error` at most 10,000; `duration_ms` is at most a day;
        there are at most 20 `tags`. `commit` is sent without its default branch. The pull request
        is `pr_link`, or `pr_id`, which the API resolves with `commit.remote_origin`. Only here may
        the size of a file be None; it must not be 0. Files are uploaded by `attach`, which declares
        them too, so leave `attachments` out to use that.

        Raises `NotFoundError` for an unknown project, and `UnprocessableError` if recording is
        suspended. When it is unknown whether the session was created, raises `AmbiguousError`; with
        `retry_ambiguous=True` the request is sent again instead, which may create two.
        """
        key = find_record_key(record_key)
        del record_key  # from here on, a traceback with locals shows no secret
        body = session_body(
            self._project(project_id),
            title,
            status,
            error=error,
            duration_ms=duration_ms,
            tags=tags,
            commit=commit,
            pr_link=pr_link,
            pr_id=pr_id,
            ci=ci,
            attachments=attachments,
        )
        return await self._write(
            CREATE_SESSION.request(body=body, record_key=key), retry_ambiguous=retry_ambiguous
        )

    async def add_attachments(
        self,
        session_id: str,
        attachments: Sequence[NewAttachment],
        *,
        record_key: str | None = None,
        retry_ambiguous: bool = False,
    ) -> Session:
        """Declare 1 to 50 files of a session, and return where to upload them.

        Nothing is uploaded: `attach` does both. Raises `NotFoundError`, and as `create` does.
        """
        key = find_record_key(record_key)
        del record_key
        body = {"attachments": declarations("attachments", attachments, "session")}
        request = ADD_SESSION_ATTACHMENTS.request(
            {"session_id": session_id}, body=body, record_key=key
        )
        return await self._write(request, retry_ambiguous=retry_ambiguous)

    @compound
    async def attach(
        self,
        session_id: str,
        files: Sequence[AttachmentFile],
        *,
        record_key: str | None = None,
        allow_env: bool = False,
        timeout: float | None = None,  # noqa: ASYNC109 - of each upload, by the client's clock
        on_progress: Progress | None = None,
        retry_ambiguous: bool = False,
    ) -> AttachResult:
        """Upload files and attach them to a session, as `runs.attach` does to a run."""
        key = find_record_key(record_key)
        del record_key
        ADD_SESSION_ATTACHMENTS.request({"session_id": session_id}, record_key=key)

        async def declare(attachments: Sequence[NewAttachment]) -> Session:
            body = {"attachments": declarations("attachments", attachments, "session")}
            request = ADD_SESSION_ATTACHMENTS.request(
                {"session_id": session_id}, body=body, record_key=key
            )
            return await self._write(request, retry_ambiguous=retry_ambiguous)

        return await attach(
            self._transport,
            declare,
            files,
            "session",
            allow_env=allow_env,
            timeout=timeout,
            on_progress=on_progress,
        )
