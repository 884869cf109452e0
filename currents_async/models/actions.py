"""Actions, which skip, quarantine or tag tests: the responses of /actions and its siblings.

Source: `docs/api/operations.md`, "Actions".
"""

from datetime import UTC, datetime
from typing import Literal

import msgspec
from msgspec import field

from currents_async.models._model import Model, OpenEnum, OpenModel, Timestamp
from currents_async.models.matchers import Matcher

__all__ = [
    "Action",
    "ActionStatus",
    "ActionStatusFilter",
    "ActionTypeFilter",
    "Actor",
    "AffectedExecution",
    "AffectedTest",
    "ArchivedAction",
    "Effect",
    "EffectOperation",
    "QuarantineKind",
]

ActionStatusFilter = Literal["active", "disabled", "archived", "expired"]
"""The status of actions that are listed, as an argument of `actions.list`."""

ActionTypeFilter = Literal["quarantine", "skip", "tag"]
"""What actions do to tests, as an argument of `actions.affected_tests`."""

QuarantineKind = Literal["quarantine", "extend", "lift", "broken", "overdue", "keep", "leave"]
"""What a quarantine policy decides about a test: see `QuarantineDecision.kind`."""


class ActionStatus(OpenEnum):
    """Whether an action applies."""

    ACTIVE = "active"
    DISABLED = "disabled"
    ARCHIVED = "archived"
    EXPIRED = "expired"


class EffectOperation(OpenEnum):
    """The kinds of effects."""

    SKIP = "skip"
    QUARANTINE = "quarantine"
    TAG = "tag"
    UNKNOWN = "unknown"
    """The server does not say."""


class _TagDetails(Model, frozen=True, gc=False, kw_only=True):
    tags: tuple[str, ...] = ()


class Effect(OpenModel, frozen=True, gc=False, kw_only=True):
    """One thing that an action does to matching tests."""

    op: EffectOperation = EffectOperation.UNKNOWN
    details: dict[str, object] | None = None
    """The operation's parameters, as in the JSON: for `tag`, the tags."""

    @classmethod
    def skip(cls) -> "Effect":
        """Do not run the tests."""
        return cls(op=EffectOperation.SKIP)

    @classmethod
    def quarantine(cls) -> "Effect":
        """Run the tests, but ignore their failures."""
        return cls(op=EffectOperation.QUARANTINE)

    @classmethod
    def tag(cls, *tags: str) -> "Effect":
        """Add tags to the tests, at most 10."""
        return cls(op=EffectOperation.TAG, details={"tags": [*tags]})

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags that are added."""
        try:
            return msgspec.convert(self.details or {}, _TagDetails).tags
        except msgspec.ValidationError:
            return ()


class Actor(OpenModel, frozen=True, gc=False, kw_only=True):
    """Who did something: a person or an API key."""

    type: str | None = None
    id: str | None = None
    name: str | None = None


class Action(OpenModel, frozen=True, gc=False, kw_only=True):
    """A rule that does something to all matching tests."""

    action_id: str
    name: str = ""
    description: str | None = None
    action: tuple[Effect, ...] = ()
    """What it does to matching tests."""
    matcher: Matcher | None = None
    status: ActionStatus | None = None
    created_at: Timestamp | None = None
    created_by: Actor | str | None = None
    updated_at: Timestamp | None = None
    updated_by: Actor | str | None = None
    disabled_at: Timestamp | None = None
    disabled_by: Actor | str | None = None
    archived_at: Timestamp | None = None
    archived_by: Actor | str | None = None
    expires_after_text: str | None = field(default=None, name="expiresAfter")
    """A day or a point in time, as on the wire: read `expires_after`."""

    @property
    def expires_after(self) -> datetime | None:
        """When it stops applying (a day means midnight in UTC); None if it never does."""
        try:
            moment = datetime.fromisoformat(self.expires_after_text or "")
        except ValueError:
            return None
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment

    @property
    def is_active(self) -> bool:
        """Whether it applies now."""
        return self.status == ActionStatus.ACTIVE


class ArchivedAction(Model, frozen=True, gc=False, kw_only=True):
    """The response to deleting an action, which archives it."""

    action_id: str | None = None
    archived: bool | None = None


class AffectedTest(OpenModel, frozen=True, gc=False, kw_only=True):
    """A test that actions affected; the API documents no more of it."""

    signature: str | None = None
    """Identifies the test: an argument of `actions.executions`."""
    title: str | tuple[str, ...] | None = None
    spec: str | None = None
    """The path of the spec file."""


class AffectedExecution(OpenModel, frozen=True, gc=False, kw_only=True):
    """An execution of a test that actions affected; the API documents no more of it."""

    cursor: str | None = None
    """Its position in the list."""
    signature: str | None = None
    run_id: str | None = None
    instance_id: str | None = None
    test_id: str | None = None
    title: str | tuple[str, ...] | None = None
    spec: str | None = None
    """The path of the spec file."""
