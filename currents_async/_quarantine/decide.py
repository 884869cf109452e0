"""Which tests to put into quarantine and which to let out: decided on evidence alone."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import get_args

import msgspec

from currents_async._quarantine.covering import cover_of
from currents_async._quarantine.decision import OwnActions, QuarantineDecision, current_actions
from currents_async._quarantine.evidence import ExaminedTest
from currents_async._quarantine.policy import QuarantinePolicy
from currents_async._quarantine.quarantined import decide_quarantined, is_clean
from currents_async.models.actions import Action, QuarantineKind

_ORDER = get_args(QuarantineKind)


def decide(
    tests: Iterable[ExaminedTest],
    actions: Iterable[Action],
    policy: QuarantinePolicy,
    *,
    project_ran: bool,
    now: datetime,
) -> tuple[QuarantineDecision, ...]:
    """Decide about each test; return decisions that change something first, then the worst tests.

    `actions` may include those of others. `project_ran` is whether there are executions in the
    window at all: only then does a test without any no longer exist.
    """
    actions = list(actions)
    own = current_actions(actions, policy.name)
    decisions: list[QuarantineDecision] = []
    wanted: list[QuarantineDecision] = []
    for test in tests:
        active, inactive = own.get(test.signature, OwnActions())
        if active:
            decisions += decide_quarantined(test, active, policy, project_ran=project_ran, now=now)
            continue
        decision = _about_candidate(test, inactive, policy)
        if decision.kind == "quarantine":
            decision = _unless_covered(decision, actions)
        (wanted if decision.is_change else decisions).append(decision)
    taken = sum(one.kind in {"extend", "overdue", "keep"} for one in decisions)
    decisions += _capped(wanted, policy.max_tests, taken)
    return tuple(sorted(decisions, key=_rank))


def _rank(decision: QuarantineDecision) -> tuple[int, float, str]:
    test = decision.test
    share = (test.failed + test.flaky) / (test.judged or 1)
    return _ORDER.index(decision.kind), -share, test.signature


def _about_candidate(
    test: ExaminedTest, inactive: Sequence[Action], policy: QuarantinePolicy
) -> QuarantineDecision:
    """Decide about one of the worst tests of the explorer, which is not in quarantine."""
    decision = partial(QuarantineDecision, test=test)
    counted = _how_it_went(test)
    if inactive:
        action = inactive[0]
        reason = f"its action {action.action_id} is {action.status} ({counted})"
        return decision(kind="leave", reason=reason, action=action)
    against = _reason_to_leave(test, policy)
    if against is not None:
        return decision(kind="leave", reason=f"{counted}: {against}")
    if _is_broken(test, policy):
        since = f"the last {test.failed_in_a_row} in a row, so it is broken, not flaky"
        return decision(kind="broken", reason=f"{counted}, {since}")
    return decision(kind="quarantine", reason=counted, test_ids=tuple(sorted(test.test_ids)))


def _how_it_went(test: ExaminedTest) -> str:
    if not test.judged:
        return "did not pass or fail"
    counts = ((test.failed, "failed"), (test.flaky, "was flaky"))
    words = " and ".join(f"{what} {count}" for count, what in counts if count)
    return f"{words or 'neither failed nor was flaky'} of the last {test.judged} times"


def _reason_to_leave(test: ExaminedTest, policy: QuarantinePolicy) -> str | None:
    if test.judged < policy.min_executions:
        return f"fewer than the {policy.min_executions} times it takes to judge"
    if is_clean(test, policy):
        # It would be lifted again at once.
        return f"the last {policy.lift_after} were clean passes"
    rates = ((test.failed, policy.failure_rate), (test.flaky, policy.flakiness_rate))
    if not any(rate is not None and count / test.judged >= rate for count, rate in rates):
        return "below the policy's rates"
    if not test.test_ids:
        return "but its results have no test IDs that an action could match"
    return None


def _unless_covered(decision: QuarantineDecision, actions: Iterable[Action]) -> QuarantineDecision:
    """Leave a test to the action of somebody else, if that silences it in any run."""
    cover = cover_of(decision.test, actions)
    if cover is None:
        return decision
    if cover.is_certain:
        return QuarantineDecision(
            kind="leave",
            test=decision.test,
            reason=f"{decision.reason}: action {cover.action.action_id} covers it already",
            action=cover.action,
        )
    may = f"; action {cover.action.action_id} covers it in some runs, if at all"
    return msgspec.structs.replace(decision, reason=decision.reason + may)


def _capped(
    wanted: Sequence[QuarantineDecision], max_tests: int, taken: int
) -> list[QuarantineDecision]:
    """Put the worst tests into quarantine, as long as there is room."""
    room = max(0, max_tests - taken)
    worst = sorted(wanted, key=_rank)
    over = f", but there is only room for {max_tests} tests"
    return worst[:room] + [
        QuarantineDecision(kind="leave", test=one.test, reason=one.reason + over)
        for one in worst[room:]
    ]


def _is_broken(test: ExaminedTest, policy: QuarantinePolicy) -> bool:
    if policy.broken_after is None:
        return False
    # Of more results than are fetched, all have failed.
    return test.failed_in_a_row >= min(policy.broken_after, policy.last_results)
