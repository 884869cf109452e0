import json
import re
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, Literal

import pytest
from junitparser import JUnitXml, TestCase, TestSuite
from lxml import etree
from msgspec.structs import replace

from currents_async.analysis import Execution, RunDetails
from currents_async.analysis.artifacts import list_artifacts, url_of
from currents_async.errors import InvalidArgumentError
from currents_async.models import (
    Annotation,
    Attempt,
    AttemptError,
    GroupInstances,
    Instance,
    InstanceReport,
    InstanceTest,
    Location,
    Outcome,
    Run,
    RunGroup,
    RunMeta,
    RunSpec,
    RunStatus,
    SpecReport,
    Stats,
)
from currents_async.reports import FlakyForm, junit
from currents_async.testing import World
from tests.analysis.made import (
    FAILED,
    NOON,
    PENDING,
    SKIPPED,
    a_run,
    a_test,
    an_instance,
)
from tests.reports.made import all_details, details_of, hostile_details, world_details
from tests.reports.wire import facts_of

HERE = Path(__file__).parent
SCHEMA = etree.XMLSchema(etree.parse(Path(__file__).parent / "schemas/junit-10.xsd"))
FORMS: tuple[FlakyForm, ...] = ("rerun", "failed-and-passed")
COUNTERS = ("tests", "failures", "errors")


def parsed(document: bytes) -> etree._Element:
    return etree.fromstring(document, etree.XMLParser(huge_tree=True))


@cache
def all_documents(flaky: FlakyForm = "rerun", *, extended: bool = False) -> list[etree._Element]:
    return [parsed(junit(one, flaky=flaky, extended=extended)) for one in all_details()]


def one_suite(*tests: InstanceTest, flaky: FlakyForm = "rerun", **options: Any) -> etree._Element:
    instance = an_instance("a.spec.ts", *tests)
    document = junit(RunDetails.of(a_run(instance), [instance]), flaky=flaky, **options)
    (suite,) = parsed(document).findall("testsuite")
    return suite


def one_execution(execution: Execution) -> etree._Element:
    return parsed(junit(RunDetails(run=Run(run_id="r"), executions=(execution,))))[0]


def tags(element: etree._Element) -> list[str]:
    return [str(child.tag) for child in element]


# What readers rely on.


@pytest.mark.parametrize("flaky", FORMS)
def test_the_schema_of_jenkins_allows_it(flaky: FlakyForm) -> None:
    for document in all_documents(flaky):
        SCHEMA.assertValid(document)


# https://maven.apache.org/surefire/maven-surefire-plugin/xsd/surefire-test-report.xsd
ORDER = ("failure", "rerunFailure", "flakyFailure", "skipped", "error", "system-out")


def test_elements_are_in_the_order_of_surefire() -> None:
    for document in all_documents():
        for case in document.iter("testcase"):
            assert tags(case) == sorted(tags(case), key=ORDER.index)


@pytest.mark.parametrize("flaky", FORMS)
def test_counters_add_up(flaky: FlakyForm) -> None:
    for root in all_documents(flaky):
        suites = root.findall("testsuite")
        for name in COUNTERS:
            assert int(root.attrib[name]) == sum(int(one.attrib[name]) for one in suites)
        for suite in suites:
            cases = suite.findall("testcase")
            found = [
                sum(case.find(tag) is not None for case in cases)
                for tag in ("failure", "error", "skipped")
            ]
            counted = [int(suite.attrib[name]) for name in ("failures", "errors", "skipped")]
            assert [len(cases), *found] == [int(suite.attrib["tests"]), *counted]


@pytest.mark.parametrize("flaky", FORMS)
@pytest.mark.parametrize("extended", [False, True])
def test_a_case_ends_once_and_has_one_output(*, flaky: FlakyForm, extended: bool) -> None:
    for document in all_documents(flaky, extended=extended):
        for case in document.iter("testcase"):
            endings = [tag for tag in tags(case) if tag in {"failure", "error", "skipped"}]
            assert len(endings) <= 1
            assert len(case.findall("system-out")) <= 1
            assert all(one.text for one in case.iterfind("failure"))


@pytest.mark.parametrize(
    ("framework", "schema_version"), [("playwright", 1), ("playwright", 2), ("cypress", 1)]
)
def test_its_counts_are_those_of_the_payloads(
    framework: Literal["playwright", "cypress"], schema_version: Literal[1, 2]
) -> None:
    run = (
        World(seed=5)
        .project()
        .run(
            specs=30,
            framework=framework,
            schema_version=schema_version,
            failures=0.15,
            flaky=0.15,
            groups=2,
        )
    )
    facts = facts_of(run)
    read = JUnitXml.fromstring(junit(details_of(run)))
    assert read.tests == facts.tests
    assert read.failures == facts.states["failed"] > 0
    skipped = sum(suite.skipped or 0 for suite in read)
    assert skipped == facts.states["pending"] + facts.states["skipped"] > 0
    root = parsed(junit(details_of(run)))
    flaky = [case for case in root.iter("testcase") if case.find("flakyFailure") is not None]
    assert len(flaky) == facts.flaky > 0
    assert len([*root.iter("flakyFailure")]) == facts.failed_attempts_of_flaky
    reruns = len([*root.iter("rerunFailure")])
    assert reruns == facts.failed_attempts_of_failed - facts.states["failed"]
    both = JUnitXml.fromstring(junit(details_of(run), flaky="failed-and-passed"))
    assert both.tests == facts.tests + facts.failed_attempts_of_flaky
    assert both.failures == facts.states["failed"] + facts.failed_attempts_of_flaky


def test_junitparser_reads_names_times_and_results() -> None:
    details = world_details()
    suites = list(JUnitXml.fromstring(junit(details)))
    assert len(suites) == len(details.executions)
    for suite, one in zip(suites, details.executions, strict=True):
        assert isinstance(suite, TestSuite)
        assert one.instance is not None
        assert suite.time == (one.instance.duration or 0) / 1000
        assert suite.hostname == one.instance.machine_id
        for case, test in zip(suite, one.instance.tests, strict=True):
            assert isinstance(case, TestCase)
            assert case.classname == one.spec.spec
            assert str(case.name).startswith("[chromium] ")
            assert case.is_passed == (test.state == Outcome.PASSED)
            assert case.is_failure == test.failed
            assert case.is_skipped == (test.state in {PENDING, SKIPPED})


def test_names_are_those_of_the_reporter_of_playwright() -> None:
    recorded = json.loads((HERE / "playwright-run-recorded.json").read_text())
    tests: dict[tuple[str, str], list[InstanceTest]] = {}
    for one in recorded["tests"]:
        test = InstanceTest(title=tuple(one["title"]), state=Outcome.PASSED)
        tests.setdefault((one["project"], one["file"]), []).append(test)
    instances = [
        an_instance(file, *of_file, group_id=project) for (project, file), of_file in tests.items()
    ]
    cases = parsed(junit(RunDetails.of(Run(run_id="r"), instances))).iter("testcase")
    found = sorted([case.attrib["classname"], case.attrib["name"]] for case in cases)
    assert found == sorted(recorded["junit"])


def test_jenkins_keeps_each_suite() -> None:
    # https://github.com/jenkinsci/junit-plugin/blob/master/src/main/java/hudson/tasks/junit/TestResult.java
    # drops one whose name, ID and timestamp are those of another.
    run = World(seed=4).project().run(specs=20, groups=3)
    suites = [one.attrib for one in parsed(junit(details_of(run)))]
    assert len({(one["name"], one["id"], one["timestamp"]) for one in suites}) == len(suites)


# Tests.


def test_a_flaky_test_has_its_failures() -> None:
    suite = one_suite(a_test("adds", failures=["one", "two"]))
    (case,) = suite.findall("testcase")
    assert tags(case) == ["flakyFailure", "flakyFailure", "system-out"]
    assert [one.attrib["message"] for one in case.findall("flakyFailure")] == ["one", "two"]
    assert case.findtext("flakyFailure/stackTrace") == "one\n\nat a.ts:1"
    assert suite.attrib["failures"] == "0"


def test_a_flaky_test_as_failed_and_passed_cases() -> None:
    test = a_test("adds", failures=["one", "two"])
    suite = one_suite(test, flaky="failed-and-passed")
    cases = suite.findall("testcase")
    assert [one.attrib["name"] for one in cases] == ["[chromium] Cart › adds"] * 3  # noqa: RUF001
    assert [one.find("failure") is None for one in cases] == [False, False, True]
    assert suite.attrib["failures"] == "2"


def test_a_test_that_failed_in_all_attempts() -> None:
    (case,) = one_suite(a_test("adds", FAILED, failures=["one", "two"])).findall("testcase")
    assert tags(case) == ["failure", "rerunFailure", "system-out"]
    assert [one.attrib["message"] for one in [*case][:2]] == ["one", "two"]


@pytest.mark.parametrize("flaky", FORMS)
def test_attempts_that_are_not_listed(flaky: FlakyForm) -> None:
    unlisted = InstanceTest(title=("a",), state=Outcome.PASSED, flaky=True)
    failed = InstanceTest(title=("b",), state=FAILED, display_error="oh\nno")
    suite = one_suite(unlisted, failed, flaky=flaky)
    messages = [one.attrib["message"] for one in suite.iter("flakyFailure", "failure")]
    assert messages == ["failed in attempts that the server does not list", "oh"]
    timed_out = Attempt(state=FAILED, raw_status="timedOut")
    test = InstanceTest(title=("c",), state=FAILED, attempts=(timed_out,))
    (failure,) = one_suite(test).iter("failure")
    assert failure.attrib["message"] == failure.text == "timedOut without an error"


def test_the_time_is_that_of_the_attempt() -> None:
    def attempt(state: Outcome, milliseconds: int) -> Attempt:
        start = NOON + timedelta(milliseconds=100)
        return Attempt(state=state, wall_clock_started_at=start, wall_clock_duration=milliseconds)

    failed = (attempt(FAILED, 1_234), attempt(FAILED, 20))
    flaky = (attempt(FAILED, 1_234), attempt(Outcome.PASSED, 20))
    once = (attempt(Outcome.PASSED, 5),)
    untimed = (Attempt(state=FAILED),)
    times = [
        case.attrib["time"]
        for case in one_suite(
            InstanceTest(title=("a",), state=FAILED, attempts=failed),
            InstanceTest(title=("b",), state=Outcome.PASSED, attempts=flaky),
            InstanceTest(title=("c",), state=Outcome.PASSED, attempts=once),
            InstanceTest(title=("d",), state=Outcome.PASSED, duration_ms=-5),
            InstanceTest(title=("e",), state=FAILED, duration_ms=70, attempts=untimed),
        ).iter("testcase")
    ]
    assert times == ["1.234", "0.020", "0.005", "0.000", "0.070"]


def test_why_a_test_was_skipped() -> None:
    reason = Annotation(type="skip", description="no\n  scanner")
    messages = [
        one.attrib["message"]
        for one in one_suite(
            replace(a_test("a", PENDING), annotations=(reason,)),
            a_test("b", PENDING),
            a_test("c", SKIPPED),
            InstanceTest(title=("d",)),
            InstanceTest(title=("e",), state=Outcome("paused")),
        ).iter("skipped")
    ]
    assert messages == [
        "no scanner",
        "skipped on purpose",
        "interrupted, or never run",
        "no result yet",
        "ended as paused",
    ]


@pytest.mark.parametrize(
    ("name", "message", "shown"),
    [
        ("TimeoutError", "click", "TimeoutError"),
        (None, "TypeError: x is undefined", "TypeError"),
        (None, "Expected: 5", "Error"),
        # GitLab's parser raises for these types.
        ("yaml", "symbol: x", "Error"),
    ],
)
def test_the_type_of_an_error(name: str | None, message: str, shown: str) -> None:
    error = AttemptError(name=name, message=message)
    attempts = (Attempt(state=FAILED, error=error),)
    (failure,) = one_suite(InstanceTest(state=FAILED, attempts=attempts)).iter("failure")
    assert failure.attrib["type"] == shown


# Whole files.


def test_a_file_that_threw() -> None:
    instance = an_instance("a.spec.ts", a_test("a"), exception="SyntaxError: oh\nat a.ts")
    suite = parsed(junit(RunDetails.of(a_run(instance), [instance])))[0]
    assert [suite.attrib[name] for name in COUNTERS] == ["2", "0", "1"]
    case = suite.findall("testcase")[0]
    assert case.attrib["name"] == "[chromium] a.spec.ts"
    (error,) = case
    assert error.attrib["message"] == "SyntaxError: oh"
    assert error.attrib["type"] == "SyntaxError"
    assert error.text == "SyntaxError: oh\nat a.ts"


def test_failures_that_are_not_listed() -> None:
    instance = an_instance("a.spec.ts", a_test("a"), stats=Stats(tests=4, failures=2))
    (error,) = one_execution(Execution(spec=RunSpec(), instance=instance)).iter("error")
    assert error.text == "failed tests that the server counts and does not list: 2"


@pytest.mark.parametrize(
    ("execution", "tag", "message"),
    [
        (Execution(spec=RunSpec()), "skipped", "no machine has claimed the spec file"),
        (
            Execution(spec=RunSpec(), instance=Instance(instance_id="i")),
            "skipped",
            "the spec file has not been executed yet",
        ),
        (Execution(spec=RunSpec(claimed_at=NOON)), "error", "the results are missing"),
        (
            Execution(spec=RunSpec(), error="timeout"),
            "error",
            "the results could not be fetched: timeout",
        ),
        (
            Execution(spec=RunSpec(results=SpecReport(exception="oh")), error="timeout"),
            "error",
            "oh",
        ),
    ],
)
def test_files_without_results(execution: Execution, tag: str, message: str) -> None:
    (case,) = one_execution(execution).findall("testcase")
    assert case.attrib["name"] == "(unknown spec file)" or case.attrib["name"] == "(no title)"
    (ending,) = case
    assert (ending.tag, ending.attrib["message"]) == (tag, message)


def test_a_file_without_tests_has_no_case() -> None:
    suite = one_suite()
    assert suite.attrib["tests"] == "0"
    assert suite.find("testcase") is None


def test_files_that_are_only_counted() -> None:
    group = RunGroup(group_id="chromium", instances=GroupInstances(overall=3))
    run = Run(run_id="r", status=RunStatus.FAILED, groups=(group,))
    (suite,) = parsed(junit(RunDetails(run=run)))
    (error,) = suite.iter("error")
    assert error.text == "spec files that the server counts and does not list: 3"


# What is known of them.


def test_properties_of_a_suite() -> None:
    details = world_details()
    suite, one = parsed(junit(details))[0], details.executions[0]
    (properties,) = suite.findall("properties")
    found = {str(child.attrib["name"]): child.attrib["value"] for child in properties}
    assert found["run_id"] == details.run.run_id
    assert found["branch"] == details.run.branch
    assert found["commit"] == details.run.head_sha
    assert found["group"] == one.spec.group_id
    assert found["machine"] == one.spec.machine_id
    assert str(found["browser"]).startswith("chromium")
    assert suite.attrib["file"] == one.spec.spec
    assert suite.attrib["url"] == one.spec.url
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", str(suite.attrib["timestamp"]))


ANNOTATED = replace(
    a_test("adds", FAILED),
    tags=("@smoke",),
    annotations=(
        Annotation(type="owner", description="team a\n[[ATTACHMENT|/etc/passwd]]"),
        Annotation(type="slow"),
    ),
)


_PAGE = "https://app.currents.dev/instance/r%20chromium%20a.spec.ts/test/id%20of%20adds"


def test_properties_of_a_test() -> None:
    output = one_suite(ANNOTATED).findtext("testcase/system-out")
    assert output == (
        "[[PROPERTY|tag=@smoke]]\n"
        "[[PROPERTY|owner=team a [ [ATTACHMENT|/etc/passwd]]]]\n"
        "[[PROPERTY|slow=]]\n"
        f"[[PROPERTY|url={_PAGE}]]"
    )


def test_an_extended_document_has_properties_and_places() -> None:
    place = Location(file="/home/ci/e2e/a.spec.ts", line=7)
    error = AttemptError(message="oh", location=place)
    test = replace(ANNOTATED, attempts=(Attempt(state=FAILED, error=error),))
    (case,) = one_suite(test, extended=True).findall("testcase")
    assert tags(case) == ["properties", "failure"]
    found = {str(one.attrib["name"]): one.attrib["value"] for one in case[0]}
    assert found == {
        "tag": "@smoke",
        "owner": "team a [[ATTACHMENT|/etc/passwd]]",
        "slow": "",
        "url": _PAGE,
    }
    assert (case.attrib["file"], case.attrib["line"]) == ("a.spec.ts", "7")
    elsewhere = replace(error, location=Location(file="/home/ci/e2e/pages.ts", line=7))
    test = replace(test, attempts=(Attempt(state=FAILED, error=elsewhere),))
    (case,) = one_suite(test, extended=True).findall("testcase")
    assert "line" not in case.attrib


def test_a_group_named_after_the_build_is_no_part_of_a_name() -> None:
    run = World(seed=1).project().run(specs=4, framework="cypress", groups=2)
    root = parsed(junit(details_of(run)))
    names = {str(one.attrib["name"]).partition("] ")[0] for one in root.iter("testsuite")}
    assert run.payload["meta"]["ciBuildId"] not in str(names)
    assert "[2" in names


@pytest.mark.parametrize("framework", ["playwright", "cypress"])
def test_artifacts_are_attached_once_downloaded(
    framework: Literal["playwright", "cypress"],
) -> None:
    run = World(seed=5).project().run(specs=10, framework=framework, failures=0.3)
    details = details_of(run)
    artifacts = [
        one.artifact for instance in details.instances for one in list_artifacts(instance.results)
    ]
    assets = {url_of(one) or "": f"assets/{number}.png" for number, one in enumerate(artifacts)}
    assert len(assets) == len(artifacts) > 10
    document = junit(details, assets=assets)
    SCHEMA.assertValid(parsed(document))
    attached = re.findall(r"\[\[ATTACHMENT\|(.+)\]\]", document.decode())
    assert sorted(attached) == sorted(assets.values())
    for form in (document, junit(details)):
        assert not [url for url in assets if url.partition("?")[0] in form.decode()]
    assert b"ATTACHMENT" not in junit(details)


def test_hostile_texts_are_texts() -> None:
    document = junit(hostile_details())
    assert b"\x1b" not in document
    root = parsed(document)
    names = [str(one.attrib["name"]) for one in root.iter("testcase")]
    assert "[chromium] Cart › </script><script>alert(1)</script>" in names  # noqa: RUF001
    assert "[chromium] Cart › \\u202egnp.exe \\u2066abc" in names  # noqa: RUF001
    assert all(len(name) < 1_100 for name in names)
    assert not [one for one in root.iter() if not isinstance(one.tag, str)]


def test_a_run_has_a_name_and_a_time() -> None:
    run = Run(run_id="r", duration_ms=61_500, meta=RunMeta(title="Nightly"))
    root = parsed(junit(RunDetails(run=run)))
    assert (root.attrib["name"], root.attrib["time"]) == ("Nightly", "61.500")
    report = InstanceReport(tests=(InstanceTest(state=Outcome.PASSED, duration_ms=1_500),))
    instance = Instance(instance_id="i", results=report)
    root = parsed(junit(RunDetails.of(Run(run_id="r"), [instance])))
    assert root.attrib["time"] == root[0].attrib["time"] == "1.500"


def test_misuse() -> None:
    details = RunDetails(run=Run(run_id="r"))
    with pytest.raises(InvalidArgumentError, match=r"flaky must be one of rerun, "):
        junit(details, flaky="both")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    with pytest.raises(InvalidArgumentError, match=r"extended must be a bool"):
        junit(details, extended=1)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
