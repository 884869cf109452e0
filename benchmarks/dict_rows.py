"""Rows as they are written by hand: a dict for each, of which Arrow makes columns."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import pyarrow as pa

from currents_async.export._tables.schemas import SCHEMAS
from currents_async.models import Attempt, AttemptError, Instance, InstanceTest

Row = dict[str, Any]


def tables_of(
    project_id: str, day: date, run_id: str, instances: Sequence[Instance]
) -> dict[str, pa.Table]:
    """Make the tables of tests and of attempts."""
    tests: list[Row] = []
    attempts: list[Row] = []
    for instance in instances:
        known: Row = {
            "project_id": project_id,
            "day": day,
            "run_id": run_id,
            "instance_id": instance.instance_id,
        }
        for position, test in enumerate(instance.tests):
            tests.append({**known, **_test(instance, position, test)})
            for number, attempt in enumerate(test.attempts):
                attempts.append({**known, **_attempt(position, test, number, attempt)})
    found = {"tests": tests, "attempts": attempts}
    return {name: pa.Table.from_pylist(rows, SCHEMAS[name]) for name, rows in found.items()}


def _test(instance: Instance, position: int, test: InstanceTest) -> Row:
    return {
        "position": position,
        "spec": instance.spec,
        "group_id": instance.group_id,
        "test_id": test.test_id,
        "title": test.title,
        "state": test.state,
        "is_flaky": test.is_flaky,
        "attempts": len(test.attempts),
        "tags": test.tags,
        "display_error": test.display_error,
    }


def _attempt(position: int, test: InstanceTest, number: int, attempt: Attempt) -> Row:
    return {
        "test_position": position,
        "attempt": number,
        "test_id": test.test_id,
        "attempt_id": attempt.attempt_id,
        "state": attempt.state,
        "raw_status": attempt.raw_status,
        "started_at": attempt.wall_clock_started_at,
        "duration_ms": attempt.wall_clock_duration,
        "video_timestamp_ms": attempt.video_timestamp,
        "worker_index": attempt.worker_index,
        "parallel_index": attempt.parallel_index,
        **({} if attempt.error is None else _error(attempt.error)),
    }


def _error(error: AttemptError) -> Row:
    # The world's runs of Playwright say it in this way.
    place = error.location or error.code_frame
    return {
        "error_name": error.name,
        "error_message": error.message,
        "error_stack": error.stack,
        "error_file": place and place.file,
        "error_line": place and place.line,
        "error_column": place and place.column,
    }
