"""Webhooks: the URLs that a project calls when something happens to its runs."""

from typing import Any

import msgspec

from currents_async.testing._world.facts import Wire
from currents_async.testing._world.ids import iso, stream, uuid


class WorldWebhook(msgspec.Struct, kw_only=True):
    """A webhook as it is now."""

    hook_id: str
    project_id: str
    fields: dict[str, Any]
    """What its owner chose, as it is spelled on the wire."""
    created: int
    updated: int

    @property
    def payload(self) -> Wire:
        """The webhook as the service spells it."""
        return {
            "hookId": self.hook_id,
            "projectId": self.project_id,
            **self.fields,
            "createdAt": iso(self.created),
            "updatedAt": iso(self.updated),
        }


class Webhooks(dict[str, WorldWebhook]):
    """All webhooks of a world by their ID, in the order in which they were made."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._seed = seed
        self._made = 0

    def add(self, project_id: str, fields: dict[str, Any], now: int) -> WorldWebhook:
        """Make a webhook."""
        self._made += 1
        hook_id = uuid(stream(self._seed, "webhook", self._made))
        hook = WorldWebhook(
            hook_id=hook_id, project_id=project_id, fields=fields, created=now, updated=now
        )
        self[hook_id] = hook
        return hook
