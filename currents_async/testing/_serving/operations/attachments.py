"""Attachments and sessions: files are declared here, and uploaded to the host of assets.

Source: `docs/api/operations.md`, "Attachments and sessions".
"""

from collections.abc import Iterable
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from currents_async._resources._attachments import (
    ADD_RUN_ATTACHMENTS,
    ADD_RUN_ATTACHMENTS_BY_CI,
    ADD_SESSION_ATTACHMENTS,
    CREATE_SESSION,
)
from currents_async.testing._serving.api_request import ApiRequest, Route, known_project
from currents_async.testing._serving.api_response import ApiResponse, RefusedError, found
from currents_async.testing._world.attachments import UPLOAD_SECONDS, UPLOADS, WorldAttachment
from currents_async.testing._world.executions import join_title
from currents_async.testing._world.facts import Wire
from currents_async.testing._world.ids import hexadecimal, stream
from currents_async.testing._world.schema_2 import read_tests
from currents_async.testing.world import World, WorldRun

_TYPES = {"run": "a", "instance": "avs", "test": "a", "attempt": "avst", "session": "avst"}
"""By level, the initials of the types that it takes."""


def add_run_attachments(world: World, request: ApiRequest) -> ApiResponse:
    """POST /runs/{runId}/attachments."""
    request.end()
    body = request.read_body(_NewRunAttachments)
    run = found(world.runs.get(request.path_args["run_id"]), "Run")
    return ApiResponse(_add_to_run(world, run, body), status=201)


def add_run_attachments_by_ci(world: World, request: ApiRequest) -> ApiResponse:
    """POST /runs/attachments: of the newest run of the build.

    A build ID is derived from `ci.params.ciBuildId`, with which it begins, so that several may fit.
    """
    request.end()
    body = request.read_body(_NewBuildAttachments)
    known_project(world, body.project_id)
    newest = {
        run.ci_build_id: run
        for run in world.runs.values()
        if run.project_id == body.project_id and body.is_of(run.ci_build_id or "")
    }
    _check_one("run", [{"runId": run.run_id, "ciBuildId": build} for build, run in newest.items()])
    run = found(next(iter(newest.values()), None), "Run")
    return ApiResponse(_add_to_run(world, run, body), status=201)


def create_session(world: World, request: ApiRequest) -> ApiResponse:
    """POST /sessions."""
    request.end()
    body = request.read_body(_NewSession)
    known_project(world, body.project_id)
    session_id = hexadecimal(stream(world.seed, "session", len(world.sessions)), 24)
    world.sessions[session_id] = msgspec.json.decode(request.body)
    owner = {"sessionId": session_id}
    return ApiResponse(
        {**owner, "attachments": _declare(world, body.attachments, owner, "session")},
        status=201,
    )


def add_session_attachments(world: World, request: ApiRequest) -> ApiResponse:
    """POST /sessions/{sessionId}/attachments."""
    request.end()
    body = request.read_body(_NewSessionAttachments)
    owner = {"sessionId": request.path_args["session_id"]}
    found(world.sessions.get(owner["sessionId"]), "Session")
    declared = _declare(world, body.attachments, owner, "session", sized=True)
    return ApiResponse(
        {**owner, "attachments": declared, "uploadExpiresInSeconds": UPLOAD_SECONDS}, status=201
    )


def _add_to_run(world: World, run: WorldRun, body: "_NewRunAttachments") -> Wire:
    owner: Wire = {"runId": run.run_id, "level": body.level}
    if body.level != "run":
        instance_id = _find_instance(run, body)
        owner["instanceId"] = instance_id
        if body.level != "instance":
            owner["testId"] = _find_test(world, instance_id, body)
        if body.attempt is not None:
            owner["attempt"] = body.attempt
    declared = _declare(world, body.attachments, owner, body.level, sized=True)
    return {**owner, "attachments": declared, "uploadExpiresInSeconds": UPLOAD_SECONDS}


def _find_instance(run: WorldRun, body: "_NewRunAttachments") -> str:
    fitting = [
        {"instanceId": one.instance_id, "spec": one.path}
        for one in run.specs
        if one.instance_id
        and (body.instance_id == one.instance_id or body.spec == one.path)
        and body.group_id in {None, one.group_id}
        and body.machine_id in {None, one.machine_id}
    ]
    _check_one("spec", fitting)
    return str(found(fitting[0] if fitting else None, "Instance")["instanceId"])


def _find_test(world: World, instance_id: str, body: "_NewRunAttachments") -> str:
    instance = found(world.instance(instance_id), "Instance")
    fitting = [
        {
            "instanceId": instance_id,
            "testId": test["testId"],
            "spec": instance.get("spec"),
            "title": join_title(test["title"]),
        }
        for test in read_tests(instance)
        if body.test_id == test["testId"]
        or body.test_title in {join_title(test["title"]), test["title"][-1]}
    ]
    _check_one("test", fitting)
    return str(found(fitting[0] if fitting else None, "Test")["testId"])


def _check_one(what: str, candidates: list[Wire]) -> None:
    if len(candidates) > 1:
        raise RefusedError(
            409,
            f"More than one {what} matches",
            extra={"code": "ambiguous_target", "candidates": candidates},
        )


def _declare(
    world: World,
    files: Iterable["_NewFile"],
    owner: Wire,
    level: str,
    *,
    sized: bool = False,
) -> list[Wire]:
    files = list(files)
    traces = [one.name for one in files if one.type == "trace"]
    if len({*traces}) < len(traces):
        raise RefusedError(400, "Two traces have the same name")
    for one in files:
        if one.type[0] not in _TYPES[level]:
            raise RefusedError(400, f"The level {level} takes no {one.type}")
        if sized and one.size_bytes is None:
            raise RefusedError(400, "sizeBytes is required")
    return [_declare_one(world, one, owner) for one in files]


def _declare_one(world: World, one: "_NewFile", owner: Wire) -> Wire:
    attachment_id, upload_id = world.attachments.next_ids()
    world.attachments[attachment_id] = WorldAttachment(
        attachment_id=attachment_id,
        upload_id=upload_id,
        owner=owner,
        name=one.name,
        type=one.type,
        content_type=one.content_type,
        size_bytes=one.size_bytes,
        caption=one.caption,
        meta=one.meta,
    )
    return {
        "attachmentId": attachment_id,
        "name": one.name,
        "type": one.type,
        "uploadUrl": f"{UPLOADS}/{world.org_id}/uploads/{upload_id}",
        "uploadHeaders": {"Content-Type": one.content_type},
    }


_Text255 = Annotated[str, Meta(min_length=1, max_length=255)]
_Text1024 = Annotated[str, Meta(min_length=1, max_length=1024)]
_UpTo1024 = Annotated[str, Meta(max_length=1024)]
_Text2048 = Annotated[str, Meta(min_length=1, max_length=2048)]
_Text10000 = Annotated[str, Meta(max_length=10_000)]
_MetaKey = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,64}$")]


class _NewFile(msgspec.Struct, rename="camel", forbid_unknown_fields=True, kw_only=True):
    name: _Text1024
    type: Literal["attachment", "screenshot", "video", "trace"]
    content_type: Annotated[str, Meta(max_length=255, pattern=r"^[^/\s]+/[^/\s;]+(\s*;.*)?$")]
    size_bytes: Annotated[int, Meta(ge=1, le=1024**3)] | None = None
    caption: Annotated[str, Meta(max_length=1000)] | None = None
    meta: Annotated[dict[_MetaKey, Annotated[str, Meta(max_length=256)]], Meta(max_length=20)] = {}


_Files = Annotated[list[_NewFile], Meta(min_length=1, max_length=50)]


class _NewSessionAttachments(
    msgspec.Struct, rename="camel", forbid_unknown_fields=True, kw_only=True
):
    attachments: _Files


class _NewRunAttachments(
    _NewSessionAttachments, rename="camel", forbid_unknown_fields=True, kw_only=True
):
    instance_id: _Text255 | None = None
    spec: _Text2048 | None = None
    group_id: _Text255 | None = None
    test_id: _Text1024 | None = None
    test_title: _Text2048 | None = None
    attempt: Annotated[int, Meta(ge=0, le=1000)] | None = None
    machine_id: _Text255 | None = None

    def __post_init__(self) -> None:
        if (self.instance_id and self.spec) or (self.test_id and self.test_title):
            raise ValueError("this is not a target of attachments")
        if self._has_test and not (self.instance_id or self.spec):
            raise ValueError("a test needs an instance or a spec")
        if self.attempt is not None and not self._has_test:
            raise ValueError("attempt needs a test")

    @property
    def _has_test(self) -> bool:
        return bool(self.test_id or self.test_title)

    @property
    def level(self) -> str:
        if self._has_test:
            return "test" if self.attempt is None else "attempt"
        return "instance" if self.instance_id or self.spec else "run"


class _CI(msgspec.Struct, forbid_unknown_fields=True):
    provider: str | None
    params: dict[str, Any]


class _NewBuildAttachments(
    _NewRunAttachments, rename="camel", forbid_unknown_fields=True, kw_only=True
):
    project_id: str
    ci_build_id: str | None = None
    ci: _CI | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.ci_build_id is None) is (self.ci is None):
            raise ValueError("either ciBuildId or ci is required")

    def is_of(self, ci_build_id: str) -> bool:
        """Return whether a build is meant."""
        if self.ci is None:
            return ci_build_id == self.ci_build_id
        return ci_build_id.startswith(self.ci.params.get("ciBuildId") or "\0")


class _Commit(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    sha: _UpTo1024 | None = None
    branch: _UpTo1024 | None = None
    author_name: _UpTo1024 | None = None
    author_email: _UpTo1024 | None = None
    remote_origin: _UpTo1024 | None = None
    message: _Text10000 | None = None


class _PullRequest(msgspec.Struct, forbid_unknown_fields=True):
    link: _Text2048 | None = None
    id: Annotated[str, Meta(max_length=256)] | None = None


class _NewSession(msgspec.Struct, rename="camel", forbid_unknown_fields=True, kw_only=True):
    project_id: str
    title: _Text1024
    status: Literal["passed", "failed"]
    error: _Text10000 | None = None
    duration_ms: Annotated[int, Meta(ge=0, le=86_400_000)] | None = None
    tags: Annotated[list[_Text255], Meta(max_length=20)] = []
    commit: _Commit | None = None
    pr: _PullRequest | None = None
    ci: _CI | None = None
    attachments: Annotated[list[_NewFile], Meta(max_length=50)] = []


ROUTES = (
    Route(ADD_RUN_ATTACHMENTS, add_run_attachments),
    Route(ADD_RUN_ATTACHMENTS_BY_CI, add_run_attachments_by_ci),
    Route(CREATE_SESSION, create_session),
    Route(ADD_SESSION_ATTACHMENTS, add_session_attachments),
)
