"""Our actions: how they differ from those of others, and which tests they apply to.

An action is ours when one line of its description is exactly our marker. Once that line is changed,
the action is no longer ours.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from currents_async._quarantine.evidence import ExaminedTest
from currents_async._quarantine.policy import QuarantinePolicy
from currents_async.models.actions import Action
from currents_async.models.matchers import (
    ConditionOperator,
    ConditionType,
    Matcher,
    MatcherOperator,
    when,
)

_MARKER = re.compile(r"\[currents-async quarantine=([\w.-]+) signature=([\w+=:-]+)\]", re.ASCII)
_TICKET = re.compile(r"^\[currents-async ticket=([A-Za-z0-9_-]+)\]$", re.MULTILINE)
WANTED = "wanted"
"""A ticket that is to be created."""
_MAX_NAME = 255
_FIRST = datetime.min.replace(tzinfo=UTC)


def marker(policy: str, signature: str) -> str:
    """Return the line that makes an action ours."""
    return f"[currents-async quarantine={policy} signature={signature}]"


def can_be_marked(signature: str) -> bool:
    """Return whether a marker with the signature would be recognised; signatures are hashes."""
    return _MARKER.fullmatch(marker("default", signature)) is not None


def own_actions(actions: Iterable[Action], policy: str) -> dict[str, list[Action]]:
    """Return the actions that carry the policy's marker, by signature, the oldest first."""
    own: dict[str, list[Action]] = {}
    for action in sorted(actions, key=_age):
        signature = _marked_signature(action, policy)
        if signature is not None:
            own.setdefault(signature, []).append(action)
    return own


def _age(action: Action) -> tuple[datetime, str]:
    return action.created_at or _FIRST, action.action_id


def _marked_signature(action: Action, policy: str) -> str | None:
    lines = (action.description or "").splitlines()
    found = [marked for marked in map(_MARKER.fullmatch, lines) if marked is not None]
    # We never write two markers.
    if len(found) != 1 or found[0][1] != policy:
        return None
    return found[0][2]


def name_of(test: ExaminedTest) -> str:
    """Return the name of the action for a test."""
    name = f"Quarantine: {label_of(test)}"
    return name if len(name) <= _MAX_NAME else name[: _MAX_NAME - 1] + "…"


def label_of(test: ExaminedTest) -> str:
    """Return spec and title in one printable line."""
    return one_line(" > ".join([test.spec, *test.title]))


def one_line(text: str) -> str:
    """Return a text without line breaks and control characters, which titles may contain."""
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())


def description_of(signature: str, reason: str, policy: QuarantinePolicy) -> str:
    """Return the description of the action for a test, with our marker."""
    return (
        f"In quarantine because it {reason}.\n"
        f"Lifted once its last {policy.lift_after} results are clean passes. Disable this action "
        "to keep the test out of quarantine; change or remove the line below to manage the action "
        f"yourself.\n{marker(policy.name, signature)}"
    )


def ticket_of(action: Action) -> str | None:
    """Return how the ticket of an action stands: see `QuarantineDecision.ticket`."""
    found = _TICKET.findall(_with_line_feeds(action.description or ""))
    return found[0] if len(found) == 1 else None


def with_ticket(description: str, state: str) -> str:
    """Return a description with a line that says how the ticket stands, in place of the last."""
    line = f"[currents-async ticket={state}]"
    described, count = _TICKET.subn(line, _with_line_feeds(description))
    return described if count else f"{description}\n{line}"


def _with_line_feeds(text: str) -> str:
    return text.replace("\r\n", "\n")


def matcher_for(spec: str, test_ids: Iterable[str]) -> Matcher:
    """Return a matcher for one test in the Playwright projects that its IDs are from.

    Only the IDs identify a test: its titles, as an unordered list, would also match a test of the
    same title in a nested suite.
    """
    return Matcher.all(when.file.eq(spec), when.test_id.in_(sorted(test_ids)))


def matched_ids(action: Action) -> frozenset[str] | None:
    """Return the test IDs that an action matches; None if its matcher is not one of ours."""
    if action.matcher is None or action.matcher.op != MatcherOperator.AND:
        return None
    shape = [(condition.type, condition.op) for condition in action.matcher.cond]
    if shape != [
        (ConditionType.FILE, ConditionOperator.EQUAL),
        (ConditionType.TEST_ID, ConditionOperator.IN),
    ]:
        return None
    value = action.matcher.cond[1].value
    several = (value,) if isinstance(value, str) else value or ()
    return frozenset(one for one in several if isinstance(one, str))
