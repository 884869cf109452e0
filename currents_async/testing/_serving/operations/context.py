"""Failure context: what is known about a failure, in JSON or in Markdown.

Source: `docs/api/operations.md`, "Context", which does not say what else is in there.
"""

import msgspec

from currents_async._resources.context import GET_CONTEXT
from currents_async.testing._serving.api_request import ApiRequest, Route
from currents_async.testing._serving.api_response import ApiResponse, RefusedError
from currents_async.testing._serving.context import describe, write_markdown
from currents_async.testing._serving.paging import PageRequest
from currents_async.testing._serving.params import Params
from currents_async.testing._world.schema_2 import read_tests
from currents_async.testing.world import World, WorldExecution, WorldRun

_LIMIT = 10
_MAX_LIMIT = 50
_MAX_LENGTH = 50_000


class _Subject(msgspec.Struct, frozen=True):
    """What the context is about: a run, one of its instances, or one of their tests."""

    run: WorldRun
    tests: list[WorldExecution]
    attempt: int | None


def get_context(world: World, request: ApiRequest) -> ApiResponse:
    """GET /context: the failed tests of a run or an instance, or one test in any state.

    `limit` and `page` page through the tests. `max_length` truncates Markdown, and has no effect
    on JSON.
    """
    params = Params(request)
    subject = _find(world, params)
    form = params.choice("format", ("json", "md"), "json")
    detail = params.choice("detail", ("default", "compact", "summary"), "default")
    paging = PageRequest(
        params.number("page", 0, min_value=0),
        params.number("limit", _LIMIT, min_value=1, max_value=_MAX_LIMIT),
    )
    max_length = params.number("max_length", _MAX_LENGTH, min_value=1, max_value=_MAX_LENGTH)
    params.end()
    data = describe(
        world, subject.run, subject.tests, paging=paging, detail=detail, attempt=subject.attempt
    )
    if form == "json":
        return ApiResponse(lambda: data)
    return ApiResponse(lambda: write_markdown(data)[:max_length], text=True)


def _find(world: World, params: Params) -> _Subject:
    run_id, instance_id = params.text("run_id"), params.text("instance_id")
    test_id = params.text("test_id")
    attempt = params.number("attempt", -1, min_value=0)
    match run_id, instance_id, test_id:
        case (_, str(), str()):  # needs no run, but `@currents/mcp` may send it along
            return _find_test(world, instance_id, test_id, None if attempt < 0 else attempt)
        case (str(), _, None) if attempt < 0:
            return _find_failures(world, run_id, instance_id)
        case _:
            raise RefusedError(
                400,
                "run_id, run_id and instance_id, or instance_id and test_id are required; "
                "attempt is for a test",
            )


def _find_failures(world: World, run_id: str, instance_id: str | None) -> _Subject:
    run = world.runs.get(run_id)
    if run is None:
        raise RefusedError(404, "Run not found")
    if instance_id is not None and all(spec.instance_id != instance_id for spec in run.specs):
        raise RefusedError(404, "Instance not found")
    failed = [
        one
        for one in world.view.of_run(run)
        if one.state == "failed" and instance_id in {None, one.instance_id}
    ]
    return _Subject(run, failed, None)


def _find_test(world: World, instance_id: str, test_id: str, attempt: int | None) -> _Subject:
    instance = world.instance(instance_id) or {}
    run = world.runs.get(instance.get("runId") or "")
    if run is None:
        raise RefusedError(404, "Instance not found")
    for one in world.view.of_run(run):
        if (one.instance_id, one.test_id) == (instance_id, test_id):
            attempts = read_tests(instance)[one.place[1]]["attempts"]
            if attempt is not None and attempt >= len(attempts):
                raise RefusedError(404, "Attempt not found")
            return _Subject(run, [one], attempt)
    raise RefusedError(404, "Test not found")


ROUTES = (Route(GET_CONTEXT, get_context),)
