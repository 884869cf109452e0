from typing import Any

import msgspec
import pytest

from currents_async.analysis import ComparedTest, RunDiff, RunResults, diff_runs
from currents_async.models import (
    CompletionState,
    Instance,
    InstanceTest,
    Outcome,
    RunSpec,
    TestResult,
)
from currents_async.testing import World
from tests.analysis.made import (
    FAILED,
    PASSED,
    PENDING,
    SKIPPED,
    a_run,
    a_test,
    an_instance,
    results_of,
)

FLAKY = ["oh!"]
WAITING = RunSpec(spec="a.ts", group_id="chromium")


def results(*instances: Instance, **options: Any) -> RunResults:
    return RunResults.of(a_run(*instances, **options), instances)


def compare(before: InstanceTest | None, after: InstanceTest | None) -> RunDiff:
    """Compare two runs of one spec file, with one test or none."""
    return diff_runs(
        *(results(an_instance("a.ts", *([test] if test else []))) for test in (before, after))
    )


def filled(diff: RunDiff) -> set[str]:
    return {name for name, count in diff.counts.items() if count}


def titles(compared: tuple[ComparedTest, ...]) -> list[str]:
    return [one.test.full_title.removeprefix("Cart > ") for one in compared]


class TestCategories:
    @pytest.mark.parametrize(
        ("before", "after", "category"),
        [
            (PASSED, FAILED, "new_failures"),
            (PENDING, FAILED, "new_failures"),
            (SKIPPED, FAILED, "new_failures"),
            (FAILED, FAILED, "still_failing"),
            (FAILED, PASSED, "resolved"),
            (FAILED, PENDING, "unverified"),
            (FAILED, SKIPPED, "unverified"),
            (FAILED, Outcome("tomorrow's"), "unverified"),
            (PASSED, PASSED, "others"),
            (PASSED, SKIPPED, "others"),
            (PENDING, PASSED, "others"),
        ],
    )
    def test_of_a_test_in_both(self, before: Outcome, after: Outcome, category: str) -> None:
        was, now = a_test("t", before), a_test("t", after)
        diff = compare(was, now)
        assert filled(diff) == {category}
        assert diff.has_new_failures == (category == "new_failures")
        assert diff.is_conclusive
        if category != "others":
            [found] = getattr(diff, category)
            assert (found.before.state, found.after.state) == (before, after)
            assert (found.test, found.after.run_id) == (found.after, "r")

    @pytest.mark.parametrize(
        ("test", "categories"),
        [
            (a_test("t"), {"new_tests"}),
            (a_test("t", FAILED), {"new_tests", "new_failures"}),
            (a_test("t", failures=FLAKY), {"new_tests", "newly_flaky"}),
        ],
        ids=["passed", "failed", "flaky"],
    )
    def test_of_a_new_test(self, test: InstanceTest, categories: set[str]) -> None:
        diff = compare(None, test)
        assert filled(diff) == categories
        [found] = diff.new_tests
        assert found.before is None
        assert found.test.title == test.title

    @pytest.mark.parametrize(
        "test",
        [a_test("t"), a_test("t", FAILED), a_test("t", failures=FLAKY)],
        ids=["passed", "failed", "flaky"],
    )
    def test_of_a_test_that_is_gone(self, test: InstanceTest) -> None:
        diff = compare(test, None)
        assert filled(diff) == {"gone"}
        [found] = diff.gone
        assert found.after is None
        assert found.test.title == test.title

    @pytest.mark.parametrize(
        ("before", "after", "categories"),
        [
            (a_test("t"), a_test("t", failures=FLAKY), {"newly_flaky"}),
            (a_test("t", FAILED), a_test("t", failures=FLAKY), {"newly_flaky", "resolved"}),
            (a_test("t", failures=FLAKY), a_test("t"), {"no_longer_flaky"}),
            (a_test("t", failures=FLAKY), a_test("t", FAILED), {"new_failures"}),
            (a_test("t", failures=FLAKY), a_test("t", SKIPPED), {"others"}),
            (a_test("t", failures=FLAKY), a_test("t", failures=FLAKY), {"others"}),
        ],
        ids=["became", "resolved", "ceased", "fails", "skipped", "still"],
    )
    def test_of_a_flaky_test(
        self, before: InstanceTest, after: InstanceTest, categories: set[str]
    ) -> None:
        assert filled(compare(before, after)) == categories

    def test_in_the_order_of_the_later_run(self) -> None:
        before = results(
            an_instance("a.ts", a_test("1"), a_test("2"), a_test("3")),
            an_instance("b.ts", a_test("4"), a_test("5")),
        )
        after = results(
            an_instance("b.ts", a_test("5", FAILED), a_test("4", FAILED), a_test("6")),
            an_instance("a.ts", a_test("7"), a_test("2", FAILED)),
        )
        diff = diff_runs(before, after)
        assert titles(diff.new_failures) == ["5", "4", "2"]
        assert titles(diff.new_tests) == ["6", "7"]
        assert titles(diff.gone) == ["1", "3"]

    def test_the_runs_are_named(self) -> None:
        diff = diff_runs(results(run_id="r1"), results(run_id="r2"))
        assert (diff.before_run_id, diff.after_run_id) == ("r1", "r2")


class TestGroups:
    def test_tests_are_compared_within_a_group(self) -> None:
        before = results(
            an_instance("a.ts", a_test("t", FAILED)),
            an_instance("a.ts", a_test("t"), group_id="webkit"),
        )
        after = results(
            an_instance("a.ts", a_test("t")),
            an_instance("a.ts", a_test("t", FAILED), group_id="webkit"),
        )
        diff = diff_runs(before, after)
        [failure], [resolved] = diff.new_failures, diff.resolved
        assert (failure.test.group_id, resolved.test.group_id) == ("webkit", "chromium")

    def test_a_group_that_one_run_has(self) -> None:
        more = an_instance("a.ts", a_test("t"), group_id="webkit")
        one, two = results(an_instance("a.ts", a_test("t"))), results(more)
        diff = diff_runs(one, two)
        assert (titles(diff.gone), titles(diff.new_tests)) == (["t"], ["t"])

    @pytest.mark.parametrize("suffix", ["", "-2", "-smoke"])
    def test_a_group_may_be_called_by_the_ci_build(self, suffix: str) -> None:
        before, after = (
            results(
                an_instance("a.ts", a_test("t", state), group_id=build + suffix), ci_build_id=build
            )
            for build, state in (("main-1", PASSED), ("main-2", FAILED))
        )
        [failure] = diff_runs(before, after).new_failures
        assert failure.before is not None
        assert (failure.before.group_id, failure.test.group_id) == (
            f"main-1{suffix}",
            f"main-2{suffix}",
        )

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ("main-1", "main-2-2"),
            ("main-1", "chromium"),
            ("main-12", "main-22"),
            ("-2", "main-2-2"),
        ],
    )
    def test_other_groups_are_not_the_same(self, before: str, after: str) -> None:
        diff = diff_runs(
            results(an_instance("a.ts", a_test("t"), group_id=before), ci_build_id="main-1"),
            results(an_instance("a.ts", a_test("t"), group_id=after), ci_build_id="main-2"),
        )
        assert filled(diff) == {"gone", "new_tests"}

    def test_two_cypress_runs(self) -> None:
        project = World(1).project()
        runs = [
            project.run(specs=10, groups=2, tests=5, failures=count, framework="cypress")
            for count in (0, 4)
        ]
        groups = [{spec.group_id for spec in run.specs} for run in runs]
        assert groups[0].isdisjoint(groups[1])
        diff = diff_runs(*map(results_of, runs))
        assert len(diff.new_failures) == 4
        assert diff.is_conclusive
        assert not diff.gone + diff.new_tests
        assert {one.test.group_id for one in diff.new_failures} <= groups[1]


class TestIdentity:
    """By signature if both have one, otherwise by spec and title."""

    @staticmethod
    def of(*tests: tuple[str, str | None, Outcome]) -> RunResults:
        found = [
            TestResult(
                title=(title,), signature=signature, status=status, spec="a.ts", instance_id="i"
            )
            for title, signature, status in tests
        ]
        listed = an_instance("a.ts", *(a_test(title) for title, *_ in tests), group_id="")
        spec = RunSpec(
            spec="a.ts",
            instance_id="i",
            completed_at=listed.completed_at,
            results=a_run(listed).specs[0].results,
        )
        return RunResults.of_test_results(a_run(more=[spec]), found)

    def test_a_signature_outlives_a_title(self) -> None:
        diff = diff_runs(self.of(("old", "s", PASSED)), self.of(("new", "s", FAILED)))
        assert filled(diff) == {"new_failures"}

    def test_signatures_that_differ_are_different_tests(self) -> None:
        diff = diff_runs(self.of(("t", "s1", PASSED)), self.of(("t", "s2", FAILED)))
        assert filled(diff) == {"gone", "new_tests", "new_failures"}

    @pytest.mark.parametrize(("before", "after"), [("s", None), (None, "s"), (None, None)])
    def test_the_title_where_a_signature_is_not_known(
        self, before: str | None, after: str | None
    ) -> None:
        diff = diff_runs(self.of(("t", before, PASSED)), self.of(("t", after, FAILED)))
        assert filled(diff) == {"new_failures"}

    @pytest.mark.parametrize("signature", [None, "s"])
    def test_several_candidates_are_ambiguous(self, signature: str | None) -> None:
        once = ("t", signature, FAILED)
        diff = diff_runs(self.of(once), self.of(once, once))
        assert filled(diff) == {"ambiguous"}
        [unclear] = diff.ambiguous
        assert (len(unclear.before), len(unclear.after)) == (1, 2)
        assert not diff.is_conclusive
        assert filled(diff_runs(self.of(once, once), self.of())) == {"ambiguous"}

    def test_a_signature_and_a_title_that_contradict_each_other(self) -> None:
        before = self.of(("t", "s", PASSED))
        after = self.of(("t", None, PASSED), ("renamed", "s", FAILED))
        diff = diff_runs(before, after)
        assert filled(diff) == {"ambiguous"}
        [unclear] = diff.ambiguous
        assert [test.full_title for test in unclear.after] == ["t", "renamed"]

    def test_tests_with_the_same_title_and_signatures_of_their_own(self) -> None:
        before = self.of(("t", "s1", PASSED), ("t", "s2", PASSED))
        after = self.of(("t", "s2", FAILED), ("t", "s1", PASSED))
        diff = diff_runs(before, after)
        assert filled(diff) == {"new_failures", "others"}
        assert diff.new_failures[0].test.signature == "s2"

    def test_many_that_are_united(self) -> None:
        # Each signature is had by two titles, which chains all of them.
        count = 3_000
        chain = [(f"{number // 2}", f"s{(1 + number) // 2}", PASSED) for number in range(count)]
        unsigned = [(f"{number}", None, PASSED) for number in range(count // 2)]
        diff = diff_runs(self.of(*chain), self.of(*unsigned))
        [unclear] = diff.ambiguous
        assert (len(unclear.before), len(unclear.after)) == (count, count // 2)


class TestUnknown:
    def test_a_file_that_was_not_executed_now(self) -> None:
        before = results(an_instance("a.ts", a_test("t", FAILED)))
        diff = diff_runs(before, results(more=[WAITING]))
        assert filled(diff) == {"unknown"}
        assert titles(diff.unknown) == ["t"]
        assert [file.spec for file in diff.incomplete] == ["a.ts"]
        assert not diff.is_conclusive

    def test_a_file_that_was_not_executed_before(self) -> None:
        after = results(an_instance("a.ts", a_test("t", FAILED)))
        diff = diff_runs(results(more=[WAITING]), after)
        assert filled(diff) == {"unknown"}
        assert not diff.has_new_failures
        assert not diff.is_conclusive

    def test_the_same_file_in_another_group_is_another_one(self) -> None:
        before = results(an_instance("a.ts", a_test("t")))
        webkit = RunSpec(spec="a.ts", group_id="webkit")
        diff = diff_runs(before, results(more=[webkit]))
        assert filled(diff) == {"gone"}

    @pytest.mark.parametrize(
        ("state", "category"),
        [(CompletionState.COMPLETE, "gone"), (CompletionState.IN_PROGRESS, "unknown")],
    )
    def test_a_file_that_the_run_does_not_list(self, state: CompletionState, category: str) -> None:
        before = results(an_instance("a.ts", a_test("t")))
        after = results(an_instance("b.ts"), state=state)
        assert filled(diff_runs(before, after)) == {category}

    def test_a_file_that_ended_in_a_run_that_has_not(self) -> None:
        before = results(an_instance("a.ts", a_test("t"), a_test("u")))
        after = results(an_instance("a.ts", a_test("u")), state=CompletionState.IN_PROGRESS)
        diff = diff_runs(before, after)
        assert filled(diff) == {"gone", "others"}
        assert not diff.is_conclusive

    def test_a_file_in_several_executions_is_as_complete_as_each(self) -> None:
        before = results(an_instance("a.ts", a_test("t"), a_test("u")))
        shard = an_instance("a.ts", a_test("u"))
        assert filled(diff_runs(before, results(shard, more=[WAITING]))) == {"unknown", "others"}
        assert filled(diff_runs(before, results(shard, an_instance("a.ts", a_test("t"))))) == {
            "others"
        }

    def test_a_world_run_under_way(self) -> None:
        project = World(1).project()
        before = project.run(specs=8, tests=3, failures=0, flaky=0)
        after = project.run(specs=8, tests=3, failures=2, flaky=0, unclaimed=3, running=True)
        diff = diff_runs(*map(results_of, (before, after)))
        assert (len(diff.new_failures), len(diff.unknown), len(diff.incomplete)) == (2, 9, 3)
        assert not diff.gone


class TestFilesThatThrew:
    FINE = an_instance("a.ts", a_test("t"))
    THREW = an_instance("a.ts", exception="it broke\nsomewhere")

    @pytest.mark.parametrize(
        ("before", "after", "category"),
        [
            (FINE, THREW, "new_failures"),
            (THREW, THREW, "still_failing"),
            (THREW, FINE, "resolved"),
        ],
        ids=["now", "always", "before"],
    )
    def test_they_are_compared_like_tests(
        self, before: Instance, after: Instance, category: str
    ) -> None:
        diff = diff_runs(results(before), results(after))
        [found] = getattr(diff, category)
        assert found.before.is_file
        assert found.after.is_file
        assert found.test.full_title == "a.ts"
        assert found.after.error == ("it broke" if after is self.THREW else "")
        assert filled(diff) == {category} if before is after else {category, "unknown"}

    def test_their_tests_are_not_gone(self) -> None:
        diff = diff_runs(results(self.FINE), results(self.THREW))
        assert titles(diff.unknown) == ["t"]
        assert [file.exception for file in diff.incomplete] == ["it broke\nsomewhere"]

    def test_a_new_file(self) -> None:
        diff = diff_runs(results(), results(self.THREW))
        assert filled(diff) == {"new_failures", "new_tests"}

    def test_a_file_that_is_gone(self) -> None:
        assert filled(diff_runs(results(self.THREW), results())) == {"gone"}

    def test_a_file_that_has_not_ended(self) -> None:
        running = msgspec.structs.replace(self.FINE, completed_at=None)
        for unfinished in (results(running), results(more=[WAITING])):
            diff = diff_runs(results(self.THREW), unfinished)
            assert [one.test.is_file for one in diff.unknown if one.test.failed] == [True]
            assert not diff.resolved

    def test_several_executions_make_one_failure(self) -> None:
        diff = diff_runs(results(self.FINE), results(self.THREW, self.FINE, self.THREW))
        assert filled(diff) == {"new_failures", "others"}
        assert len(diff.new_failures) == 1

    def test_a_file_that_never_threw_is_not_mentioned(self) -> None:
        assert diff_runs(results(self.FINE), results(self.FINE)).counts["others"] == 1


def test_two_world_runs() -> None:
    world = World(1)
    project = world.project()
    runs = [project.run(specs=specs, failures=0.2, flaky=0.2) for specs in (20, 24)]
    was, now = (
        {
            (one.spec, one.title): one
            for one in world.executions(project.project_id)
            if one.run.run_id == run.run_id
        }
        for run in runs
    )
    failed, fails = (
        {key for key, one in side.items() if one.state == "failed"} for side in (was, now)
    )
    passes = {key for key, one in now.items() if one.state == "passed"}
    flaky, is_flaky = ({key for key, one in side.items() if one.flaky} for side in (was, now))
    diff = diff_runs(*map(results_of, runs))
    expected = {
        "new_failures": fails - failed,
        "still_failing": fails & failed,
        "resolved": failed & passes,
        "unverified": (failed & now.keys()) - passes - fails,
        "new_tests": now.keys() - was.keys(),
        "gone": was.keys() - now.keys(),
        "newly_flaky": is_flaky - flaky,
        "no_longer_flaky": (flaky & passes) - is_flaky,
    }
    assert all(expected.values())
    for category, tests in expected.items():
        found = [(one.test.spec, one.test.title) for one in getattr(diff, category)]
        assert (category, sorted(found)) == (category, sorted(tests))
    assert diff.is_conclusive


def test_a_diff_is_plain_data() -> None:
    diff = compare(a_test("t"), a_test("t", FAILED))
    shown = diff.to_dict()
    assert shown["newFailures"][0]["after"]["error"] == "oh!"
    assert shown["newFailures"][0]["before"]["title"] == ["Cart", "t"]
    assert msgspec.convert(shown, RunDiff) == diff
