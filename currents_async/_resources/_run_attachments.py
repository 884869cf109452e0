"""Files of runs: POST /runs/…/attachments."""

from collections.abc import Sequence
from typing import Unpack

from currents_async._resources._attachments import (
    ADD_RUN_ATTACHMENTS,
    ADD_RUN_ATTACHMENTS_BY_CI,
    build_body,
    run_body,
)
from currents_async._resources._group import Group
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
        options = self._transport.options(repeat_writes=retry_ambiguous)
        body = run_body(target, attachments)
        request = ADD_RUN_ATTACHMENTS.request({"run_id": run_id}, body=body)
        return await self._transport.call(request, options)

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
        options = self._transport.options(repeat_writes=retry_ambiguous)
        build = build_body(self._project(project_id), ci_build_id, ci)
        body = {**build, **run_body(target, attachments)}
        request = ADD_RUN_ATTACHMENTS_BY_CI.request(body=body, record_key=key)
        return await self._transport.call(request, options)
