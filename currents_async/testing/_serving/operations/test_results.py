"""The results of one test as lists contain them, and its signature.

Source: `docs/api/operations.md`, "Spec files, tests, results, errors".
"""

from typing import Annotated

import msgspec

from currents_async._resources.signatures import GET_TEST_SIGNATURE
from currents_async._resources.test_results import GET_TEST_RESULTS
from currents_async.testing._serving.api_request import ApiRequest, Route, known_project
from currents_async.testing._serving.api_response import ApiResponse
from currents_async.testing._serving.filters import read_annotations, read_scope
from currents_async.testing._serving.paging import read_cursor_request
from currents_async.testing._world.counts import STATES
from currents_async.testing._world.executions import join_title, signature_of
from currents_async.testing._world.facts import Wire
from currents_async.testing._world.schema_2 import read_tests
from currents_async.testing.world import World, WorldExecution


def get_test_results(world: World, request: ApiRequest) -> ApiResponse:
    """GET /test-results/{signature}: the newest first; a test that never ran has none."""
    paging = read_cursor_request(request)
    scope = read_scope(request)
    states, flaky = request.choices("status[]", STATES), request.flag("flaky")
    is_annotated = read_annotations(request)
    request.end()

    def matches(one: WorldExecution) -> bool:
        return (
            (not states or one.state in states) and flaky in {None, one.flaky} and is_annotated(one)
        )

    executions = world.view.with_signature(request.path_args["signature"])
    return paging.respond(
        filter(matches, scope.of(executions)),
        lambda one: one.order,
        lambda one: result_to_wire(world, one),
    )


def get_test_signature(world: World, request: ApiRequest) -> ApiResponse:
    """POST /signature/test: a list of titles is joined by ` > `, a single text is not changed."""
    request.end()
    body = request.read_body(_Test)
    project_id = known_project(world, body.project_id)
    title = body.test_title if isinstance(body.test_title, str) else join_title(body.test_title)
    signature = signature_of(project_id, body.spec_file_path, title)
    return ApiResponse({"signature": signature})


_Text = Annotated[str, msgspec.Meta(min_length=1)]


class _Test(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    project_id: str
    spec_file_path: _Text
    test_title: _Text | Annotated[list[str], msgspec.Meta(min_length=1)]


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


ROUTES = (
    Route(GET_TEST_RESULTS, get_test_results),
    Route(GET_TEST_SIGNATURE, get_test_signature),
)
