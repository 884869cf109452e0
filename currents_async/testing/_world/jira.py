"""A Jira that the organisation has connected: projects, issue types and issues."""

import re
from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from currents_async.testing._world.facts import Wire
from currents_async.testing._world.ids import base62, hexadecimal, stream
from currents_async.testing._world.text import AREAS

_TYPES = ("Bug", "Task", "Story", "Epic", "Sub-task", "Incident", "Test")
_KEY = re.compile(r"([A-Z][A-Z0-9]*)-[1-9][0-9]*")


class WorldIssue(msgspec.Struct, frozen=True, kw_only=True):
    """An issue about a failed test."""

    issue_id: str
    key: str
    """For example `CART1-12`."""
    run_id: str
    test_id: str
    issue_type: str
    fields: Mapping[str, object] = MappingProxyType({})
    """The custom fields that were sent along, by their IDs."""
    comment: str | None = None
    created: bool = True
    """False for an existing issue that was linked."""


class WorldJira:
    """A Jira installation.

    The same seed gives the same one; the number of its projects and issue types can be chosen, to
    fill lists.
    """

    issues: list[WorldIssue]
    """The issues created and linked over the API, in that order."""

    def __init__(self, seed: int, number: int, *, projects: int, issue_types: int) -> None:
        rng = stream(seed, "jira", number)
        self.installation_id: str = hexadecimal(rng, 24)
        names = (f"{rng.choice(AREAS).capitalize()} {base62(rng, 3)}" for _ in range(projects))
        self.projects: list[Wire] = [
            {
                "id": str(10_000 + index),
                "key": f"{rng.choice(AREAS)[:4].upper()}{index}",
                "name": name,
            }
            for index, name in enumerate(names, 1)
        ]
        self.issue_types: list[Wire] = [
            {
                "id": str(20_000 + index),
                "name": _TYPES[index] if index < len(_TYPES) else f"Type {index + 1}",
                "subtask": index < len(_TYPES) and _TYPES[index] == "Sub-task",
            }
            for index in range(issue_types)
        ]
        self.issues = []

    def project(self, project_id: str) -> Wire | None:
        """Find a project by its ID."""
        return next((one for one in self.projects if one["id"] == project_id), None)

    def has_issue_type(self, issue_type: str) -> bool:
        """Return whether there is an issue type with this ID."""
        return any(one["id"] == issue_type for one in self.issue_types)

    def next_key(self, project: Wire) -> str:
        """Return the key of the next issue in a project."""
        keys = {issue.key for issue in self.issues if issue.key.startswith(f"{project['key']}-")}
        number = len(keys) + 1
        while f"{project['key']}-{number}" in keys:
            number += 1
        return f"{project['key']}-{number}"

    @staticmethod
    def is_key_of(project: Wire, key: str) -> bool:
        """Return whether a key could be that of an issue in a project."""
        found = _KEY.fullmatch(key)
        return found is not None and found[1] == project["key"]
