"""Runs as JUnit XML, which most CI systems read."""

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple, get_args
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from currents_async._checks import check_choice, check_flag
from currents_async._text import one_line
from currents_async.analysis.details import RunDetails
from currents_async.models.common import Outcome
from currents_async.models.instances import Attempt, InstanceTest
from currents_async.models.runs import Run
from currents_async.reports._cases import (
    AssetPaths,
    Case,
    Problem,
    Suite,
    failed_attempts,
    name_of,
    problem_of,
    suites_of,
    why_not_run,
)
from currents_async.reports._junit_facts import (
    add_output,
    add_place,
    add_properties,
    attachment_line,
    case_properties,
    property_line,
    suite_attributes,
    suite_properties,
)

FlakyForm = Literal["rerun", "failed-and-passed"]
"""How `junit` shows flaky tests."""

_ERROR_NAME = re.compile(r"(?:[A-Z][A-Za-z0-9]{0,60})?(?:Error|Exception)")


class _Form(NamedTuple):
    flaky: FlakyForm
    is_extended: bool


def junit(
    details: RunDetails,
    *,
    flaky: FlakyForm = "rerun",
    extended: bool = False,
    assets: AssetPaths = None,
) -> bytes:
    """Return a run as JUnit XML: a suite for each spec file, a case for each test.

    With `flaky="rerun"` a flaky test is a case that passed, with a `flakyFailure` for each failed
    attempt; a test that failed in all attempts has a `failure` and `rerunFailure`s. These are the
    words of Maven Surefire, which Jenkins shows; others take a flaky test for one that passed. With
    `flaky="failed-and-passed"` each failed attempt of a flaky test is a failed case of the same
    name before the one that passed: Prow takes that for flaky, GitLab and Jenkins for failed.

    A spec file that threw, or whose results are missing, is a case with an `error`; one that was
    not executed is skipped. Cases are named as in Playwright's own report, with its
    `includeProjectInTestName` if there are groups. The document is valid by the schema of Jenkins'
    xUnit plugin, and its elements are in the order of Surefire's. Neither lets a case have
    properties: owners, tags and annotations stand in `system-out`, as `[[PROPERTY|name=value]]`.
    With `extended` cases have `properties`, `file` and `line`, for Jenkins' JUnit plugin, Prow,
    Xray and GitLab, which do not ask for that schema.

    `assets` are the paths of downloaded artifacts by their signed URLs: they stand in `system-out`
    as `[[ATTACHMENT|path]]`. Jenkins and GitLab read them relative to the workspace.

    Sources:
    https://github.com/jenkinsci/xunit-plugin/blob/master/src/main/resources/org/jenkinsci/plugins/xunit/types/model/xsd/junit-10.xsd,
    https://maven.apache.org/surefire/maven-surefire-plugin/examples/rerun-failing-tests.html,
    https://github.com/microsoft/playwright/blob/main/packages/playwright/src/reporters/junit.ts,
    https://github.com/jenkinsci/junit-plugin/blob/master/src/main/java/hudson/tasks/junit/CaseResult.java,
    https://github.com/jenkinsci/junit-attachments-plugin,
    https://docs.gitlab.com/ci/testing/unit_test_reports/,
    https://github.com/kubernetes-sigs/prow/blob/main/pkg/spyglass/lenses/junit/lens.go,
    https://github.com/testmoapp/junitxml.
    """
    check_choice("flaky", flaky, get_args(FlakyForm))
    form = _Form(flaky, check_flag("extended", extended))
    suites = [_suite(details.run, one, form) for one in suites_of(details, assets)]
    root = Element("testsuites", name=name_of(details.run.title, "run"))
    milliseconds = details.run.duration_ms
    root.set("time", _seconds(milliseconds) if milliseconds is not None else _sum_of_times(suites))
    for counter in ("tests", "failures", "errors"):
        root.set(counter, str(sum(int(one.attrib[counter]) for one in suites)))
    root.extend(suites)
    indent(root)
    document: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _suite(run: Run, suite: Suite, form: _Form) -> Element:
    cases = [element for case in suite.cases for element in _cases(suite, case, form)]
    element = Element("testsuite", name=_in_group(suite, suite.spec))
    element.set("tests", str(len(cases)))
    for counter, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        element.set(counter, str(sum(case.find(tag) is not None for case in cases)))
    milliseconds = suite.duration
    element.set("time", _sum_of_times(cases) if milliseconds is None else _seconds(milliseconds))
    for name, value in suite_attributes(suite):
        if value:
            element.set(name, one_line(value))
    add_properties(element, (one for one in suite_properties(run, suite) if one[1]))
    element.extend(cases)
    of_file = [one.path for one in suite.attached if one.artifact.test_id is None]
    add_output(element, [attachment_line(path) for path in of_file])
    return element


def _cases(suite: Suite, case: Case, form: _Form) -> Iterator[Element]:
    test = case.test
    if case.is_file:
        yield _file_case(suite, test)
    elif test.failed:
        first, *others = failed_attempts(test)
        yield _case(suite, test, form, first, _failure(test, first), *_reruns(test, others))
    elif test.is_flaky and form.flaky == "failed-and-passed":
        first, *others = failed_attempts(test)
        yield _case(suite, test, form, first, _failure(test, first))
        for attempt in others:
            yield _bare_case(suite, test, attempt, _failure(test, attempt))
        yield _bare_case(suite, test, _last_attempt(test))
    elif test.is_flaky:
        flaky = (_rerun("flakyFailure", test, one) for one in failed_attempts(test))
        yield _case(suite, test, form, _last_attempt(test), *flaky)
    elif test.state == Outcome.PASSED:
        yield _case(suite, test, form, None)
    else:
        yield _case(suite, test, form, None, Element("skipped", message=why_not_run(test)))


def _file_case(suite: Suite, test: InstanceTest) -> Element:
    if test.state == Outcome.SKIPPED:
        return _bare_case(suite, test, None, Element("skipped", message=why_not_run(test)))
    problem = problem_of(test, Attempt())
    return _bare_case(suite, test, None, _with_text("error", problem))


def _case(
    suite: Suite, test: InstanceTest, form: _Form, attempt: Attempt | None, *children: Element
) -> Element:
    """Return a case with all that is known of its test; its time is that of an attempt, if any."""
    element = _bare_case(suite, test, attempt)
    properties = [*case_properties(test)]
    paths = [one.path for one in suite.attached if one.artifact.test_id == test.test_id]
    output = [attachment_line(path) for path in paths]
    if form.is_extended:
        add_place(element, suite, test)
        add_properties(element, properties)
    else:
        output += [property_line(name, value) for name, value in properties]
    element.extend(children)
    add_output(element, output)
    return element


def _bare_case(
    suite: Suite, test: InstanceTest, attempt: Attempt | None, *children: Element
) -> Element:
    name = name_of(" › ".join(test.title), "(no title)")  # noqa: RUF001 - as Playwright does
    element = Element("testcase", name=_in_group(suite, name), classname=suite.spec)
    lasted = None if attempt is None else attempt.wall_clock_duration
    element.set("time", _seconds((test.duration if lasted is None else lasted) or 0))
    element.extend(children)
    return element


def _last_attempt(test: InstanceTest) -> Attempt:
    return test.attempts[-1] if test.attempts else Attempt()


def _in_group(suite: Suite, name: str) -> str:
    return f"[{suite.group}] {name}" if suite.group else name


def _failure(test: InstanceTest, attempt: Attempt) -> Element:
    return _with_text("failure", problem_of(test, attempt), attempt)


def _with_text(tag: str, problem: Problem, attempt: Attempt | None = None) -> Element:
    element = Element(tag, message=problem.line, type=_type_of(problem, attempt))
    # GitLab shows the text alone.
    element.text = problem.text
    return element


def _reruns(test: InstanceTest, attempts: list[Attempt]) -> Iterator[Element]:
    return (_rerun("rerunFailure", test, one) for one in attempts)


def _rerun(tag: str, test: InstanceTest, attempt: Attempt) -> Element:
    # Jenkins lists these two tags, and not `flakyError` and `rerunError`.
    problem = problem_of(test, attempt)
    element = Element(tag, message=problem.line, type=_type_of(problem, attempt))
    SubElement(element, "stackTrace").text = problem.text
    return element


def _type_of(problem: Problem, attempt: Attempt | None) -> str:
    """Return the name of an error; another text is none: GitLab refuses some as the type."""
    name = attempt and attempt.error and attempt.error.name
    candidates = (name or "", problem.line.partition(":")[0])
    return next(filter(_ERROR_NAME.fullmatch, candidates), "Error")


def _seconds(milliseconds: int) -> str:
    return f"{max(0, milliseconds) / 1000:.3f}"


def _sum_of_times(elements: list[Element]) -> str:
    return f"{sum(float(one.attrib['time']) for one in elements):.3f}"
