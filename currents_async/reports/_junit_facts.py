"""What JUnit XML tells of a suite and a test beside the result: attributes, properties, output."""

from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement

from currents_async._text import one_line
from currents_async.models.instances import InstanceTest
from currents_async.models.runs import Run
from currents_async.reports._cases import MAX_PATH, Suite

Facts = Iterable[tuple[str, str | None]]
"""Names and values."""


def suite_attributes(suite: Suite) -> Facts:
    """List the attributes of a suite, but its name and what is counted."""
    started = suite.started_at
    yield "timestamp", None if started is None else f"{started:%Y-%m-%dT%H:%M:%S}"
    yield "hostname", suite.machine_id
    # Jenkins drops a suite whose name, ID and timestamp are those of another.
    yield "id", suite.execution.spec.instance_id
    yield "file", suite.execution.spec.spec
    yield "url", suite.execution.spec.url


def suite_properties(run: Run, suite: Suite) -> Facts:
    """List the properties of a suite, of which some are those of its run."""
    platform = suite.platform
    yield "run_id", run.run_id
    yield "run_url", run.url
    yield "group", suite.group_id
    yield "machine", suite.machine_id
    yield "browser", suite.browser
    yield "os", " ".join(filter(None, (platform.os_name, platform.os_version)))
    yield "branch", run.branch
    yield "commit", run.head_sha
    yield "ci_build_id", None if run.meta is None else run.meta.ci_build_id
    yield from (("tag", tag) for tag in run.tags)
    yield "incomplete", suite.execution.incomplete


def case_properties(test: InstanceTest) -> Facts:
    """List the properties of a test: annotations by their types, as in Playwright's own reports."""
    yield from (("tag", tag) for tag in test.tags)
    for annotation in test.annotations:
        yield one_line(annotation.type) or "annotation", annotation.description
    if test.failed or test.is_flaky:
        yield "url", test.url


def add_properties(element: Element, facts: Facts) -> None:
    """Add properties, if there are any."""
    properties = Element("properties")
    for name, value in facts:
        SubElement(properties, "property", name=name, value=one_line(value))
    if len(properties):
        element.append(properties)


def add_place(element: Element, suite: Suite, test: InstanceTest) -> None:
    """Add the file of a test, and the line of its error if that is in the same file."""
    element.set("file", suite.spec)
    frame = test.error and (test.error.location or test.error.code_frame)
    if frame and frame.line is not None and (frame.file or "").endswith(suite.spec):
        element.set("line", str(frame.line))


def add_output(element: Element, lines: list[str]) -> None:
    """Add what a test printed, once: GitLab fails over a second `system-out`."""
    if lines:
        SubElement(element, "system-out").text = "\n".join(lines)


def attachment_line(path: str) -> str:
    """Return the line of output that Jenkins and GitLab read as an attachment."""
    return f"[[ATTACHMENT|{one_line(path, MAX_PATH)}]]"


def property_line(name: str, value: str | None) -> str:
    """Return a property as a line of output, in which nothing else can start an attachment."""
    return f"[[PROPERTY|{_plain(name)}={_plain(one_line(value))}]]"


def _plain(text: str) -> str:
    return text.replace("[[", "[ [")
