"""The rows that tables should have: one dict after the other, straight out of the API's JSON."""

import json
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from currents_async.models import CompletionState, Outcome, RunStatus
from tests.export.documents import BARE_URLS

Wire = dict[str, Any]
Row = dict[str, Any]
Tables = dict[str, list[Row]]


def run_tables(run: Wire) -> Tables:
    return _with_run(
        run["runId"],
        {
            "runs": [run_row(run)],
            "run_groups": [group_row(group) for group in run.get("groups") or []],
            "environments": [{"environment": one} for one in dict.fromkeys(environments(run))],
            "specs": [spec_row(number, spec) for number, spec in enumerate(run.get("specs") or [])],
        },
    )


def instance_tables(run_id: str, instance: Wire) -> Tables:
    tests = list(enumerate(at(instance, "results", "tests") or []))
    return _with_run(
        run_id,
        {
            "tests": [test_row(instance, position, test) for position, test in tests],
            "attempts": [
                attempt_row(instance, position, test, number, attempt)
                for position, test in tests
                for number, attempt in enumerate(test.get("attempts") or [])
            ],
            "annotations": [
                {**place(instance, position, test, number), **annotation_row(one)}
                for position, test in tests
                for number, one in enumerate(test.get("annotations") or [])
            ],
            "metrics": [
                {**place(instance, position, test, number), **metric}
                for position, test in tests
                for number, metric in enumerate(metrics(test))
            ],
            "artifacts": list(artifact_rows(instance)),
        },
    )


def _with_run(run_id: str, tables: Tables) -> Tables:
    return {
        name: [{"run_id": run_id, **row} for row in rows] for name, rows in tables.items() if rows
    }


def run_row(run: Wire) -> Row:
    framework = at(run, "meta", "framework")
    if framework is None and run.get("cypressVersion") is not None:
        framework = {"name": "cypress", "version": run["cypressVersion"]}
    name = at(framework, "name")
    cancellation = run.get("cancellation") or {}
    return {
        "status": str(RunStatus(run.get("status", "UNKNOWN"))),
        "completion_state": str(CompletionState(run.get("completionState", "UNKNOWN"))),
        "created_at": moment(run.get("createdAt")),
        "duration_ms": whole(run.get("durationMs"), 64),
        "deleted_at": moment(run.get("deletedAt")),
        "tags": run.get("tags") or [],
        "previous_run_id": run.get("previousRunId"),
        "framework": at(framework, "type") if name is None else name,
        "framework_version": at(framework, "version"),
        "client_version": at(framework, "clientVersion"),
        "ci_build_id": at(run, "meta", "ciBuildId"),
        "branch": at(run, "meta", "commit", "branch"),
        "default_branch": at(run, "meta", "commit", "defaultBranch"),
        "commit_sha": at(run, "meta", "commit", "sha"),
        "commit_message": at(run, "meta", "commit", "message"),
        "author_name": at(run, "meta", "commit", "authorName"),
        "author_email": at(run, "meta", "commit", "authorEmail"),
        "remote_origin": at(run, "meta", "commit", "remoteOrigin"),
        "pull_request_id": at(run, "meta", "pr", "id"),
        "pull_request_link": at(run, "meta", "pr", "link"),
        "pull_request_title": at(run, "meta", "pr", "title"),
        "pull_request_source": at(run, "meta", "pr", "source"),
        "pull_request_destination": at(run, "meta", "pr", "destination"),
        **platform(at(run, "meta", "platform")),
        "is_timeout": None
        if run.get("timeout") is None
        else at(run, "timeout", "isTimeout") or False,
        "timeout_ms": whole(at(run, "timeout", "timeoutValueMs"), 64),
        "cancelled_at": moment(cancellation.get("cancelledAt") or cancellation.get("canceledAt")),
        "cancelled_by": cancellation.get("cancelledBy") or cancellation.get("actor"),
        "cancellation_reason": cancellation.get("reason"),
        "title": title(run),
        "head_sha": at(event(run), "headSha") or at(run, "meta", "commit", "sha"),
    }


def environments(run: Wire) -> list[str]:
    groups = [group.get("environment") for group in run.get("groups") or []]
    return run.get("environments") or [one for one in groups if one]


def event(run: Wire) -> Wire | None:
    commit = at(run, "meta", "commit") or {}
    found: Wire | None = commit.get("ghaEventData")
    return commit.get("adoEventData") if found is None else found


def title(run: Wire) -> str:
    number = re.search(r"#\d+\Z", at(run, "meta", "pr", "id") or "")
    build = at(run, "meta", "ciBuildId")
    candidates = (
        at(run, "meta", "pr", "title"),
        at(event(run), "prTitle"),
        f"Pull Request {number[0]}" if number else None,
        first_line(at(run, "meta", "title")),
        first_line(at(run, "meta", "commit", "message")),
        f"Run #{build}" if build else None,
    )
    stripped = (text.strip() for text in candidates if text)
    return next(filter(None, stripped), f"Run #{run['runId'][:6]}")


def first_line(text: str | None) -> str:
    line = (text or "").strip().partition("\n")[0].strip()
    return "" if re.fullmatch(r"Merge \S+ into \S+", line) else line


def group_row(group: Wire) -> Row:
    return {
        "group_id": group.get("groupId") or "",
        "tags": group.get("tags") or [],
        **platform(group.get("platform")),
        "specs": counted(group.get("instances"), "overall"),
        "specs_claimed": counted(group.get("instances"), "claimed"),
        "specs_complete": counted(group.get("instances"), "complete"),
        "specs_passed": counted(group.get("instances"), "passes"),
        "specs_failed": counted(group.get("instances"), "failures"),
        **counters(group.get("tests")),
        "duration_ms": whole(group.get("durationMs"), 64),
        "environment": group.get("environment"),
        "coverage_enabled": group.get("coverageEnabled"),
    }


def spec_row(position: int, spec: Wire) -> Row:
    results = spec.get("results")
    stats = at(results, "stats")
    row = {
        "position": position,
        "spec": spec.get("spec") or "",
        "group_id": spec.get("groupId") or "",
        "instance_id": spec.get("instanceId"),
        "machine_id": spec.get("machineId"),
        "tags": spec.get("tags") or [],
        "claimed_at": moment(spec.get("claimedAt")),
        "completed_at": moment(spec.get("completedAt")),
        "is_complete": results is not None and spec.get("completedAt") is not None,
        "exception": at(results, "exception"),
        **counters(stats),
        "started_at": moment(at(stats, "wallClockStartedAt") or at(stats, "startedAt")),
        "ended_at": moment(at(stats, "wallClockEndedAt") or at(stats, "endedAt")),
        "duration_ms": whole(duration(stats or {}), 64),
        "worker_index": whole(at(spec, "worker", "workerIndex"), 32),
        "parallel_index": whole(at(spec, "worker", "parallelIndex"), 32),
        "inactivity_timeout_ms": whole(spec.get("inactivityTimeoutMs"), 64),
    }
    if results is not None:
        flaky = results.get("flaky") or at(stats, "flaky") or 0
        row["flaky"] = whole(flaky, 32)
    return row


def test_row(instance: Wire, position: int, test: Wire) -> Row:
    attempts = test.get("attempts") or []
    state = outcome(test)
    began = test.get("startTime")
    if began is None and attempts:
        began = attempts[0].get("wallClockStartedAt")
    flaky = test.get("isFlaky")
    if flaky is None:
        flaky = state == "passed" and "failed" in [outcome(attempt) for attempt in attempts]
    return {
        "instance_id": instance["instanceId"],
        "position": position,
        "spec": instance.get("spec") or "",
        "group_id": instance.get("groupId") or "",
        "test_id": test.get("testId") or "",
        "title": test.get("title") or [],
        "state": state,
        "is_flaky": flaky,
        "attempts": len(attempts),
        "tags": test.get("tags") or [],
        "display_error": test.get("displayError"),
        "owner": next(descriptions(test, "owner"), None),
        "started_at": moment(began),
        "duration_ms": whole(lasted(test), 64),
        "instance_signature": instance.get("signature"),
    }


def lasted(test: Wire) -> int | None:
    attempts = test.get("attempts") or []
    if test.get("duration") is not None or not attempts:
        return test.get("duration")
    begins = [attempts[number].get("wallClockStartedAt") for number in (0, -1)]
    if None in begins:
        return None
    # Without a time zone a moment is in UTC.
    first, last = (datetime.fromisoformat(text) for text in begins)
    first, last = (one.replace(tzinfo=one.tzinfo or UTC) for one in (first, last))
    taken: int = attempts[-1].get("wallClockDuration") or 0
    return (last - first) // timedelta(milliseconds=1) + taken


def descriptions(test: Wire, kind: str) -> Iterator[str]:
    for one in test.get("annotations") or []:
        if one.get("type") == kind and one.get("description"):
            yield one["description"]


def place(instance: Wire, position: int, test: Wire, number: int) -> Row:
    return {
        "instance_id": instance["instanceId"],
        "test_position": position,
        "number": number,
        "test_id": test.get("testId") or "",
    }


def annotation_row(annotation: Wire) -> Row:
    return {"type": annotation.get("type") or "", "description": annotation.get("description")}


def metrics(test: Wire) -> Iterator[Row]:
    for text in descriptions(test, "currents:metric"):
        try:
            found = json.loads(text)
        except ValueError:
            continue
        if isinstance(found, dict):
            yield {
                "name": found["name"],
                "value": float(found["value"]),
                "type": found.get("type", "float"),
                "unit": found.get("unit", "none"),
            }


def attempt_row(instance: Wire, position: int, test: Wire, number: int, attempt: Wire) -> Row:
    error = attempt.get("error") or {}
    place, frame = error.get("location"), error.get("codeFrame") or {}
    names = ("file", "relativeFile", "originalFile", "absoluteFile")
    file = next((frame[name] for name in names if frame.get(name)), None)
    if place is None:
        place = {"file": file, "line": frame.get("line"), "column": frame.get("column")}
    return {
        "instance_id": instance["instanceId"],
        "test_position": position,
        "attempt": number,
        "test_id": test.get("testId") or "",
        "attempt_id": attempt.get("attemptId"),
        "state": outcome(attempt),
        "raw_status": attempt.get("rawStatus"),
        "started_at": moment(attempt.get("wallClockStartedAt")),
        "duration_ms": whole(attempt.get("wallClockDuration"), 64),
        "error_name": error.get("name"),
        "error_message": error.get("message"),
        "error_stack": error.get("stack"),
        "error_file": place.get("file"),
        "error_line": whole(place.get("line"), 32),
        "error_column": whole(place.get("column"), 32),
        "video_timestamp_ms": fraction(attempt.get("videoTimestamp")),
        "worker_index": whole(attempt.get("workerIndex"), 32),
        "parallel_index": whole(attempt.get("parallelIndex"), 32),
    }


def artifact_rows(instance: Wire) -> Iterator[Row]:
    results = instance.get("results") or {}
    videos = list(results.get("videos") or [])
    if results.get("videoUrl") is not None:
        videos.append({"videoUrl": results["videoUrl"]})
    for kind, url, artifacts in (
        ("screenshot", "screenshotURL", results.get("screenshots")),
        ("video", "videoUrl", videos),
        ("trace", "traceURL", results.get("playwrightTraces")),
        ("attachment", "readUrl", results.get("attachments")),
    ):
        for number, artifact in enumerate(artifacts or [], start=1):
            yield {
                "instance_id": instance["instanceId"],
                "kind": kind,
                "number": number,
                "artifact_id": artifact.get("id" if kind == "attachment" else f"{kind}Id"),
                "name": artifact.get("name"),
                "file_name": artifact.get("filename"),
                "content_type": artifact.get("contentType"),
                "test_id": artifact.get("testId"),
                "attempt": whole(artifact.get("testAttemptIndex"), 32),
                "taken_at": moment(artifact.get("takenAt")),
                "width": pixels(artifact, "width"),
                "height": pixels(artifact, "height"),
                "url": bare(artifact.get(url)),
                "created_at": moment(artifact.get("createdAt")) if kind == "attachment" else None,
            }


def platform(where: Wire | None) -> Row:
    return {
        "os_name": at(where, "osName"),
        "os_version": at(where, "osVersion"),
        "browser_name": at(where, "browserName"),
        "browser_version": at(where, "browserVersion"),
    }


def counters(counts: Wire | None) -> Row:
    names = ("passes", "failures", "pending", "skipped", "flaky", "retries")
    tests = None if counts is None else counts.get("tests") or counts.get("overall") or 0
    return {"tests": whole(tests, 32), **{name: counted(counts, name) for name in names}}


def counted(counts: Wire | None, name: str) -> int | None:
    return None if counts is None else whole(counts.get(name) or 0, 32)


def duration(stats: Wire) -> int | None:
    wall: int | None = stats.get("wallClockDuration")
    return stats.get("duration") if wall is None else wall


def outcome(test: Wire) -> str | None:
    return None if test.get("state") is None else str(Outcome(test["state"]))


def pixels(artifact: Wire, name: str) -> int | None:
    own = artifact.get(name)
    is_elsewhere = not own and artifact.get("dimensions") is not None
    return whole(at(artifact, "dimensions", name) if is_elsewhere else own, 32)


def whole(number: int | None, bits: int) -> int | None:
    if number is None or (number.bit_length() >= bits and number != -(1 << bits - 1)):
        return None
    return number


def fraction(number: float | None) -> float | None:
    if number is None or number > sys.float_info.max:
        return None
    return float(number)


def moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    local = datetime.fromisoformat(text)
    shift = local.utcoffset() or timedelta()
    try:
        precise = local.replace(tzinfo=UTC) - shift
    except OverflowError:
        return None
    return precise.replace(microsecond=precise.microsecond // 1000 * 1000)


def bare(url: str | None) -> str | None:
    return None if url is None else BARE_URLS.get(url, url.partition("?")[0])


def at(value: Any, *path: str) -> Any:
    for name in path:
        value = (value or {}).get(name)
    return value
