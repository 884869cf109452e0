"""Actions: the rules of a project that skip, quarantine or tag tests."""

from typing import Any, Literal, get_args

import msgspec

from currents_async.testing._world.facts import Wire
from currents_async.testing._world.ids import base62, iso, stream
from currents_async.testing._world.run import Versions

Status = Literal["active", "disabled", "archived", "expired"]
STATUSES = get_args(Status)
ACTOR = "api:keyName"
"""The actor of everything that is done over the API."""


class WorldAction(msgspec.Struct, kw_only=True):
    """An action as it is now."""

    action_id: str
    project_id: str
    number: int
    """Counts the actions of the world, from 1."""
    fields: dict[str, Any]
    """What its owner chose, in the wire's form."""
    expires: int | None
    """Milliseconds since the world's `EPOCH`."""
    history: dict[str, Any]
    """`createdAt` and `createdBy`, and the like for other events."""

    def status(self, now: int) -> Status:
        """Return the status at a time in milliseconds since `EPOCH`."""
        if "archivedAt" in self.history:
            return "archived"
        if "disabledAt" in self.history:
            return "disabled"
        return "active" if self.expires is None or now < self.expires else "expired"

    def payload(self, now: int) -> Wire:
        """Return the action as the service sends it."""
        return {
            "actionId": self.action_id,
            **self.fields,
            "status": self.status(now),
            **self.history,
        }

    def note(self, event: str, now: int) -> None:
        """Record an event, such as `disabled`."""
        self.history[f"{event}At"] = iso(now)
        self.history[f"{event}By"] = ACTOR


class WorldActions(dict[str, WorldAction]):
    """All actions of a world by their ID, in the order in which they were made."""

    def __init__(self, seed: int, versions: Versions) -> None:
        super().__init__()
        self._seed = seed
        self._versions = versions

    def add(
        self, project_id: str, fields: dict[str, Any], expires: int | None, now: int
    ) -> WorldAction:
        """Make an action."""
        number = len(self) + 1
        action = WorldAction(
            action_id=base62(stream(self._seed, "action", number), 16),
            project_id=project_id,
            number=number,
            fields=fields,
            expires=expires,
            history={},
        )
        action.note("created", now)
        self[action.action_id] = action
        next(self._versions)
        return action

    def change(
        self, action: WorldAction, fields: dict[str, Any], expires: int | None, now: int
    ) -> None:
        """Replace some of the fields of an action."""
        action.fields.update(fields)
        if "expiresAfter" in fields:
            action.expires = expires
        self._update(action, now)

    def disable(self, action: WorldAction, now: int) -> None:
        """Disable an action."""
        if "disabledAt" not in action.history:
            action.note("disabled", now)
            self._update(action, now)

    def enable(self, action: WorldAction, now: int) -> None:
        """Enable an action."""
        if action.history.pop("disabledAt", None) is not None:
            del action.history["disabledBy"]
            self._update(action, now)

    def archive(self, action: WorldAction, now: int) -> None:
        """Archive an action for good."""
        if "archivedAt" not in action.history:
            action.note("archived", now)
            next(self._versions)

    def _update(self, action: WorldAction, now: int) -> None:
        action.note("updated", now)
        next(self._versions)
