"""What `run` says of instances of which more is counted than listed, or that threw."""

import pytest

from currents_async import CurrentsError, InstanceResult
from currents_async.cli._run_report import FailingTest, Report
from currents_async.models import Instance, RunSpec, SpecReport, Stats
from tests.analysis.made import FAILED, PASSED, a_test, an_instance

COUNTED = Stats(tests=3, failures=2)
MISSING = "tests that the server counts and does not list"


@pytest.mark.parametrize(
    ("instance", "spec"),
    [
        (an_instance("a.ts", a_test("one", FAILED), stats=COUNTED), None),
        (
            an_instance("a.ts", a_test("one", FAILED)),
            RunSpec(spec="a.ts", instance_id="r chromium a.ts", results=SpecReport(stats=COUNTED)),
        ),
    ],
    ids=["by itself", "by its run"],
)
def test_what_is_only_counted_is_missing(instance: Instance, spec: RunSpec | None) -> None:
    report = Report("r")
    report.add(InstanceResult(spec=spec, instance_id=instance.instance_id, instance=instance))
    assert (report.tests, report.failed) == (3, 2)
    assert [failing.title for failing in report.failing] == ["", "Cart > one"]
    assert report.errors == [f"a.ts: {MISSING}: 2"]


def test_a_file_that_threw_is_failing() -> None:
    report = Report("r")
    thrown = an_instance("a.ts", a_test("one", PASSED), exception="it broke")
    report.add(InstanceResult(instance_id=thrown.instance_id, instance=thrown))
    assert report.failing == [FailingTest("a.ts", "", "it broke")]
    assert (report.failed, report.errors) == (0, [])


def test_what_the_server_says_of_a_missing_instance_has_no_terminal_colours() -> None:
    report = Report("r")
    report.add(
        InstanceResult(error=CurrentsError("getInstance: 404 \x1b[31mgone\x1b[0m\nfor good"))
    )
    assert report.errors == ["getInstance: 404 gone for good"]
