"""Which executions the matcher of an action is about.

Source: `docs/api/operations.md`, "Actions" and "Patterns".
"""

from collections.abc import Callable, Sequence

import msgspec

from currents_async.models._matching import matches as is_matched
from currents_async.models.matchers import Matcher
from currents_async.testing._world.actions import WorldAction
from currents_async.testing._world.executions import WorldExecution

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
    "titlePath": lambda one: [one.spec, *one.title],
    "annotation": lambda one: [text for kind, said in one.annotations for text in (kind, said)],
    "tag": lambda one: one.tags,
}
"""What a condition of each type tests; `project` is Playwright's, the group of the run."""

LISTED = frozenset({"error_message", "titlePath", "annotation", "tag"})
"""The types that have the operators of lists too."""
OPERATORS = frozenset({"eq", "neq", "in", "notIn", "any", "empty"})
LISTED_OPERATORS = OPERATORS | {"inc", "notInc", "incAll", "notIncAll"}


def matches(action: WorldAction, execution: WorldExecution) -> bool:
    """Return whether an action matches an execution, whatever its status and their dates."""
    matcher = msgspec.convert(action.fields["matcher"], Matcher)
    return is_matched(matcher, lambda kind: TRAITS[kind](execution)) is True
