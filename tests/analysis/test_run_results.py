import msgspec
import pytest

from currents_async import InvalidArgumentError
from currents_async.analysis import RunResults
from currents_async.models import (
    CompletionState,
    GroupInstances,
    Instance,
    Run,
    RunGroup,
    RunSpec,
    SpecReport,
    Stats,
    TestResult,
)
from currents_async.testing import World
from tests.analysis.made import NOON, a_run, a_spec, a_test, an_instance, played, results_of, sample

ONE = an_instance("a.ts", a_test("one"), a_test("two"))
TWO = an_instance("b.ts", a_test("three"))
UNCLAIMED = RunSpec(spec="c.ts", group_id="chromium")


def a_result(title: str, instance: Instance) -> TestResult:
    return TestResult(
        title=("Cart", title),
        spec=instance.spec,
        group_id=instance.group_id,
        run_id=instance.run_id,
        instance_id=instance.instance_id,
        signature=f"signature of {title}",
    )


class TestOfInstances:
    def test_executed_tests(self) -> None:
        results = RunResults.of(a_run(ONE, TWO, ci_build_id="b1"), [TWO, ONE])
        assert (results.run_id, results.ci_build_id, results.is_complete) == ("r", "b1", True)
        assert [one.full_title for one in results.tests] == [
            "Cart > three",
            "Cart > one",
            "Cart > two",
        ]
        assert [file.spec for file in results.files] == ["b.ts", "a.ts"]
        assert results.incomplete == []

    @pytest.mark.parametrize("state", [CompletionState.IN_PROGRESS, CompletionState.CANCELED])
    def test_more_may_come_of_a_run_that_is_not_complete(self, state: CompletionState) -> None:
        assert not RunResults.of(a_run(ONE, state=state), [ONE]).is_complete

    @pytest.mark.parametrize(
        ("missing", "given"),
        [
            (UNCLAIMED, []),
            (RunSpec(spec="c.ts", instance_id="i"), []),
            (RunSpec(spec="c.ts", instance_id="i"), [Instance(instance_id="i", spec="c.ts")]),
            (
                RunSpec(spec="c.ts", instance_id="i"),
                [Instance(instance_id="i", spec="c.ts", completed_at=NOON)],
            ),
            (a_spec(an_instance("c.ts", a_test("one"))), []),
        ],
        ids=["not claimed", "claimed", "without results", "ended without results", "not fetched"],
    )
    def test_a_file_without_results(self, missing: RunSpec, given: list[Instance]) -> None:
        results = RunResults.of(a_run(ONE, more=[missing]), [ONE, *given])
        [file] = results.incomplete
        assert (file.spec, file.tests, file.exception) == ("c.ts", (), None)
        assert file.instance_id == missing.instance_id

    def test_a_file_that_is_still_running(self) -> None:
        running = an_instance("c.ts", a_test("one"), completed_at=None)
        [file] = RunResults.of(a_run(running), [running]).incomplete
        assert [test.full_title for test in file.tests] == ["Cart > one"]

    def test_a_file_that_threw(self) -> None:
        thrown = an_instance("c.ts", a_test("one"), exception="it broke")
        [file] = RunResults.of(a_run(ONE, thrown), [ONE, thrown]).incomplete
        assert (file.spec, file.exception, len(file.tests)) == ("c.ts", "it broke", 1)

    def test_a_file_that_threw_and_was_not_fetched(self) -> None:
        thrown = an_instance("c.ts", exception="it broke")
        [file] = RunResults.of(a_run(ONE, thrown), [ONE]).incomplete
        assert (file.spec, file.exception) == ("c.ts", "it broke")

    def test_the_run_may_say_that_a_file_is_complete(self) -> None:
        # As with Playwright's published samples.
        silent = msgspec.structs.replace(ONE, completed_at=None)
        assert RunResults.of(a_run(ONE), [silent]).incomplete == []

    def test_an_instance_may_be_newer_than_its_run(self) -> None:
        claimed = RunSpec(spec="a.ts", group_id="chromium", instance_id=ONE.instance_id)
        assert RunResults.of(a_run(more=[claimed]), [ONE]).incomplete == []

    def test_a_file_without_tests_need_not_be_fetched(self) -> None:
        assert RunResults.of(a_run(an_instance("c.ts")), []).incomplete == []

    def test_specs_passed_apart(self) -> None:
        run = msgspec.structs.replace(a_run(ONE), specs=())
        results = RunResults.of(run, [ONE], specs=[a_spec(ONE), UNCLAIMED])
        assert [file.spec for file in results.incomplete] == ["c.ts"]

    def test_a_run_without_its_specs_is_refused(self) -> None:
        group = RunGroup(instances=GroupInstances(overall=1))
        run = msgspec.structs.replace(a_run(), groups=(group,))
        with pytest.raises(InvalidArgumentError, match="specs"):
            RunResults.of(run, [])

    def test_results_of_another_run_are_refused(self) -> None:
        with pytest.raises(InvalidArgumentError, match=r".+ is of run other, not of r"):
            RunResults.of(a_run(ONE), [an_instance("a.ts", run_id="other")])

    def test_a_world_run(self) -> None:
        run = World(1).project().run(specs=6, unclaimed=2, running=True)
        results = results_of(run)
        assert not results.is_complete
        assert len(results.tests) == sum(spec.tests for spec in run.specs)
        assert [file.spec for file in results.incomplete] == [spec.path for spec in run.specs[-2:]]

    def test_a_published_sample(self) -> None:
        run = sample("run-playwright", Run)
        instance = msgspec.structs.replace(
            sample("instance-playwright", Instance),
            run_id=run.run_id,
            instance_id=run.specs[0].instance_id or "",
        )
        # The two samples are of different executions: one counts what the other lists.
        report = SpecReport(stats=Stats(tests=1, failures=1))
        [spec] = run.specs
        run = msgspec.structs.replace(run, specs=(msgspec.structs.replace(spec, results=report),))
        results = RunResults.of(run, [instance])
        assert (results.ci_build_id, results.is_complete) == ("1716813012", True)
        assert results.incomplete == []
        assert [test.full_title for test in results.tests] == ["test 01"]


class TestOfTestResults:
    def test_executed_tests(self) -> None:
        found = [a_result("one", ONE), a_result("three", TWO), a_result("two", ONE)]
        results = RunResults.of_test_results(a_run(ONE, TWO), found)
        assert [(one.spec, one.signature) for one in results.tests] == [
            ("a.ts", "signature of one"),
            ("a.ts", "signature of two"),
            ("b.ts", "signature of three"),
        ]
        assert results.incomplete == []

    def test_a_file_of_which_results_are_missing(self) -> None:
        results = RunResults.of_test_results(a_run(ONE, TWO), [a_result("one", ONE)])
        assert [(file.spec, len(file.tests)) for file in results.incomplete] == [
            ("a.ts", 1),
            ("b.ts", 0),
        ]

    @pytest.mark.parametrize(
        "spec",
        [
            UNCLAIMED,
            RunSpec(spec="c.ts", completed_at=NOON, results=SpecReport()),
            RunSpec(spec="c.ts", results=SpecReport(stats=Stats())),
            RunSpec(
                spec="c.ts", completed_at=NOON, results=SpecReport(stats=Stats(), exception="no")
            ),
        ],
        ids=["not claimed", "not counted", "running", "threw"],
    )
    def test_a_file_that_is_not_complete(self, spec: RunSpec) -> None:
        [file] = RunResults.of_test_results(a_run(more=[spec]), []).incomplete
        assert file.spec == "c.ts"

    def test_an_instance_that_the_run_does_not_list(self) -> None:
        run = a_run(TWO)
        results = RunResults.of_test_results(run, [a_result("one", ONE), a_result("three", TWO)])
        [file] = results.incomplete
        assert (file.spec, len(file.tests)) == ("a.ts", 1)

    def test_a_result_without_an_instance_is_of_no_spec_of_the_run(self) -> None:
        result = msgspec.structs.replace(a_result("one", ONE), instance_id=None)
        results = RunResults.of_test_results(a_run(more=[UNCLAIMED]), [result])
        assert [file.spec for file in results.incomplete] == ["a.ts", "c.ts"]

    def test_results_of_another_run_are_refused(self) -> None:
        result = msgspec.structs.replace(a_result("one", ONE), run_id="other")
        with pytest.raises(InvalidArgumentError, match="is of run other"):
            RunResults.of_test_results(a_run(ONE), [result])


def test_it_is_plain_data() -> None:
    results = RunResults.of(*played(World(1).project().run(specs=2, failures=1)))
    shown = results.to_dict()
    assert shown["files"][0]["tests"][0]["isFlaky"] is False
    assert hash(results) == hash(msgspec.convert(shown, RunResults))
