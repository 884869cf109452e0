"""An execution of a test, as lists contain it."""

from currents_async.testing._world.facts import Wire
from currents_async.testing._world.schema_2 import read_tests
from currents_async.testing.world import World, WorldExecution


def read_test(world: World, execution: WorldExecution) -> tuple[Wire, Wire]:
    """Return the instance, and the test in it, that an execution was read from."""
    instance = world.instance(execution.instance_id) or {}
    return instance, read_tests(instance)[execution.place[1]]


def result_to_wire(world: World, one: WorldExecution) -> Wire:
    """Return a test result; its date is that of its run, which filters use.

    Only Playwright reports the expected status and the annotations of a test.
    """
    instance, test = read_test(world, one)
    framework: Wire = instance.get("framework") or {
        "type": one.run.framework,
        "version": one.run.framework_version,
    }
    wire: Wire = {
        "signature": one.signature,
        "framework": framework,
        "createdAt": one.run.created_at,
        "projectId": one.run.project_id,
        "groupId": one.group_id,
        "runId": one.run.run_id,
        "instanceId": one.instance_id,
        "spec": one.spec,
        "machineId": one.machine_id,
        "tags": one.tags,
        "title": one.title,
        "testId": one.test_id,
        "displayError": test.get("displayError"),
        "commit": one.run.commit,
        "duration": one.duration,
        "flaky": one.flaky,
        "status": one.state,
        "attempts": [
            _attempt_to_wire(one, number, attempt)
            for number, attempt in enumerate(test["attempts"])
        ],
    }
    if one.run.framework != "cypress":
        wire["expectedStatus"] = "skipped" if one.state == "pending" else "passed"
        wire["annotations"] = [
            {"type": kind, "description": text} for kind, text in one.annotations
        ]
    return wire


def _attempt_to_wire(one: WorldExecution, number: int, attempt: Wire) -> Wire:
    error: Wire | None = attempt.get("error")
    return {
        "attemptId": attempt.get("attemptId") or f"{one.instance_id}-{one.test_id}-{number}",
        "state": attempt["state"],
        "error": None if error is None else _error_to_wire(error),
        "startedAt": attempt.get("wallClockStartedAt"),
        "duration": attempt.get("wallClockDuration"),
    }


def _error_to_wire(error: Wire) -> Wire:
    wire: Wire = {"message": error.get("message"), "stack": error.get("stack")}
    frame: Wire = error.get("codeFrame") or {}
    if "line" in frame:
        wire["location"] = {
            "file": frame.get("file") or frame.get("relativeFile"),
            "line": frame["line"],
            "column": frame.get("column"),
        }
    return wire
