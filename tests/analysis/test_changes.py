"""Changes of the health of a test, told once by whatever is asked when."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from currents_async import InvalidArgumentError
from currents_async.analysis import ChangeRules, TestChange, TestHealth, changes_of
from currents_async.analysis.health import follow
from currents_async.models import TestResult
from currents_async.models.common import Commit, Outcome

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
RULES = ChangeRules(broken_after=3, recovered_after=4)
STATES = {".": Outcome.PASSED, "~": Outcome.PASSED, "F": Outcome.FAILED, "s": Outcome.SKIPPED}


def result(number: int, state: str, sha: str | None = None, group: str = "g") -> TestResult:
    return TestResult(
        signature="sig",
        created_at=START + number * HOUR,
        run_id=f"run{number}",
        instance_id=f"instance{number}{group}",
        group_id=group,
        spec="a.spec.ts",
        title=("cart", "pays"),
        test_id="id",
        status=STATES[state],
        flaky=state == "~",
        display_error="\x1b[31mError: no\x1b[0m\nstack" if state in "~F" else None,
        commit=Commit(branch="main", sha=sha or f"sha{number}"),
    )


def history(states: str, shas: str = "") -> list[TestResult]:
    """Return a result a run, on commits by their letters or each on its own."""
    return [
        result(number, state, shas[number] if shas else None)
        for number, state in enumerate(states)
        if state != " "
    ]


def told(changes: Iterable[TestChange]) -> str:
    return " ".join(f"{change.kind}@{(change.at - START) // HOUR}" for change in changes)


class TestDefinitions:
    @pytest.mark.parametrize(
        ("states", "changes"),
        [
            ("", ""),
            ("....", ""),
            (".FF", ""),
            (".FFF", "broke@3"),
            (".FFFFFF", "broke@3"),
            ("~FFF", "became_flaky@0 broke@3"),
            ("FFFF", ""),
            ("FFFF....", "recovered@7"),
            ("FFFF....FFF", "recovered@7 broke@10"),
            (".FFsF", "broke@4"),
            (".FF.F.FF", ""),
            (".~", "became_flaky@1"),
            (".~~~.~", "became_flaky@1"),
            (".~....", "became_flaky@1 recovered@5"),
            (".~.ss...", "became_flaky@1 recovered@7"),
            (".~...", "became_flaky@1"),
            (".~...F....", "became_flaky@1 recovered@9"),
            (".~FFF", "became_flaky@1 broke@4"),
            (".FFF~", "broke@3 became_flaky@4"),
            (".FFF...F", "broke@3"),
            ("ssss", ""),
        ],
    )
    def test_of_one_result_a_run(self, states: str, changes: str) -> None:
        assert told(changes_of(history(states), rules=RULES)) == changes

    @pytest.mark.parametrize(
        ("states", "shas", "changes"),
        [
            (".F", "aa", "became_flaky@1"),
            ("F.", "aa", "became_flaky@1"),
            (".F", "ab", ""),
            ("F..F....", "aabacdef", "became_flaky@1 recovered@7"),
            ("F.......", "aaaaaaaa", "became_flaky@1 recovered@5"),
            (".FFF", "aaaa", "became_flaky@1 broke@3"),
            (".FFFF", "abcda", "broke@3"),
            (".FFF.", "abcdd", "broke@3 became_flaky@4"),
        ],
    )
    def test_on_the_same_commit(self, states: str, shas: str, changes: str) -> None:
        assert told(changes_of(history(states, shas), rules=RULES)) == changes

    def test_more_evidence(self) -> None:
        rules = ChangeRules(flaky_after=2, recovered_after=2)
        changes = changes_of(history("~.~..~.~"), rules=rules)
        assert told(changes) == "became_flaky@2 recovered@4 became_flaky@7"

    def test_the_worst_result_of_a_run_counts(self) -> None:
        """A test that fails in one browser alone is broken, not flaky."""
        failures = [result(number, "F", group="webkit") for number in (1, 2, 3)]
        results = history("....") + failures
        [change] = changes_of(results, rules=RULES)
        assert (change.kind, [one.instance_id for one in change.after]) == (
            "broke",
            ["instance3webkit", "instance2webkit", "instance1webkit"],
        )

    def test_the_default_rules(self) -> None:
        assert told(changes_of(history(".FFF.....~"))) == "broke@3 recovered@8 became_flaky@9"

    def test_what_cannot_be_ordered_is_no_evidence(self) -> None:
        undated = [msgspec.structs.replace(one, created_at=None) for one in history(".FFFF")]
        assert changes_of(undated) == ()

    @pytest.mark.parametrize(
        "rules", [{"flaky_after": 0}, {"broken_after": 1}, {"recovered_after": 0}]
    )
    def test_rules_that_cannot_work(self, rules: dict[str, int]) -> None:
        with pytest.raises(InvalidArgumentError, match=f"ChangeRules.{next(iter(rules))} must be"):
            ChangeRules(**rules)


class TestEvidence:
    def test_it_broke(self) -> None:
        [change] = changes_of(history(".FFF"), rules=RULES)
        assert (change.signature, change.spec) == ("sig", "a.spec.ts")
        assert change.title == ("cart", "pays")
        assert (change.kind, change.was, change.error) == ("broke", None, "Error: no")
        assert change.url == "https://app.currents.dev/instance/instance3g/test/id"
        assert [one.run_id for one in change.after] == ["run3", "run2", "run1"]
        assert change.before is not None
        assert (change.before.run_id, change.before.status) == ("run0", "passed")
        assert (change.before.branch, change.before.sha) == ("main", "sha0")
        assert repr(change).startswith("<TestChange broke cart > pays")

    def test_it_became_flaky_by_a_contradiction(self) -> None:
        [change] = changes_of(history(".F.F", "abca"), rules=RULES)
        assert change.before is not None
        assert (change.before.run_id, [one.run_id for one in change.after]) == ("run0", ["run3"])

    def test_it_recovered(self) -> None:
        [_, change] = changes_of(history(".FFF....."), rules=RULES)
        assert (change.kind, change.was, change.error) == ("recovered", "broken", "Error: no")
        assert change.before is not None
        assert change.before.run_id == "run3"
        assert len(change.after) == 4


class Told(NamedTuple):
    kind: str
    at: datetime


def oracle(results: Sequence[TestResult], rules: ChangeRules) -> list[Told]:
    """Tell the changes as slowly as the definition reads: looking at all runs again for each."""
    runs: list[tuple[datetime, str, str]] = []
    for run_id in {one.run_id for one in results}:
        ours = [one for one in results if one.run_id == run_id and one.status != "skipped"]
        if ours:
            states = ["F" if one.failed else "~" if one.flaky else "." for one in ours]
            worst = next(state for state in "F~." if state in states)
            sha = ours[0].commit.sha if ours[0].commit else None
            runs.append((max(one.created_at for one in ours if one.created_at), worst, sha or ""))
    runs.sort()
    states = [state for _, state, _ in runs]

    def contradicts(index: int) -> bool:
        before = {state == "F" for _, state, sha in runs[:index] if sha == runs[index][2]}
        return before == {states[index] != "F"}

    evidence = [state == "~" or contradicts(index) for index, state in enumerate(states)]
    healthy_since, health, changes = -1, "", list[Told]()
    for index, (at, state, _) in enumerate(runs):
        was = health
        newest = states[max(0, index + 1 - rules.broken_after) : index + 1]
        last = range(index + 1 - rules.recovered_after, index + 1)
        if newest == ["F"] * rules.broken_after:
            health = "broke"
        elif evidence[index] and sum(evidence[healthy_since + 1 : index + 1]) >= rules.flaky_after:
            health = was if was == "broke" and state == "F" else "became_flaky"
        elif last[0] >= 0 and all(states[one] == "." and not evidence[one] for one in last):
            health, healthy_since = "recovered", index
        if health == was or (health == "recovered" and not was):
            continue
        if health != "broke" or set(states[:index]) & {".", "~"}:
            changes.append(Told(health, at))
    return changes


RESULTS = st.lists(
    st.builds(
        result,
        st.integers(0, 14),
        st.sampled_from("...FFF~s"),
        st.sampled_from(["a", "b", None, None, None]),
        st.sampled_from(["g", "h"]),
    ),
    max_size=30,
)
SOME_RULES = st.builds(
    ChangeRules,
    flaky_after=st.integers(1, 2),
    broken_after=st.integers(2, 3),
    recovered_after=st.integers(1, 3),
)


def one_commit_a_run(results: Iterable[TestResult]) -> list[TestResult]:
    commits: dict[str | None, Commit | None] = {}
    return [
        msgspec.structs.replace(one, commit=commits.setdefault(one.run_id, one.commit))
        for one in results
    ]


@given(results=RESULTS.map(one_commit_a_run), rules=SOME_RULES, order=st.randoms())
def test_any_history(results: list[TestResult], rules: ChangeRules, order: Random) -> None:
    expected = oracle(results, rules)
    order.shuffle(results)
    changes = changes_of(results, rules=rules)
    assert [Told(one.kind, one.at) for one in changes] == expected
    for change in changes:
        assert change.after[0].created_at == change.at
        assert (
            len(change.after)
            == {
                "broke": rules.broken_after,
                "became_flaky": 1,
                "recovered": rules.recovered_after,
            }[change.kind]
        )


@given(
    results=RESULTS.map(one_commit_a_run),
    rules=SOME_RULES,
    polls=st.lists(st.integers(-1, 15), max_size=6),
)
def test_a_bot_that_polls_is_told_each_change_once(
    results: list[TestResult], rules: ChangeRules, polls: list[int]
) -> None:
    seen: list[TestChange] = []
    known, since = None, START - HOUR
    for poll in sorted([*polls, 20]):
        until = START + poll * HOUR
        visible = [one for one in results if one.created_at and one.created_at <= until]
        following = follow(visible, rules, since=since, known=known, late_after=since - 24 * HOUR)
        seen += following.changes
        known, since = following.health, until
    assert seen == list(changes_of(results, rules=rules))


@given(
    results=st.lists(st.tuples(st.integers(0, 14), st.sampled_from("..FF~"), st.integers(0, 9))),
    rules=SOME_RULES,
)
def test_nothing_is_told_twice_in_a_row_though_results_arrive_late(
    results: list[tuple[int, str, int]], rules: ChangeRules
) -> None:
    seen: list[TestChange] = []
    known: TestHealth = "healthy"
    since = START
    once = {one[0]: one for one in results}.values()
    for poll in range(30):
        until = START + poll * HOUR
        visible = [result(at, state) for at, state, late in once if at + late <= poll]
        following = follow(visible, rules, since=since, known=known, late_after=START - HOUR)
        seen += following.changes
        known, since = following.health or "healthy", until
    assert all(one.kind != other.kind for one, other in pairwise(seen))
