"""Runs as CTRF, the Common Test Report Format."""

from collections import Counter
from datetime import datetime
from typing import Any

import msgspec

from currents_async._text import one_line
from currents_async._version import __version__
from currents_async.analysis.details import RunDetails
from currents_async.models.common import Outcome, Platform
from currents_async.models.instances import Attachment, Attempt, InstanceTest, Video
from currents_async.models.runs import Run, RunMeta
from currents_async.reports._cases import (
    MAX_PATH,
    AssetPaths,
    Attached,
    Case,
    Suite,
    failed_attempts,
    name_of,
    problem_of,
    start_of,
    suites_of,
    why_not_run,
)

Json = dict[str, Any]

_SPEC_VERSION = "0.0.0"
_NAMESPACE = "currents_async"
"""Of what is beyond the format."""
_STATUSES = ("passed", "failed", "skipped", "pending", "other")
_STATUS_OF = {
    Outcome.PASSED: "passed",
    Outcome.FAILED: "failed",
    Outcome.PENDING: "skipped",
    Outcome.SKIPPED: "pending",
}
"""What was skipped on purpose, and what was to be executed and was not, in the words of CTRF."""
_FRAMEWORKS = {"pw": "playwright"}
_CONTENT_TYPES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "webm": "video/webm",
    "mp4": "video/mp4",
    "zip": "application/zip",
}


def ctrf(details: RunDetails, *, assets: AssetPaths = None) -> bytes:
    """Return a run as a CTRF document: JSON that reporters for many tools and chats read.

    Each test is listed as it ended, with the attempts before the last as its `retryAttempts`. A
    spec file that threw, that was not executed or whose results are missing is a test of its own,
    named after its path. A test that was skipped on purpose is `skipped`, one that was interrupted
    or never reached is `pending`; `rawStatus` is the word of Playwright, or else of the server.

    `assets` are the paths of downloaded artifacts by their signed URLs; no others are listed.

    Sources: https://github.com/ctrf-io/ctrf/blob/main/spec/ctrf.md,
    https://github.com/ctrf-io/ctrf/blob/main/schema/ctrf.schema.json,
    https://github.com/ctrf-io/playwright-ctrf-json-reporter/blob/main/src/generate-report.ts,
    https://docs.rs/ctrf-rs/0.2.0/ctrf_rs/test/enum.Status.html.
    """
    suites = [*suites_of(details, assets)]
    tests = [_test(suite, case) for suite in suites for case in suite.cases]
    document = _known(
        reportFormat="CTRF",
        specVersion=_SPEC_VERSION,
        runId=one_line(details.run.run_id),
        generatedBy=f"currents_async {__version__}",
        results={
            "tool": _tool(details.run),
            "summary": _summary(details.run, suites, tests),
            "tests": tests,
            "environment": _environment(details.run),
            **_extra(incomplete=_incomplete(details)),
        },
    )
    return msgspec.json.format(msgspec.json.encode(document), indent=2)


def _known(**fields: Any) -> Json:
    """Return an object without what is unknown."""
    return {name: value for name, value in fields.items() if value not in (None, "", [])}


def _extra(**fields: Any) -> Json:
    """Return the part of an object that is beyond the format."""
    known = _known(**fields)
    return {"extra": {_NAMESPACE: known}} if known else {}


def _tool(run: Run) -> Json:
    name = one_line(run.framework.name)
    return _known(
        name=_FRAMEWORKS.get(name, name) or "unknown", version=one_line(run.framework.version)
    )


def _summary(run: Run, suites: list[Suite], tests: list[Json]) -> Json:
    counts = Counter(test["status"] for test in tests)
    starts = [test["start"] for test in tests if "start" in test]
    if run.created_at is not None:
        starts.append(_milliseconds(run.created_at))
    start = min(starts, default=0)
    stops = [test["stop"] for test in tests if "stop" in test]
    return _known(
        tests=len(tests),
        **{status: counts[status] for status in _STATUSES},
        flaky=sum(test["flaky"] for test in tests),
        suites=len(suites),
        start=start,
        stop=max(start + (run.duration_ms or 0), *stops, start),
        duration=run.duration_ms,
    )


def _environment(run: Run) -> Json:
    meta = run.meta or RunMeta()
    platform = meta.platform or Platform()
    return _known(
        reportName=name_of(run.title, "run"),
        buildId=one_line(meta.ci_build_id),
        buildName=name_of(run.title, "run"),
        buildUrl=run.url,
        commit=one_line(run.head_sha),
        branchName=one_line(run.branch),
        osPlatform=one_line(platform.os_name),
        osVersion=one_line(platform.os_version),
        testEnvironment=one_line(", ".join(run.environments)),
    )


def _incomplete(details: RunDetails) -> list[str]:
    return [one_line(one.incomplete) for one in details.executions if one.incomplete]


def _test(suite: Suite, case: Case) -> Json:
    test = case.test
    last = max(0, len(test.attempts) - 1)
    return _known(
        testId=one_line(test.test_id),
        name=name_of(test.title[-1] if test.title else "", "(no title)"),
        status=_status_of(test.state),
        duration=max(0, test.duration or 0),
        **_span(test),
        suite=[*filter(None, (suite.group, suite.spec, *map(one_line, test.title[:-1])))],
        **_ending(case),
        rawStatus=one_line(_raw_status(test)),
        tags=[*map(one_line, test.tags)],
        labels=_labels(test) or None,
        filePath=suite.spec,
        retries=last,
        retryAttempts=[_attempt(suite, test, number) for number in range(last)],
        flaky=test.is_flaky,
        threadId=one_line(suite.machine_id),
        browser=one_line(suite.browser),
        attachments=_attachments(suite, test, last),
        **_extra(url=test.url or suite.execution.spec.url),
    )


def _status_of(state: Outcome | None) -> str:
    return "other" if state is None else _STATUS_OF.get(state, "other")


def _raw_status(test: InstanceTest) -> str | None:
    return (test.attempts[-1].raw_status if test.attempts else None) or test.state


def _span(test: InstanceTest) -> Json:
    started = start_of(test)
    if started is None:
        return {}
    start = _milliseconds(started)
    return {"start": start, "stop": start + max(0, test.duration or 0)}


def _ending(case: Case) -> Json:
    """Return why a test did not pass at once."""
    test = case.test
    if test.failed or (case.is_file and test.state is None):
        return _problem(test, failed_attempts(test)[-1])
    if test.state == Outcome.PASSED:
        return {}
    return {"message": why_not_run(test)}


def _problem(test: InstanceTest, attempt: Attempt) -> Json:
    problem = problem_of(test, attempt)
    return _known(message=problem.message, trace=problem.trace, snippet=problem.snippet)


def _labels(test: InstanceTest) -> Json:
    """Group annotations by their types: an owner, an issue."""
    found: dict[str, list[str]] = {}
    for one in test.annotations:
        found.setdefault(one_line(one.type) or "annotation", []).append(one_line(one.description))
    return {name: texts[0] if len(texts) == 1 else texts for name, texts in found.items()}


def _attempt(suite: Suite, test: InstanceTest, number: int) -> Json:
    attempt = test.attempts[number]
    failed = attempt.state == Outcome.FAILED
    start, duration = attempt.wall_clock_started_at, attempt.wall_clock_duration
    return _known(
        attempt=number + 1,
        attemptId=one_line(attempt.attempt_id),
        status=_status_of(attempt.state),
        start=None if start is None else _milliseconds(start),
        duration=None if duration is None else max(0, duration),
        **(_problem(test, attempt) if failed else {}),
        attachments=_attachments(suite, test, number),
    )


def _attachments(suite: Suite, test: InstanceTest, number: int) -> list[Json]:
    """List the artifacts of an attempt; with the last one, those that name none."""
    numbers = {number} if number < len(test.attempts) - 1 else {number, None}
    of_test = (
        one
        for one in suite.attached
        if one.artifact.test_id == test.test_id and one.artifact.test_attempt_index in numbers
    )
    of_file = (one for one in suite.attached if one.artifact.test_id is None)
    shown = (*of_test, *of_file) if test.failed and None in numbers else of_test
    return [_attachment(one) for one in shown]


def _attachment(attached: Attached) -> Json:
    artifact = attached.artifact
    name = None if isinstance(artifact, Video) else artifact.name
    known = artifact.content_type if isinstance(artifact, Attachment) else None
    by_name = _CONTENT_TYPES.get(attached.path.rpartition(".")[2].lower())
    return {
        "name": one_line(name) or attached.kind,
        "contentType": one_line(known) or by_name or "application/octet-stream",
        "path": one_line(attached.path, MAX_PATH),
    }


def _milliseconds(when: datetime) -> int:
    return round(when.timestamp() * 1000)
