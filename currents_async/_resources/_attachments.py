"""The requests that declare attachments: their wire facts and bodies.

Source: `docs/api/operations.md`, "Attachments and sessions".
"""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, get_args

from currents_async._checks import (
    check_choice,
    check_int,
    check_prose,
    check_text,
    check_texts,
    check_type,
)
from currents_async._wire.attachments import declarations, encode_ci, level_of, target_fields
from currents_async._wire.endpoint import Endpoint
from currents_async._wire.fields import Fields, given
from currents_async.errors import InvalidArgumentError
from currents_async.models.attachments import (
    AttachmentTarget,
    CIBuild,
    NewAttachment,
    RunAttachments,
    Session,
    SessionStatus,
)
from currents_async.models.common import Commit

_AMBIGUOUS = (409, "name the target more exactly, for example by instance_id and test_id")
_SUSPENDED = (422, "recording may be suspended, or the subscription may have expired")

ADD_RUN_ATTACHMENTS = Endpoint(
    "addRunAttachments",
    "POST",
    "/runs/{run_id}/attachments",
    RunAttachments,
    hints=(_AMBIGUOUS, _SUSPENDED),
)
ADD_RUN_ATTACHMENTS_BY_CI = Endpoint(
    "addRunAttachmentsByCI",
    "POST",
    "/runs/attachments",
    RunAttachments,
    hints=(_AMBIGUOUS, _SUSPENDED),
)
CREATE_SESSION = Endpoint("createSession", "POST", "/sessions", Session, hints=(_SUSPENDED,))
ADD_SESSION_ATTACHMENTS = Endpoint(
    "addSessionAttachments",
    "POST",
    "/sessions/{session_id}/attachments",
    Session,
    hints=(_SUSPENDED,),
)

_COMMIT = {
    "sha": "sha",
    "branch": "branch",
    "author_name": "authorName",
    "author_email": "authorEmail",
    "remote_origin": "remoteOrigin",
    "message": "message",
}
"""The fields of a commit that a session takes: all but its default branch."""
_MAX_DURATION_MS = 86_400_000


def run_body(target: AttachmentTarget, attachments: Iterable[NewAttachment]) -> dict[str, Any]:
    """Return the body of `ADD_RUN_ATTACHMENTS`."""
    level = level_of(target)
    fields = target_fields(target)
    return {**fields.body, "attachments": declarations("attachments", attachments, level)}


def build_body(project_id: str, ci_build_id: str | None, ci: CIBuild | None) -> dict[str, Any]:
    """Return what `ADD_RUN_ATTACHMENTS_BY_CI` has besides: which build it is."""
    if (ci_build_id is None) is (ci is None):
        raise InvalidArgumentError("pass either ci_build_id or ci")
    return (
        Fields()
        .put("project_id", project_id, check_text, wire="projectId")
        .put("ci_build_id", given(ci_build_id), check_text, wire="ciBuildId")
        .put("ci", given(ci), encode_ci)
        .body
    )


def session_body(
    project_id: str,
    title: str,
    status: SessionStatus,
    *,
    error: str | None,
    duration_ms: int | None,
    tags: Sequence[str],
    commit: Commit | None,
    pr_link: str | None,
    pr_id: str | None,
    ci: CIBuild | None,
    attachments: Sequence[NewAttachment],
) -> dict[str, Any]:
    """Return the body of `CREATE_SESSION`."""
    check_status = partial(check_choice, choices=get_args(SessionStatus))
    check_duration = partial(check_int, min_value=0, max_value=_MAX_DURATION_MS)
    declared = declarations("attachments", attachments, "session", new_session=True)
    return (
        Fields()
        .put("project_id", project_id, check_text, wire="projectId")
        .put("title", title, partial(check_text, max_length=1024))
        .put("status", status, check_status)
        .put("error", given(error), partial(check_prose, max_length=10_000))
        .put("duration_ms", given(duration_ms), check_duration, wire="durationMs")
        .put("tags", given(tags or None), _check_tags)
        .put("commit", given(commit), _encode_commit)
        .put("pr", given(_encode_pr(pr_link, pr_id)), lambda _, pr: pr)
        .put("ci", given(ci), encode_ci)
        .put("attachments", given(declared or None), lambda _, one: one)
        .body
    )


def _check_tags(name: str, tags: Sequence[str]) -> list[str]:
    return check_texts(name, tags, partial(check_text, max_length=255), max_items=20)


def _encode_commit(name: str, commit: Commit) -> dict[str, Any]:
    check_type(name, commit, Commit)
    fields = Fields()
    for field, wire in _COMMIT.items():
        check = partial(check_prose, max_length=10_000 if field == "message" else 1024)
        fields.put(f"{name}.{field}", given(getattr(commit, field)), check, wire=wire)
    return fields.body


def _encode_pr(link: str | None, pr_id: str | None) -> dict[str, str] | None:
    if link is not None and pr_id is not None:
        raise InvalidArgumentError("pass either pr_link or pr_id, not both")
    return (
        Fields()
        .put("pr_link", given(link), partial(check_text, max_length=2048), wire="link")
        .put("pr_id", given(pr_id), partial(check_text, max_length=256), wire="id")
        .body
    ) or None
