"""Which tests stay in quarantine, and which are let out."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial

from currents_async._quarantine.decision import QuarantineDecision, covers
from currents_async._quarantine.evidence import ExaminedTest
from currents_async._quarantine.policy import QuarantinePolicy
from currents_async._quarantine.rules import matched_ids
from currents_async.models.actions import Action


def decide_quarantined(
    test: ExaminedTest,
    active: Sequence[Action],
    policy: QuarantinePolicy,
    *,
    project_ran: bool,
    now: datetime,
) -> list[QuarantineDecision]:
    """Decide about a test in quarantine, for each of the actions that put it there."""
    oldest, *others = active
    age = None if oldest.created_at is None else now - oldest.created_at
    decision = partial(QuarantineDecision, test=test, age=age)
    over = _reason_to_lift(test, policy, project_ran=project_ran)
    if over is not None:
        return [decision(kind="lift", reason=over, action=action) for action in active]
    overdue = _overdue(oldest, age, policy)
    if overdue is not None and policy.lift_overdue:
        lift = partial(decision, kind="lift", reason=overdue, stays_out=True)
        return [lift(action=action) for action in active]
    same = f"action {oldest.action_id} is for the same test"
    return [
        _about_kept(decision, test, oldest, others, policy, overdue),
        *(decision(kind="lift", reason=same, action=action) for action in others),
    ]


def _reason_to_lift(
    test: ExaminedTest, policy: QuarantinePolicy, *, project_ran: bool
) -> str | None:
    if is_clean(test, policy):
        return f"passed cleanly {policy.lift_after} times in a row"
    counted = 0 if test.metrics is None else test.metrics.executions
    if project_ran and not test.results and not counted:
        return f"has not run within {_words(policy.window)}, though others have"
    return None


def _about_kept(
    decision: Callable[..., QuarantineDecision],
    test: ExaminedTest,
    action: Action,
    others: Iterable[Action],
    policy: QuarantinePolicy,
    overdue: str | None,
) -> QuarantineDecision:
    # A failure that is reported as one was not in quarantine.
    needed = frozenset(result.test_id for result in test.results if result.failed) - {""}
    needed = needed.union(*(matched_ids(other) or () for other in others))
    if not covers(action, needed):
        return decision(
            kind="extend",
            action=action,
            reason="fails in Playwright projects that its action does not cover",
            test_ids=tuple(sorted(needed.union(matched_ids(action) or ()))),
        )
    reason = f"passed cleanly {test.clean_in_a_row} of {policy.lift_after} times in a row"
    if overdue is not None:
        return decision(kind="overdue", action=action, reason=f"{overdue}, and {reason}")
    return decision(kind="keep", action=action, reason=reason)


def is_clean(test: ExaminedTest, policy: QuarantinePolicy) -> bool:
    """Return whether enough of the newest results are clean passes to let a test out."""
    return test.clean_in_a_row >= policy.lift_after


def _overdue(oldest: Action, age: timedelta | None, policy: QuarantinePolicy) -> str | None:
    """Return since when a test is in quarantine; None if that is not too long, or unknown."""
    if age is None or policy.max_age is None or age <= policy.max_age:
        return None
    return f"in quarantine since {oldest.created_at:%Y-%m-%d}, longer than {_words(policy.max_age)}"


def _words(span: timedelta) -> str:
    return str(span).removesuffix(", 0:00:00")
