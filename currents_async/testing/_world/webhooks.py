"""Webhooks: the URLs that a project calls when something happens to its runs.

Source: `docs/api/operations.md`, "Webhooks"; `docs/api/webhooks.md`, "Body".
"""

from typing import Any, Literal, get_args

import msgspec

from currents_async.errors import InvalidArgumentError
from currents_async.testing._world.facts import Wire
from currents_async.testing._world.ids import iso, stream, uuid
from currents_async.testing._world.run import WorldRun

Event = Literal["RUN_FINISH", "RUN_START", "RUN_TIMEOUT", "RUN_CANCELED"]
EVENTS = get_args(Event)
_COMMIT = (
    "sha",
    "branch",
    "authorName",
    "authorEmail",
    "message",
    "remoteOrigin",
    "defaultBranch",
)
_COUNTERS = ("overall", "passes", "failures", "pending", "skipped", "retries", "flaky")


class WorldWebhook(msgspec.Struct, kw_only=True):
    """A webhook as it is now; its headers hold a shared secret, and are not in its `repr`."""

    hook_id: str
    project_id: str
    fields: dict[str, Any]
    """What its owner chose, in the wire's form."""
    created: int
    updated: int

    @property
    def url(self) -> str:
        """The URL that is called."""
        url: str = self.fields["url"]
        return url

    @property
    def headers(self) -> dict[str, str]:
        """The headers that it is called with, such as a shared secret."""
        return msgspec.json.decode(self.fields.get("headers") or "{}", type=dict[str, str])

    def wants(self, project_id: str, event: str) -> bool:
        """Return whether it is to be called for an event of a project."""
        return project_id == self.project_id and event in self.fields["hookEvents"]

    @property
    def payload(self) -> Wire:
        """The webhook as the service sends it."""
        return {
            "hookId": self.hook_id,
            "projectId": self.project_id,
            **self.fields,
            "createdAt": iso(self.created),
            "updatedAt": iso(self.updated),
        }

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        names = ("hook_id", "project_id", "url")
        return [(name, getattr(self, name)) for name in names]

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"{type(self).__name__}({shown})"


class WorldWebhooks(dict[str, WorldWebhook]):
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


def event_to_wire(run: WorldRun, event: str, group_id: str | None) -> Wire:
    """Return what is posted about a run as it is now, or about one of its groups."""
    payload = run.payload
    groups: list[Wire] = payload.get("groups") or []
    if group_id is not None:
        groups = [group for group in groups if group["groupId"] == group_id]
        if not groups:
            raise InvalidArgumentError(f"run {run.run_id} has no group {group_id!r}")
    tests: list[Wire] = [group.get("tests") or {} for group in groups]
    commit: Wire = payload.get("meta", {}).get("commit") or {}
    return {
        "event": event,
        "runUrl": f"https://app.currents.dev/run/{run.run_id}",
        "buildId": run.ci_build_id,
        **({} if group_id is None else {"groupId": group_id}),
        "tags": run.tags,
        "commit": {name: commit.get(name) for name in _COMMIT},
        **{name: sum(counters.get(name, 0) for counters in tests) for name in _COUNTERS},
    }
