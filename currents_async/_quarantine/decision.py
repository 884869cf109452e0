"""What a policy decides about a test, and the actions that it has made for one."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import NamedTuple

from currents_async._quarantine.evidence import ExaminedTest
from currents_async._quarantine.rules import (
    label_of,
    matched_ids,
    one_line,
    own_actions,
    ticket_of,
)
from currents_async.models._brief import Brief
from currents_async.models.actions import Action, ActionStatus, QuarantineKind

_PAST = frozenset({ActionStatus.ARCHIVED, ActionStatus.EXPIRED})


class QuarantineDecision(Brief, frozen=True, kw_only=True):
    """What to do about a test, and why."""

    kind: QuarantineKind
    """`quarantine` creates an action, `extend` makes one apply to more Playwright projects, `lift`
    archives one, and `keep` leaves one as it is, as does `overdue`, for a test that has been in
    quarantine for too long. `leave` leaves a test out of quarantine, as does `broken`: it always
    fails, and should be mended."""
    test: ExaminedTest
    """The test and the evidence."""
    reason: str
    """One line for people."""
    action: Action | None = None
    """Our action for the test, or what keeps us from making one: that of somebody else. For
    `quarantine` there is one only in the result of `apply`."""
    test_ids: tuple[str, ...] = ()
    """What the action of `quarantine` or `extend` is to match: the IDs of the test in Playwright,
    one in each Playwright project."""
    age: timedelta | None = None
    """How long our action has kept the test in quarantine."""
    stays_out: bool = False
    """Whether `lift` disables the action in place of archiving it, so that the policy leaves the
    test out of quarantine until a person enables the action again: it was overdue."""

    @property
    def label(self) -> str:
        """Spec and title in one printable line; the action's name if they are not known."""
        if self.test.spec or self.action is None:
            return label_of(self.test)
        return one_line(self.action.name)

    def _label(self) -> str:
        return f"{self.kind} {self.label}: {self.reason}"

    @property
    def ticket(self) -> str | None:
        """How the ticket of the action stands: `wanted`, `sending`, or its key; None without one.

        `sending` means that it is unknown whether it was created. A person who has looked in Jira
        writes the key, or `wanted`, in its place in the description.
        """
        return None if self.action is None else ticket_of(self.action)

    @property
    def is_change(self) -> bool:
        """Whether there is something to do."""
        return self.kind in {"quarantine", "extend", "lift"}

    @property
    def is_notable(self) -> bool:
        """Whether people should look at it: a change, or a test that is broken or overdue."""
        return self.is_change or self.kind in {"broken", "overdue"}


class OwnActions(NamedTuple):
    """Our actions for one test that are neither archived nor expired, the oldest first."""

    active: Sequence[Action] = ()
    inactive: Sequence[Action] = ()
    """Disabled by a person, or of a status that this version does not know."""


def current_actions(actions: Iterable[Action], policy: str) -> dict[str, OwnActions]:
    """Return the actions that carry the policy's marker, by signature, without past ones."""
    return {
        signature: OwnActions(
            [action for action in own if action.is_active],
            [action for action in own if not action.is_active and action.status not in _PAST],
        )
        for signature, own in own_actions(actions, policy).items()
    }


def covers(action: Action, test_ids: Iterable[str]) -> bool:
    """Return whether an action matches all these test IDs, or has a matcher that is not ours."""
    matched = matched_ids(action)
    return matched is None or matched.issuperset(test_ids)
