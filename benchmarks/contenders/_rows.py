"""Rows by hand, out of the API's JSON: the columns of our tables as far as the world fills them.

Moments stay the text that they come as, which is less work than ours, where they are timestamps.
"""

from typing import Any

Row = dict[str, Any]
Rows = dict[str, list[Row]]
"""By table."""


def rows_of_run(run: Row) -> Rows:
    """Make the rows of a run and of its specs."""
    known, meta, timeout = _known(run), run["meta"], run["timeout"]
    row = known | {
        "status": run["status"],
        "completion_state": run["completionState"],
        "created_at": run["createdAt"],
        "duration_ms": run["durationMs"],
        "tags": run["tags"],
        "framework": meta["framework"]["name"],
        "framework_version": meta["framework"]["version"],
        "ci_build_id": meta["ciBuildId"],
        "branch": meta["commit"]["branch"],
        "commit_sha": meta["commit"]["sha"],
        "commit_message": meta["commit"]["message"],
        "author_name": meta["commit"]["authorName"],
        "author_email": meta["commit"]["authorEmail"],
        "remote_origin": meta["commit"]["remoteOrigin"],
        "os_name": meta["platform"]["osName"],
        "os_version": meta["platform"]["osVersion"],
        "browser_name": meta["platform"]["browserName"],
        "browser_version": meta["platform"]["browserVersion"],
        "is_timeout": timeout["isTimeout"],
    }
    specs = [known | _spec(position, spec) for position, spec in enumerate(run["specs"])]
    return {"runs": [row], "specs": specs}


def rows_of_instance(instance: Row, run: Row) -> Rows:
    """Make the rows of an instance's tests and of the attempts at them."""
    known = {**_known(run), "instance_id": instance["instanceId"]}
    tests: list[Row] = []
    attempts: list[Row] = []
    for position, test in enumerate(instance["results"]["tests"]):
        tests.append(known | _test(instance, position, test))
        attempts += (
            known | _attempt(position, test, number, attempt)
            for number, attempt in enumerate(test["attempts"])
        )
    return {"tests": tests, "attempts": attempts}


def _known(run: Row) -> Row:
    day = run["createdAt"][:10]
    return {"project_id": run["projectId"], "day": day, "run_id": run["runId"]}


def _spec(position: int, spec: Row) -> Row:
    stats, worker = spec["results"]["stats"], spec["worker"]
    return {
        "position": position,
        "spec": spec["spec"],
        "group_id": spec["groupId"],
        "instance_id": spec["instanceId"],
        "machine_id": spec["machineId"],
        "tags": spec["tags"],
        "claimed_at": spec["claimedAt"],
        "completed_at": spec["completedAt"],
        "is_complete": spec["completedAt"] is not None,
        "tests": stats["overall"],
        "passes": stats["passes"],
        "failures": stats["failures"],
        "pending": stats["pending"],
        "skipped": stats["skipped"],
        "flaky": stats["flaky"],
        "retries": stats["retries"],
        "started_at": stats["wallClockStartedAt"],
        "ended_at": stats["wallClockEndedAt"],
        "duration_ms": stats["wallClockDuration"],
        "worker_index": worker["workerIndex"],
        "parallel_index": worker["parallelIndex"],
    }


def _test(instance: Row, position: int, test: Row) -> Row:
    return {
        "position": position,
        "spec": instance["spec"],
        "group_id": instance["groupId"],
        "test_id": test["testId"],
        "title": test["title"],
        "state": test["state"],
        "is_flaky": test["isFlaky"],
        "attempts": len(test["attempts"]),
        "tags": test["tags"],
        "display_error": test["displayError"],
    }


def _attempt(position: int, test: Row, number: int, attempt: Row) -> Row:
    error = attempt["error"] or {}
    place = error.get("location") or error.get("codeFrame") or {}
    return {
        "test_position": position,
        "attempt": number,
        "test_id": test["testId"],
        "attempt_id": attempt["attemptId"],
        "state": attempt["state"],
        "raw_status": attempt["rawStatus"],
        "started_at": attempt["wallClockStartedAt"],
        "duration_ms": attempt["wallClockDuration"],
        "error_name": error.get("name"),
        "error_message": error.get("message"),
        "error_stack": error.get("stack"),
        "error_file": place.get("file"),
        "error_line": place.get("line"),
        "error_column": place.get("column"),
        "worker_index": attempt["workerIndex"],
        "parallel_index": attempt["parallelIndex"],
    }
