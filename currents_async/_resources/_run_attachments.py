"""Files of runs: POST /runs/…/attachments."""

from collections.abc import Sequence
from functools import partial
from typing import Unpack

from currents_async._resources._attachments import (
    ADD_RUN_ATTACHMENTS,
    ADD_RUN_ATTACHMENTS_BY_CI,
    build_body,
    run_body,
)
from currents_async._resources._group import Group, compound
from currents_async._uploads.attach import AttachResult, Progress, attach
from currents_async._uploads.files import AttachmentFile
from currents_async._wire.attachments import level_of, target_fields
from currents_async._wire.record_key import find_record_key
from currents_async.models.attachments import (
    AttachmentTarget,
    CIBuild,
    NewAttachment,
    RunAttachments,
)


class RunFiles(Group):
    """The part of `runs` that attaches files."""

    __slots__ = ()

    async def add_attachments(
        self,
        run_id: str,
        attachments: Sequence[NewAttachment],
        *,
        retry_ambiguous: bool = False,
        **target: Unpack[AttachmentTarget],
    ) -> RunAttachments:
        """Declare 1 to 50 files of a run, or of a part of it, and return where to upload them.

        The fields of `AttachmentTarget` say which part: `instance_id` or `spec` of a spec file,
        `test_id` or `test_title` of one of its tests, and the `attempt`. Nothing is uploaded:
        `attach` does both. Raises `ConflictError` if several specs or tests fit, `NotFoundError`,
        and `UnprocessableError` if recording is suspended. When it is unknown whether the files
        were declared, raises `AmbiguousError`; with `retry_ambiguous=True` the request is sent
        again instead, which may declare them twice. Source: `docs/api/operations.md`,
        "Attachments and sessions".
        """
        body = run_body(target, attachments)
        request = ADD_RUN_ATTACHMENTS.request({"run_id": run_id}, body=body)
        return await self._write(request, retry_ambiguous=retry_ambiguous)

    async def add_attachments_by_ci(
        self,
        attachments: Sequence[NewAttachment],
        *,
        project_id: str | None = None,
        ci_build_id: str | None = None,
        ci: CIBuild | None = None,
        record_key: str | None = None,
        retry_ambiguous: bool = False,
        **target: Unpack[AttachmentTarget],
    ) -> RunAttachments:
        """Declare 1 to 50 files of the run of a CI build, as `add_attachments` does.

        The build is `ci_build_id`, or `ci`, from which the API derives the ID. `project_id`
        defaults to the client's. With the project's `record_key` the request carries that instead
        of the client's credential. Raises `ConflictError` also if several runs fit.
        """
        key = find_record_key(record_key)
        del record_key  # from here on, a traceback with locals shows no secret
        build = build_body(self._project(project_id), ci_build_id, ci)
        body = {**build, **run_body(target, attachments)}
        request = ADD_RUN_ATTACHMENTS_BY_CI.request(body=body, record_key=key)
        return await self._write(request, retry_ambiguous=retry_ambiguous)

    @compound
    async def attach(
        self,
        run_id: str,
        files: Sequence[AttachmentFile],
        *,
        allow_env: bool = False,
        timeout: float | None = None,  # noqa: ASYNC109 - of each upload, by the client's clock
        on_progress: Progress | None = None,
        retry_ambiguous: bool = False,
        **target: Unpack[AttachmentTarget],
    ) -> AttachResult:
        """Upload files and attach them to a run, or to a part of it.

        ```python
        report = AttachmentFile(path="report.html", caption="All slow tests")
        result = await currents.runs.attach(run_id, [report], spec="web/cart.spec.ts")
        for file in result.failed:
            print(file.path, file.error)
        ```

        `target` is that of `add_attachments`. All files are checked first: each has 1 byte to 1
        GiB, and none is called `.env` or `.env.…` unless `allow_env` is set, for all who see the
        run can read them. Then they are declared, at most 50 and 100 MiB at a time, and streamed
        from the disk to the storage, 4 at a time. Its host receives neither the API key nor
        cookies. An upload is tried again as `Retries` says after a 408, 429, 5xx or a broken
        connection; after another 4xx, and when its URL has expired, the file is declared anew.
        `Timeouts.connect` and `Timeouts.read` apply; each upload may take `timeout` seconds, by
        default any time. `on_progress` is called often, with the result so far.

        A file that fails does not stop the others: its `error` says why, for example
        `FileChangedError`. Only what fails before any file is declared is raised, as
        `add_attachments` raises it.
        """
        level, fields = level_of(target), target_fields(target).body
        ADD_RUN_ATTACHMENTS.request({"run_id": run_id}, body=fields)  # an invalid ID is refused now
        return await attach(
            self._transport,
            partial(self.add_attachments, run_id, retry_ambiguous=retry_ambiguous, **target),
            files,
            level,
            allow_env=allow_env,
            timeout=timeout,
            on_progress=on_progress,
        )

    @compound
    async def attach_by_ci(
        self,
        files: Sequence[AttachmentFile],
        *,
        project_id: str | None = None,
        ci_build_id: str | None = None,
        ci: CIBuild | None = None,
        record_key: str | None = None,
        allow_env: bool = False,
        timeout: float | None = None,  # noqa: ASYNC109 - of each upload, by the client's clock
        on_progress: Progress | None = None,
        retry_ambiguous: bool = False,
        **target: Unpack[AttachmentTarget],
    ) -> AttachResult:
        """Upload files and attach them to the run of a CI build, as `attach` does.

        The build and `record_key` are those of `add_attachments_by_ci`.
        """
        key = find_record_key(record_key)
        del record_key  # from here on, a traceback with locals shows no secret
        level, fields = level_of(target), target_fields(target).body
        build = build_body(self._project(project_id), ci_build_id, ci)
        ADD_RUN_ATTACHMENTS_BY_CI.request(body={**build, **fields}, record_key=key)

        async def declare(attachments: Sequence[NewAttachment]) -> RunAttachments:
            body = {**build, **run_body(target, attachments)}
            request = ADD_RUN_ATTACHMENTS_BY_CI.request(body=body, record_key=key)
            return await self._write(request, retry_ambiguous=retry_ambiguous)

        return await attach(
            self._transport,
            declare,
            files,
            level,
            allow_env=allow_env,
            timeout=timeout,
            on_progress=on_progress,
        )
