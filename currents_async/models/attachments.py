"""Files attached to runs and sessions: what to declare, and the responses to it.

Source: `docs/api/operations.md`, "Attachments and sessions".
"""

from collections.abc import Mapping
from typing import Literal, TypedDict

import msgspec

from currents_async.models._model import Model, SecretModel

__all__ = [
    "AttachmentTarget",
    "AttachmentType",
    "CIBuild",
    "DeclaredAttachment",
    "NewAttachment",
    "RunAttachments",
    "Session",
    "SessionStatus",
]

AttachmentType = Literal["attachment", "screenshot", "video", "trace"]
"""What a file is. Of a run or a test without an attempt, only `attachment`; of an instance no
`trace`."""

SessionStatus = Literal["passed", "failed"]
"""How a session ended."""


class AttachmentTarget(TypedDict, total=False):
    """What the files of a run belong to: without any of these, the run itself."""

    instance_id: str
    spec: str
    """The path of a spec file, instead of `instance_id`."""
    group_id: str
    """Where a spec file ran in more than one group."""
    test_id: str
    """A test of the instance or spec file."""
    test_title: str
    """The titles of suites and test joined by ` > `, or the last of them, instead of `test_id`."""
    attempt: int
    """An attempt at the test; counts from 0."""
    machine_id: str
    """Files the attachments of a run under a machine, or chooses among the instances of a spec."""


class CIBuild(msgspec.Struct, frozen=True, kw_only=True):
    """A CI build as a reporter describes it, from which the API derives its build ID."""

    provider: str | None = None
    params: Mapping[str, object] = {}


class NewAttachment(msgspec.Struct, frozen=True, kw_only=True):
    """A file to declare."""

    name: str
    """1 to 1024 characters; two traces of one request need different names."""
    type: AttachmentType = "attachment"
    content_type: str
    """Of a trace `application/zip`, of a screenshot PNG, JPEG, WebP or GIF, of a video any."""
    size_bytes: int | None
    """The exact size, 1 to 1,073,741,824; only `sessions.create` takes None, if it is unknown."""
    caption: str | None = None
    """At most 1000 characters."""
    meta: Mapping[str, str] = {}
    """At most 20 pairs, 2 KB in all: keys of 1 to 64 letters, digits, `_` and `-`."""


class DeclaredAttachment(SecretModel, frozen=True, gc=False, kw_only=True):
    """A file that has been declared, and where to upload it.

    Whoever has the URL can upload the file, so no `repr` shows it, and it cannot be pickled.
    """

    _secrets = ("upload_url", "upload_headers")

    attachment_id: str
    upload_url: str
    """On another host, for one PUT; it must never receive the API key."""
    upload_headers: dict[str, str] | None = None
    """Exactly the headers to send; None for the declared content type alone."""
    name: str | None = None
    type: str | None = None
    """An `AttachmentType`, or one that is newer than this library."""


class RunAttachments(Model, frozen=True, gc=False, kw_only=True):
    """The files of one request, in the order in which they were declared."""

    run_id: str
    level: str | None = None
    """What they belong to: `run`, `instance`, `test` or `attempt`."""
    instance_id: str | None = None
    test_id: str | None = None
    attempt: int | None = None
    """Counts from 0."""
    attachments: tuple[DeclaredAttachment, ...] = ()
    upload_expires_in_seconds: int | None = None
    """How long the upload URLs last, from the response; None if it is not said."""


class Session(Model, frozen=True, gc=False, kw_only=True):
    """A session, and the files of one request, in the order in which they were declared."""

    session_id: str
    attachments: tuple[DeclaredAttachment, ...] = ()
    upload_expires_in_seconds: int | None = None
    """How long the upload URLs last, from the response; None if it is not said."""
