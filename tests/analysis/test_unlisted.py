"""A list is not believed whole where the server counts more."""

import msgspec
import pytest

from currents_async import Currents
from currents_async.analysis import RunResults, diff_runs, failures_of, flaky_tests_of
from currents_async.models import (
    Counters,
    GroupInstances,
    Instance,
    Run,
    RunGroup,
    RunSpec,
    RunStatus,
    SpecReport,
    Stats,
    TestResult,
)
from currents_async.testing import FakeCurrents, WorldProject
from tests.analysis.made import FAILED, NOON, PASSED, a_run, a_test, an_instance

BEFORE = an_instance("a.ts", a_test("one", FAILED), a_test("two"), run_id="before")
NULLS = b'{"stats":{"tests":2,"failures":2,"flaky":1},"tests":null}'
COUNTED = "failed tests that the server counts and does not list: 2"


def counting(*tests: msgspec.Struct, stats: Stats | None, run_id: str = "r") -> Instance:
    return an_instance("a.ts", *tests, run_id=run_id, stats=stats)  # type: ignore[arg-type]


def listing(instance: Instance, stats: Stats) -> Run:
    """Make a run that counts this of its only spec file."""
    run = a_run(instance, run_id=instance.run_id or "r")
    [spec] = run.specs
    spec = msgspec.structs.replace(spec, results=SpecReport(stats=stats))
    return msgspec.structs.replace(run, specs=(spec,))


NOTHING_LISTED = counting(stats=Stats(tests=2, failures=2))
ONE_LISTED = counting(a_test("one", FAILED), stats=Stats(tests=2, failures=2))
NOT_AS_FAILED = counting(a_test("one"), a_test("two"), stats=Stats(tests=2, failures=1))


class TestFailures:
    def test_that_are_only_counted_become_one_of_the_file(self) -> None:
        assert NOTHING_LISTED.failed
        [failure] = failures_of([NOTHING_LISTED])
        assert (failure.test.is_file, failure.test.failed) == (True, True)
        assert failure.test.error == COUNTED
        assert failure.error is not None
        assert failure.error.message == COUNTED

    def test_that_are_listed_come_beside_it(self) -> None:
        file, test = failures_of([ONE_LISTED])
        assert file.test.error == COUNTED.replace("2", "1")
        assert test.test.title == ("Cart", "one")

    def test_the_exception_says_more(self) -> None:
        thrown = an_instance("a.ts", exception="it broke", stats=Stats(tests=2, failures=2))
        [failure] = failures_of([thrown])
        assert failure.test.error == "it broke"

    def test_the_run_counts_too(self) -> None:
        bare = counting(stats=None)
        [spec] = listing(bare, Stats(tests=2, failures=2)).specs
        assert failures_of([bare]) == []
        [failure] = failures_of([bare], specs=[spec])
        assert failure.test.error == COUNTED

    def test_of_a_spec_that_has_no_instance(self) -> None:
        report = SpecReport(stats=Stats(tests=2, failures=2))
        specs = [RunSpec(spec="b.ts"), RunSpec(spec="a.ts", results=report)]
        [failure] = failures_of([], specs=specs)
        assert (failure.test.spec, failure.test.error) == ("a.ts", COUNTED)

    @pytest.mark.parametrize("stats", [None, Stats(), Stats(tests=2, failures=1), Stats(overall=2)])
    def test_a_list_that_has_all_is_believed(self, stats: Stats | None) -> None:
        whole = counting(a_test("one", FAILED), a_test("two"), stats=stats)
        assert [failure.test.is_file for failure in failures_of([whole])] == [False]
        assert whole.unlisted.has_none
        assert RunResults.of(a_run(whole), [whole]).incomplete == []


class TestFlakyTests:
    def test_that_are_only_counted_become_one_of_the_file(self) -> None:
        flaky = a_test("one", failures=["no"])
        for instance, listed in (
            (an_instance("a.ts", flaky, flaky=2), 1),
            (an_instance("a.ts", stats=Stats(tests=1, flaky=1)), 0),
        ):
            file, *others = flaky_tests_of([instance])
            assert (file.test.is_file, file.test.is_flaky, file.test.passed) == (True, True, True)
            assert len(others) == listed

    def test_the_run_counts_too(self) -> None:
        bare = counting(stats=None)
        [flaky] = flaky_tests_of([bare], specs=listing(bare, Stats(tests=1, flaky=1)).specs)
        assert flaky.test.is_file


class TestDiff:
    @pytest.mark.parametrize("after", [NOTHING_LISTED, ONE_LISTED, NOT_AS_FAILED])
    def test_a_file_of_which_more_is_counted_is_incomplete(self, after: Instance) -> None:
        old, new = (
            RunResults.of(a_run(BEFORE, run_id="before"), [BEFORE]),
            RunResults.of(a_run(after), [after]),
        )
        diff = diff_runs(old, new)
        assert [file.run_id for file in diff.incomplete] == ["r"]
        assert not diff.is_conclusive
        assert diff.gone == ()
        assert diff.has_new_failures
        assert any(one.test.is_file for one in diff.new_failures)

    def test_tests_that_are_only_counted_are_not_gone(self) -> None:
        after = counting(a_test("one"), stats=Stats(tests=2))
        old = RunResults.of(a_run(BEFORE, run_id="before"), [BEFORE])
        diff = diff_runs(old, RunResults.of(a_run(after), [after]))
        assert [one.test.title for one in diff.unknown] == [("Cart", "two")]
        assert (diff.gone, diff.is_conclusive) == ((), False)

    def test_the_run_counts_too(self) -> None:
        after = counting(a_test("one"), stats=None)
        results = RunResults.of(listing(after, Stats(tests=2, failures=1)), [after])
        [file] = results.incomplete
        assert file.failure == COUNTED.replace("2", "1")

    def test_test_results_count_as_well(self) -> None:
        spec = RunSpec(
            spec="a.ts",
            instance_id="i",
            completed_at=NOON,
            results=SpecReport(stats=Stats(tests=1, failures=1)),
        )
        passed = TestResult(instance_id="i", spec="a.ts", status=PASSED)
        [file] = RunResults.of_test_results(a_run(more=[spec]), [passed]).incomplete
        assert file.unlisted_failures == 1

    def test_spec_files_that_are_only_counted_are_not_gone(self) -> None:
        after = an_instance("b.ts", a_test("three"))
        groups = (RunGroup(group_id="chromium", instances=GroupInstances(overall=2)),)
        run = msgspec.structs.replace(a_run(after), groups=groups)
        old = RunResults.of(a_run(BEFORE, run_id="before"), [BEFORE])
        for specs in (None, run.specs):
            results = RunResults.of(run, [after], specs=specs)
            assert not results.is_complete
            diff = diff_runs(old, results)
            assert (len(diff.unknown), diff.gone, diff.is_conclusive) == (2, (), False)


class TestRuns:
    @pytest.mark.parametrize("counters", ["tests", "instances"])
    def test_a_run_without_a_verdict_failed_by_its_counters(self, counters: str) -> None:
        counted = {"tests": Counters(failures=1), "instances": GroupInstances(failures=1)}
        group = RunGroup(**{counters: counted[counters]})  # type: ignore[arg-type]
        assert Run(run_id="r", groups=(group,)).failed
        assert not Run(run_id="r", groups=(group,), status=RunStatus.PASSED).failed
        assert not Run(run_id="r", groups=(RunGroup(),)).failed

    async def test_an_instance_without_its_tests_and_without_its_spec(
        self, server: FakeCurrents, currents: Currents, project: WorldProject
    ) -> None:
        before = project.run(specs=1, tests=2, failures=0, flaky=0)
        run = project.run(specs=1, tests=2, failures=2, flaky=0)
        instance_id = run.specs[0].instance_id or ""
        results = b'{"instanceId":"%s","results":%s}' % (instance_id.encode(), NULLS)
        body = b'{"status":"OK","data":%s}' % results
        server.fail("getInstance", 200, None, path_args={"instance_id": instance_id}, body=body)
        [failure] = await currents.runs.failures(run.run_id)
        assert (failure.test.spec, failure.test.error) == (run.specs[0].path, COUNTED)
        diff = await currents.runs.diff(before.run_id, run.run_id)
        assert not diff.is_conclusive
        assert diff.gone == ()

    async def test_a_failed_run_without_its_specs(
        self, server: FakeCurrents, currents: Currents
    ) -> None:
        groups = b'[{"groupId":"g","instances":{"overall":3}}]'
        body = b'{"status":"OK","data":{"runId":"r","status":"FAILED","groups":%s,"specs":null}}'
        server.fail("getRun", 200, None, body=body % groups)
        [failure] = await currents.runs.failures("r")
        assert (failure.test.is_file, failure.test.spec, failure.test.run_id) == (True, "", "r")
        assert failure.test.error == "spec files that the server counts and does not list: 3"
        diff = await currents.runs.diff("r", "r")
        assert not diff.is_conclusive
