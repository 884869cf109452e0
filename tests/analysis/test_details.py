from typing import Literal

import pytest

from currents_async.analysis import Execution, RunDetails
from currents_async.models import Instance, Run, RunSpec, SpecReport, Stats
from currents_async.testing import World
from tests.analysis.made import FAILED, a_run, a_spec, a_test, an_instance, played


@pytest.mark.parametrize("framework", ["playwright", "cypress"])
def test_counts_are_those_of_the_world(framework: Literal["playwright", "cypress"]) -> None:
    world = (
        World(seed=1)
        .project()
        .run(
            framework=framework,
            specs=20,
            failures=0.1,
            flaky=0.1,
            unclaimed=3,
        )
    )
    counts = RunDetails.of(*played(world)).counts()
    assert counts.specs == 20
    assert counts.unclaimed == 3
    assert counts.failed == sum(spec.failures for spec in world.specs)
    assert counts.flaky == sum(spec.flaky for spec in world.specs)
    assert counts.tests == sum((
        counts.passed,
        counts.failed,
        counts.pending,
        counts.skipped,
        counts.unlisted,
    ))


def test_instances_find_their_specs() -> None:
    one, two = an_instance("a.ts", a_test("a")), an_instance("b.ts", a_test("b", FAILED))
    details = RunDetails.of(a_run(one, more=[RunSpec(spec="c.ts")]), [two, one])
    assert [found.spec.spec for found in details.executions] == ["a.ts", "c.ts", "b.ts"]
    assert [found.instance for found in details.executions] == [one, None, two]
    assert [failure.test.full_title for failure in details.failures()] == ["Cart > b"]
    assert details.instances == [one, two]


def test_specs_beside_the_run() -> None:
    one = Instance(instance_id="r chromium a.ts")
    listed = a_spec(an_instance("a.ts"))
    details = RunDetails.of(Run(run_id="r"), [one], specs=[listed])
    [found] = details.executions
    assert found.instance is not None
    assert (found.instance.spec, found.instance.group_id) == ("a.ts", "chromium")


COUNTED = Stats(tests=3, failures=2)


@pytest.mark.parametrize(
    ("instance", "spec"),
    [
        (an_instance("a.ts", a_test("one", FAILED), stats=COUNTED), RunSpec(spec="a.ts")),
        (
            an_instance("a.ts", a_test("one", FAILED)),
            RunSpec(spec="a.ts", instance_id="r chromium a.ts", results=SpecReport(stats=COUNTED)),
        ),
    ],
    ids=["by itself", "by its run"],
)
def test_tests_that_are_counted_but_not_listed_are_missing(
    instance: Instance, spec: RunSpec
) -> None:
    one = Execution(spec=spec, instance=instance)
    details = RunDetails(run=Run(run_id="r"), executions=(one,))
    counts = details.counts()
    assert (counts.tests, counts.failed, counts.unlisted) == (3, 2, 2)
    assert [failure.test.title for failure in details.failures()] == [(), ("Cart", "one")]
    assert one.incomplete == "a.ts: tests that the server counts and does not list: 2"


def test_an_instance_that_is_missing() -> None:
    lost = Execution(spec=RunSpec(spec="a.ts"), error="404")
    details = RunDetails(run=Run(run_id="r"), executions=(lost, Execution(spec=RunSpec())))
    assert (details.counts().missing, details.counts().unclaimed) == (1, 1)
    assert [one.incomplete for one in details.executions] == ["a.ts: 404", ""]
