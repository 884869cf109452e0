"""Which executions the matcher of an action is about.

Source: `docs/api/operations.md`, "Actions", for types and operators. What they do with values
that are lists is not written down: see `_INCLUDING`.
"""

from collections.abc import Callable, Sequence
from operator import contains, eq

from currents_async.testing._world.actions import WorldAction
from currents_async.testing._world.executions import WorldExecution
from currents_async.testing._world.facts import Wire

_Values = Sequence[str]


def _git(name: str) -> Callable[[WorldExecution], _Values]:
    return lambda one: _some(one.run.commit.get(name))


def _some(value: str | None) -> _Values:
    return [value] if value else []


TRAITS: dict[str, Callable[[WorldExecution], _Values]] = {
    "testId": lambda one: [one.test_id],
    "project": lambda one: _some(one.group_id),
    "title": lambda one: [one.title[-1]],
    "file": lambda one: [one.spec],
    "git_branch": _git("branch"),
    "git_authorName": _git("authorName"),
    "git_authorEmail": _git("authorEmail"),
    "git_remoteOrigin": _git("remoteOrigin"),
    "git_message": _git("message"),
    "error_message": lambda one: [] if one.error is None else [one.error.message],
    "titlePath": lambda one: one.title,
    "annotation": lambda one: [text for kind, said in one.annotations for text in (kind, said)],
    "tag": lambda one: one.tags,
}
"""What a condition of each type tests; `project` is Playwright's, the group of the run."""

LISTED = frozenset({"error_message", "titlePath", "annotation", "tag"})
"""The types that have the operators of `_INCLUDING` too."""


_COMPARING: dict[str, Callable[[_Values, _Values], bool]] = {
    "eq": lambda have, wanted: any(one in have for one in wanted),
    "neq": lambda have, wanted: not any(one in have for one in wanted),
    "in": lambda have, wanted: any(one in have for one in wanted),
    "notIn": lambda have, wanted: not any(one in have for one in wanted),
    "any": lambda have, _: bool(have),
    "empty": lambda have, _: not have,
}
_INCLUDING: dict[str, Callable[[list[bool]], bool]] = {
    "inc": any,
    "notInc": lambda found: not any(found),
    "incAll": all,
    "notIncAll": lambda found: not all(found),
}
"""Error messages match by a part, lists by a whole item."""

OPERATORS = frozenset(_COMPARING)
LISTED_OPERATORS = OPERATORS | frozenset(_INCLUDING)


def matches(action: WorldAction, execution: WorldExecution) -> bool:
    """Return whether an action matches an execution, whatever its status and their dates."""
    matcher: Wire = action.fields["matcher"]
    verdicts = (_holds(condition, execution) for condition in matcher["cond"])
    return all(verdicts) if matcher["op"] == "AND" else any(verdicts)


def _holds(condition: Wire, execution: WorldExecution) -> bool:
    kind: str = condition["type"]
    have = TRAITS[kind](execution)
    value: str | list[str] | None = condition.get("value")
    wanted = [value] if isinstance(value, str) else value or []
    if condition["op"] in _COMPARING:
        return _COMPARING[condition["op"]](have, wanted)
    includes = contains if kind == "error_message" else eq
    found = [any(includes(value, one) for value in have) for one in wanted]
    return _INCLUDING[condition["op"]](found)
