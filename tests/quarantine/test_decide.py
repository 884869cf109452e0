from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from currents_async._quarantine.decide import decide
from currents_async._quarantine.decision import QuarantineDecision
from currents_async._quarantine.evidence import ExaminedResult, ExaminedTest
from currents_async._quarantine.policy import QuarantinePolicy
from currents_async._quarantine.rules import description_of, marker, matcher_for
from currents_async.models import Action, ActionStatus, Matcher, Outcome, when
from currents_async.models.tests import ExploredTestMetrics

STATES = {
    ".": Outcome.PASSED,
    "~": Outcome.PASSED,
    "F": Outcome.FAILED,
    "s": Outcome.SKIPPED,
    "-": Outcome.PENDING,
}
NOW = datetime(2026, 1, 20, tzinfo=UTC)
POLICY = QuarantinePolicy(
    min_executions=4, last_results=8, lift_after=3, max_tests=2, broken_after=None
)


def examined(newest_first: str, signature: str = "s", ids: str = "1") -> ExaminedTest:
    """Return a test whose results come from Playwright projects in turn, with these IDs."""
    return ExaminedTest(
        signature=signature,
        spec="a.spec.ts",
        title=("cart", "pays"),
        results=tuple(
            ExaminedResult(
                run_id=f"r{index}",
                test_id=ids[index % len(ids)].strip(),
                status=STATES[state],
                flaky=state == "~",
            )
            for index, state in enumerate(newest_first)
        ),
    )


def action(
    action_id: str = "a",
    *,
    signature: str = "s",
    policy: str = "default",
    status: ActionStatus = ActionStatus.ACTIVE,
    ids: str = "1",
    day: int = 1,
    **fields: Any,
) -> Action:
    every: dict[str, Any] = {
        "name": "Quarantine: cart",
        "description": marker(policy, signature),
        "matcher": matcher_for("a.spec.ts", ids),
        "created_at": datetime(2026, 1, day, tzinfo=UTC),
        **fields,
    }
    return Action(action_id=action_id, status=status, **every)


def kinds(
    tests: Iterable[ExaminedTest],
    actions: Iterable[Action] = (),
    policy: QuarantinePolicy = POLICY,
    *,
    project_ran: bool = True,
) -> list[tuple[str, str | None]]:
    decisions = decide(tests, actions, policy, project_ran=project_ran, now=NOW)
    return [(one.kind, one.action.action_id if one.action else None) for one in decisions]


def decide_one(test: ExaminedTest, *actions: Action) -> QuarantineDecision:
    [decision] = decide([test], actions, POLICY, project_ran=True, now=NOW)
    return decision


class TestCandidates:
    @pytest.mark.parametrize(
        ("results", "kind", "reason"),
        [
            ("F...F...", "quarantine", "failed 2 of the last 8 times"),
            ("~...~...", "quarantine", "was flaky 2 of the last 8 times"),
            ("FFFF", "quarantine", "failed 4 of the last 4 times"),
            ("..F.", "quarantine", "failed 1 of the last 4 times"),
            ("F.......", "leave", "failed 1 of the last 8 times: below the policy"),
            ("..F.~...", "leave", "failed 1 and was flaky 1 of the last 8 times: below the policy"),
            ("FFF", "leave", "failed 3 of the last 3 times: fewer than the 4"),
            ("FF-ss", "leave", "failed 2 of the last 2 times: fewer than the 4"),
            ("ssssssss", "leave", "did not pass or fail: fewer than the 4"),
            ("...FFFFF", "leave", "failed 5 of the last 8 times: the last 3 were"),
            ("", "leave", "did not pass or fail: fewer than the 4 times"),
        ],
    )
    def test_are_judged_by_their_results(self, results: str, kind: str, reason: str) -> None:
        decision = decide_one(examined(results))
        assert decision.kind == kind
        assert decision.reason.startswith(reason)
        assert decision.action is None

    @pytest.mark.parametrize(
        ("rates", "results", "kind"),
        [
            ({"failure_rate": None}, "FFFFFFFF", "leave"),
            ({"failure_rate": None}, "~~~~~~~~", "quarantine"),
            ({"flakiness_rate": None}, "~~~~~~~~", "leave"),
            ({"flakiness_rate": None}, "FFFFFFFF", "quarantine"),
            ({"failure_rate": 1.0, "flakiness_rate": 1.0}, "FFFFFFF.", "leave"),
            ({"failure_rate": 1.0, "flakiness_rate": 1.0}, "FFFFFFFs", "quarantine"),
        ],
    )
    def test_by_the_rates_of_the_policy(
        self, rates: dict[str, float | None], results: str, kind: str
    ) -> None:
        assert kinds([examined(results)], policy=msgspec.structs.replace(POLICY, **rates)) == [
            (kind, None)
        ]

    @pytest.mark.parametrize(
        ("results", "after", "kind"),
        [
            ("FFFFF...", 5, "broken"),
            ("FFsF-FF.", 5, "broken"),  # skipped results are no evidence
            ("FFFF....", 5, "quarantine"),
            ("FFFF~FFF", 5, "quarantine"),
            ("FFFFFFFF", 50, "broken"),  # all there are
            ("FFFFFFFF", None, "quarantine"),
            ("FFF", 3, "leave"),  # too few to be judged
        ],
    )
    def test_what_always_fails_is_broken(self, results: str, after: int | None, kind: str) -> None:
        policy = msgspec.structs.replace(POLICY, broken_after=after)
        [decision] = decide([examined(results)], [], policy, project_ran=True, now=NOW)
        assert decision.kind == kind
        assert not decision.is_change or kind == "quarantine"
        assert ("in a row, so it is broken, not flaky" in decision.reason) is (kind == "broken")

    def test_what_is_broken_takes_no_room(self) -> None:
        policy = msgspec.structs.replace(POLICY, broken_after=4, max_tests=1)
        tests = [examined("FFFF", "a"), examined("F.F.", "b")]
        assert kinds(tests, policy=policy) == [("quarantine", None), ("broken", None)]

    def test_all_ids_are_matched(self) -> None:
        assert decide_one(examined("F.FFF", ids="32 1")).test_ids == ("1", "2", "3")

    def test_without_ids_nothing_can_be_matched(self) -> None:
        decision = decide_one(examined("FFFF", ids=" "))
        assert decision.kind == "leave"
        assert "no test IDs" in decision.reason

    @pytest.mark.parametrize("status", ["disabled", "paused"])
    def test_inactive_actions_of_ours_are_respected(self, status: str) -> None:
        decision = decide_one(examined("FFFF"), action(status=ActionStatus(status)))
        assert (decision.kind, decision.action) == ("leave", action(status=ActionStatus(status)))
        assert decision.reason.startswith(f"its action a is {status} (failed 4")

    @pytest.mark.parametrize("status", [ActionStatus.EXPIRED, ActionStatus.ARCHIVED])
    def test_past_actions_do_not_count(self, status: ActionStatus) -> None:
        assert kinds([examined("FFFF")], [action(status=status)]) == [("quarantine", None)]


class TestQuarantined:
    @pytest.mark.parametrize(
        ("results", "kind", "reason"),
        [
            ("...FFFFF", "lift", "passed cleanly 3 times in a row"),
            ("...", "lift", "passed cleanly 3 times in a row"),
            ("", "lift", "has not run within 14 days, though others have"),
            ("..", "keep", "passed cleanly 2 of 3 times in a row"),
            ("..F.....", "keep", "passed cleanly 2 of 3 times in a row"),
            ("..~.....", "keep", "passed cleanly 2 of 3 times in a row"),
            ("..s.....", "keep", "passed cleanly 2 of 3 times in a row"),
            ("..-.....", "keep", "passed cleanly 2 of 3 times in a row"),
        ],
    )
    def test_are_lifted_after_clean_passes(self, results: str, kind: str, reason: str) -> None:
        decision = decide_one(examined(results), action())
        assert (decision.kind, decision.reason, decision.action) == (kind, reason, action())

    def test_nothing_is_lifted_because_nothing_runs(self) -> None:
        assert kinds([examined("")], [action()], project_ran=False) == [("keep", "a")]

    def test_tests_with_executions_that_are_not_listed_are_not_lifted(self) -> None:
        counted = msgspec.structs.replace(
            examined(""), metrics=ExploredTestMetrics(executions=9, failures=9)
        )
        assert kinds([counted], [action()]) == [("keep", "a")]

    def test_the_oldest_of_several_is_kept(self) -> None:
        several = [action("c", day=3), action("a", day=2), action("b", day=2)]
        assert kinds([examined("F")], several) == [("lift", "b"), ("lift", "c"), ("keep", "a")]
        assert kinds([examined("...")], several) == [("lift", "a"), ("lift", "b"), ("lift", "c")]

    def test_a_failure_elsewhere_extends_it(self) -> None:
        decision = decide_one(examined("F.sF", ids="21"), action(ids="1"))
        assert (decision.kind, decision.action) == ("extend", action(ids="1"))
        assert decision.test_ids == ("1", "2")

    @pytest.mark.parametrize(
        "kept",
        [
            action(ids="12"),
            action(matcher=Matcher.all(when.file.eq("a.spec.ts"))),
            action(matcher=None),
        ],
        ids=["has it", "made wider", "unknown"],
    )
    def test_a_failure_that_is_covered_keeps_it(self, kept: Action) -> None:
        assert kinds([examined("F.sF", ids="21")], [kept]) == [("keep", "a")]

    def test_only_failures_extend_it(self) -> None:
        assert kinds([examined("~.s-", ids="21")], [action(ids="1")]) == [("keep", "a")]
        assert kinds([examined("F", ids=" ")], [action(ids="1")]) == [("keep", "a")]

    def test_test_ids_of_a_duplicate_are_not_lost(self) -> None:
        [lift, extend] = reversed(
            decide(
                [examined("s")],
                [action("a", ids="1"), action("b", ids="23", day=2)],
                POLICY,
                project_ran=True,
                now=NOW,
            )
        )
        assert (lift.kind, lift.action) == ("lift", action("b", ids="23", day=2))
        assert (extend.kind, extend.test_ids) == ("extend", ("1", "2", "3"))


class TestAge:
    @pytest.mark.parametrize(
        ("days", "policy", "expected"),
        [
            (19, {}, ("keep", "passed cleanly 1 of 3 times in a row")),
            (10, {"max_age": timedelta(days=10)}, ("keep", "passed cleanly 1 of 3")),
            (
                11,
                {"max_age": timedelta(days=10)},
                (
                    "overdue",
                    "in quarantine since 2026-01-09, longer than 10 days, and passed cleanly",
                ),
            ),
            (
                0.5,
                {"max_age": timedelta(hours=1)},
                ("overdue", "in quarantine since 2026-01-19, longer than 1:00:00, and"),
            ),
            (4000, {"max_age": None}, ("keep", "passed cleanly 1 of 3 times")),
            (
                11,
                {"max_age": timedelta(days=10), "lift_overdue": True},
                ("lift", "in quarantine since 2026-01-09, longer than 10 days"),
            ),
            (9, {"max_age": timedelta(days=10), "lift_overdue": True}, ("keep", "passed cleanly")),
        ],
    )
    def test_too_long_in_quarantine(
        self, days: float, policy: dict[str, Any], expected: tuple[str, str]
    ) -> None:
        created = action(created_at=NOW - timedelta(days=days))
        [decision] = decide(
            [examined(".ss~")],
            [created],
            msgspec.structs.replace(POLICY, **policy),
            project_ran=True,
            now=NOW,
        )
        kind, reason = expected
        assert (decision.kind, decision.action) == (kind, created)
        assert decision.reason.startswith(reason)
        assert decision.age == timedelta(days=days)
        assert decision.is_change is decision.stays_out is (kind == "lift")
        assert decision.is_notable is (kind != "keep")

    def test_by_the_oldest_action(self) -> None:
        policy = msgspec.structs.replace(POLICY, max_age=timedelta(days=10))
        assert kinds([examined("s")], [action("b", day=15), action("a", day=2)], policy) == [
            ("lift", "b"),
            ("overdue", "a"),
        ]

    def test_an_unknown_age_is_not_too_long(self) -> None:
        assert kinds([examined("s")], [action(created_at=None)]) == [("keep", "a")]


class TestCap:
    def test_the_worst_go_first(self) -> None:
        tests = [examined("FF..", "b"), examined("F...", "c"), examined("~~~.", "a")]
        decisions = decide(tests, [], POLICY, project_ran=True, now=NOW)
        assert [(one.kind, one.test.signature) for one in decisions] == [
            ("quarantine", "a"),
            ("quarantine", "b"),
            ("leave", "c"),
        ]
        assert decisions[2].reason.endswith("times, but there is only room for 2 tests")
        assert decisions[2].test_ids == ()

    def test_tests_in_quarantine_take_room_and_lifted_ones_free_it(self) -> None:
        tests = [examined("FFFF", "a"), examined("FFFF", "b"), examined("F", "s")]
        assert kinds(tests, [action()]) == [("quarantine", None), ("keep", "a"), ("leave", None)]
        tests = [examined("FFFF", "a"), examined("FFFF", "b"), examined("...", "s")]
        assert kinds(tests, [action()]) == [("quarantine", None)] * 2 + [("lift", "a")]

    def test_no_test_is_lifted_to_make_room(self) -> None:
        tests = [examined("F", "s"), examined("F", "t"), *(examined("FFFF", s) for s in "abc")]
        both = [action("a", ids="1"), action("b", signature="t", ids="2")]
        for most in (0, 1, 2):
            policy = msgspec.structs.replace(POLICY, max_tests=most)
            expected = [("extend", "b"), ("keep", "a"), *[("leave", None)] * 3]
            assert kinds(tests, both, policy) == expected


def test_labels() -> None:
    quarantined = decide_one(examined("FFFF"))
    assert quarantined.label == "a.spec.ts > cart > pays"
    gone = decide_one(ExaminedTest(signature="s"), action(name="Quarantine:\n cart"))
    assert gone.label == "Quarantine: cart"


# Carrying out any decisions leaves nothing to decide, and changes no action of others.

SIGNATURES = "stuvw"
RESULTS = st.text(st.sampled_from(list(STATES)), max_size=8)
TESTS = st.dictionaries(
    st.sampled_from(SIGNATURES), st.tuples(RESULTS, st.sampled_from(["1", "12", "3 1"]))
).map(lambda found: [examined(results, s, ids) for s, (results, ids) in found.items()])
MATCHERS = st.one_of(
    st.none(),
    st.just(Matcher.all(when.file.eq("a.spec.ts"))),
    st.sampled_from(["1", "2", "12"]).map(lambda ids: matcher_for("a.spec.ts", ids)),
)
ACTIONS = st.lists(
    st.builds(
        action,
        signature=st.sampled_from(SIGNATURES),
        policy=st.sampled_from(["default", "default", "nightly", "not a name"]),
        status=st.sampled_from(
            [ActionStatus.ACTIVE] * 3
            + [ActionStatus(one) for one in ("disabled", "expired", "new")]
        ),
        matcher=MATCHERS,
        day=st.integers(1, 3),
    ),
    max_size=8,
).map(
    lambda made: [
        msgspec.structs.replace(one, action_id=f"a{index}") for index, one in enumerate(made)
    ]
)
POLICIES = st.builds(
    QuarantinePolicy,
    min_executions=st.integers(1, 4),
    last_results=st.just(8),
    lift_after=st.integers(1, 4),
    max_tests=st.integers(0, 4),
    failure_rate=st.sampled_from([None, 0.25, 1.0]),
    flakiness_rate=st.sampled_from([0.25, 1.0]),
    broken_after=st.sampled_from([None, 2, 5]),
    max_age=st.sampled_from([timedelta(days=days) for days in (1, 18, 30)]),
    lift_overdue=st.booleans(),
)


def carry_out(
    actions: Sequence[Action], decisions: Iterable[QuarantineDecision], policy: QuarantinePolicy
) -> list[Action]:
    """Do what a plan does, without a server."""
    after = {one.action_id: one for one in actions}
    for one in decisions:
        if one.kind == "quarantine":
            made = action(
                f"made for {one.test.signature}",
                description=description_of(one.test.signature, one.reason, policy),
                matcher=matcher_for(one.test.spec, one.test_ids),
                created_at=NOW,
            )
            assert made.action_id not in after
            after[made.action_id] = made
        elif one.kind in {"extend", "lift"}:
            assert one.action is not None
            past = ActionStatus.DISABLED if one.stays_out else ActionStatus.ARCHIVED
            changes: dict[str, Any] = {"status": past}
            if one.kind == "extend":
                changes = {"matcher": matcher_for(one.test.spec, one.test_ids)}
            after[one.action.action_id] = msgspec.structs.replace(one.action, **changes)
    return list(after.values())


@given(tests=TESTS, actions=ACTIONS, policy=POLICIES, project_ran=st.booleans())
def test_decisions_are_stable(
    tests: list[ExaminedTest],
    actions: list[Action],
    policy: QuarantinePolicy,
    project_ran: bool,  # noqa: FBT001 - hypothesis draws it
) -> None:
    decisions = decide(tests, actions, policy, project_ran=project_ran, now=NOW)
    after = carry_out(actions, decisions, policy)
    again = decide(tests, after, policy, project_ran=project_ran, now=NOW)
    assert [one for one in again if one.is_change] == []


@given(tests=TESTS, actions=ACTIONS, policy=POLICIES, project_ran=st.booleans())
def test_nothing_of_others_is_touched(
    tests: list[ExaminedTest],
    actions: list[Action],
    policy: QuarantinePolicy,
    project_ran: bool,  # noqa: FBT001 - hypothesis draws it
) -> None:
    decisions = decide(tests, actions, policy, project_ran=project_ran, now=NOW)
    after = {one.action_id: one for one in carry_out(actions, decisions, policy)}
    for one in actions:
        ours = one.description in {marker("default", signature) for signature in SIGNATURES}
        if not (ours and one.is_active):
            assert after[one.action_id] == one


@given(tests=TESTS, actions=ACTIONS, policy=POLICIES)
def test_each_test_is_decided_about_and_the_cap_holds(
    tests: list[ExaminedTest], actions: list[Action], policy: QuarantinePolicy
) -> None:
    decisions = decide(tests, actions, policy, project_ran=True, now=NOW)
    assert {one.test.signature for one in decisions} == {test.signature for test in tests}
    created = [one for one in decisions if one.kind == "quarantine"]
    kept = [one for one in decisions if one.kind in {"extend", "overdue", "keep"}]
    assert not created or len(created) + len(kept) <= policy.max_tests
