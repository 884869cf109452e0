"""Which tests to put into quarantine and which to let out: decided on evidence alone."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, get_args

import msgspec

from currents_async._quarantine.evidence import ExaminedTest
from currents_async._quarantine.policy import QuarantinePolicy
from currents_async._quarantine.rules import label_of, matched_ids, one_line, own_actions
from currents_async.models.actions import Action, ActionStatus, QuarantineKind

_ORDER = get_args(QuarantineKind)
_PAST = frozenset({ActionStatus.ARCHIVED, ActionStatus.EXPIRED})


class QuarantineDecision(msgspec.Struct, frozen=True, kw_only=True):
    """What to do about a test, and why."""

    kind: QuarantineKind
    """`quarantine` creates an action, `extend` makes one apply to more Playwright projects, `lift`
    archives one, `keep` leaves one as it is, and `leave` leaves a test out of quarantine, as does
    `broken`: it always fails, and should be mended."""
    test: ExaminedTest
    """The test and the evidence."""
    reason: str
    """One line for people."""
    action: Action | None = None
    """Our action for the test; for `quarantine` there is one only in the result of `apply`."""
    test_ids: tuple[str, ...] = ()
    """What the action of `quarantine` or `extend` is to match: the IDs of the test in Playwright,
    one in each Playwright project."""

    @property
    def label(self) -> str:
        """Spec and title in one printable line; the action's name if they are not known."""
        if self.test.spec or self.action is None:
            return label_of(self.test)
        return one_line(self.action.name)

    @property
    def is_change(self) -> bool:
        """Whether there is something to do."""
        return self.kind in {"quarantine", "extend", "lift"}


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


def decide(
    tests: Iterable[ExaminedTest],
    actions: Iterable[Action],
    policy: QuarantinePolicy,
    *,
    project_ran: bool,
) -> tuple[QuarantineDecision, ...]:
    """Decide about each test; return decisions that change something first, then the worst tests.

    `actions` may include those of others. `project_ran` is whether there are executions in the
    window at all: only then does a test without any no longer exist.
    """
    own = current_actions(actions, policy.name)
    decisions: list[QuarantineDecision] = []
    wanted: list[QuarantineDecision] = []
    for test in tests:
        active, inactive = own.get(test.signature, OwnActions())
        if active:
            decisions += _about_quarantined(test, active, policy, project_ran=project_ran)
            continue
        decision = _about_candidate(test, inactive, policy)
        (wanted if decision.is_change else decisions).append(decision)
    taken = sum(one.kind in {"extend", "keep"} for one in decisions)
    decisions += _capped(wanted, policy.max_tests, taken)
    return tuple(sorted(decisions, key=_rank))


def _rank(decision: QuarantineDecision) -> tuple[int, float, str]:
    test = decision.test
    share = (test.failed + test.flaky) / (test.judged or 1)
    return _ORDER.index(decision.kind), -share, test.signature


def _about_quarantined(
    test: ExaminedTest, active: Sequence[Action], policy: QuarantinePolicy, *, project_ran: bool
) -> list[QuarantineDecision]:
    """Decide about a test in quarantine, for each of the actions that put it there."""
    over = _reason_to_lift(test, policy, project_ran=project_ran)
    if over is not None:
        return [_decision("lift", test, over, action) for action in active]
    oldest, *others = active
    same = f"action {oldest.action_id} is for the same test"
    return [
        _about_kept(test, oldest, others, policy),
        *(_decision("lift", test, same, action) for action in others),
    ]


def _reason_to_lift(
    test: ExaminedTest, policy: QuarantinePolicy, *, project_ran: bool
) -> str | None:
    if _is_clean(test, policy):
        return f"passed cleanly {policy.lift_after} times in a row"
    counted = 0 if test.metrics is None else test.metrics.executions
    if project_ran and not test.results and not counted:
        return f"has not run within {_span(policy)}, though others have"
    return None


def _about_kept(
    test: ExaminedTest, action: Action, others: Iterable[Action], policy: QuarantinePolicy
) -> QuarantineDecision:
    # A failure that is reported as one was not in quarantine.
    needed = frozenset(result.test_id for result in test.results if result.failed) - {""}
    needed = needed.union(*(matched_ids(other) or () for other in others))
    if covers(action, needed):
        reason = f"passed cleanly {test.clean_in_a_row} of {policy.lift_after} times in a row"
        return _decision("keep", test, reason, action)
    return QuarantineDecision(
        kind="extend",
        test=test,
        reason="fails in Playwright projects that its action does not cover",
        action=action,
        test_ids=tuple(sorted(needed.union(matched_ids(action) or ()))),
    )


def _about_candidate(
    test: ExaminedTest, inactive: Sequence[Action], policy: QuarantinePolicy
) -> QuarantineDecision:
    """Decide about one of the worst tests of the explorer, which is not in quarantine."""
    counted = f"failed {test.failed} and was flaky {test.flaky} of the last {test.judged} times"
    if inactive:
        action = inactive[0]
        reason = f"its action {action.action_id} is {action.status} ({counted})"
        return _decision("leave", test, reason, action)
    against = _reason_to_leave(test, policy)
    if against is not None:
        return _decision("leave", test, f"{counted}: {against}")
    if _is_broken(test, policy):
        since = f"the last {test.failed_in_a_row} in a row, so it is broken, not flaky"
        return _decision("broken", test, f"{counted}, {since}")
    test_ids = tuple(sorted(test.test_ids))
    return QuarantineDecision(kind="quarantine", test=test, reason=counted, test_ids=test_ids)


def _reason_to_leave(test: ExaminedTest, policy: QuarantinePolicy) -> str | None:
    if test.judged < policy.min_executions:
        return f"fewer than the {policy.min_executions} times it takes to judge"
    if _is_clean(test, policy):
        # It would be lifted again at once.
        return f"the last {policy.lift_after} were clean passes"
    rates = ((test.failed, policy.failure_rate), (test.flaky, policy.flakiness_rate))
    if not any(rate is not None and count / test.judged >= rate for count, rate in rates):
        return "below the policy's rates"
    if not test.test_ids:
        return "but its results have no test IDs that an action could match"
    return None


def _capped(
    wanted: Sequence[QuarantineDecision], max_tests: int, taken: int
) -> list[QuarantineDecision]:
    """Put the worst tests into quarantine, as long as there is room."""
    room = max(0, max_tests - taken)
    worst = sorted(wanted, key=_rank)
    over = f", but there is only room for {max_tests} tests"
    return worst[:room] + [_decision("leave", one.test, one.reason + over) for one in worst[room:]]


def _is_clean(test: ExaminedTest, policy: QuarantinePolicy) -> bool:
    return test.clean_in_a_row >= policy.lift_after


def _is_broken(test: ExaminedTest, policy: QuarantinePolicy) -> bool:
    if policy.broken_after is None:
        return False
    # Of more results than are fetched, all have failed.
    return test.failed_in_a_row >= min(policy.broken_after, policy.last_results)


def _span(policy: QuarantinePolicy) -> str:
    return str(policy.window).removesuffix(", 0:00:00")


def _decision(
    kind: QuarantineKind, test: ExaminedTest, reason: str, action: Action | None = None
) -> QuarantineDecision:
    return QuarantineDecision(kind=kind, test=test, reason=reason, action=action)
