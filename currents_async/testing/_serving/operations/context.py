"""Failure context: what is known about a failure, in JSON or in Markdown.

Source: `docs/api/operations.md`, "Context", which does not say what else is in there.
"""

import textwrap
from collections.abc import Iterator

import msgspec

from currents_async._resources.context import GET_CONTEXT
from currents_async.testing._serving.api_request import ApiRequest, Route
from currents_async.testing._serving.api_response import ApiResponse, RefusedError, found
from currents_async.testing._serving.operations.test_results import read_test
from currents_async.testing._serving.paging import PageRequest, read_page_request
from currents_async.testing._world.executions import join_title
from currents_async.testing._world.facts import Wire
from currents_async.testing._world.failures import without_colours
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

    With `include_flaky`, those of a run also have the flaky ones. `limit` and `page` page through
    the tests. `max_length` truncates Markdown, and has no effect on JSON.
    """
    subject = _find(world, request)
    form = request.choice("format", ("json", "md"), "json")
    detail = request.choice("detail", ("default", "compact", "summary"), "default")
    paging = read_page_request(request, max_limit=_MAX_LIMIT, default=_LIMIT)
    max_length = request.number("max_length", _MAX_LENGTH, min_value=1, max_value=_MAX_LENGTH)
    request.end()
    data = _describe(world, subject, paging, detail)
    if form == "json":
        return ApiResponse(data)
    return ApiResponse(_write_markdown(data)[:max_length], text=True)


def _find(world: World, request: ApiRequest) -> _Subject:
    run_id, instance_id = request.text("run_id"), request.text("instance_id")
    test_id = request.text("test_id")
    attempt = request.number("attempt", -1, min_value=0)
    include_flaky = request.flag("include_flaky")
    match run_id, instance_id, test_id:
        case (_, str(), str()):  # needs no run, but `@currents/mcp` may send it along
            return _find_test(world, instance_id, test_id, None if attempt < 0 else attempt)
        case (str(), _, None) if attempt < 0:
            with_flaky = bool(include_flaky) and instance_id is None
            return _find_failures(world, run_id, instance_id, with_flaky=with_flaky)
        case _:
            raise RefusedError(
                400,
                "run_id, run_id and instance_id, or instance_id and test_id are required; "
                "attempt is for a test",
            )


def _find_failures(
    world: World, run_id: str, instance_id: str | None, *, with_flaky: bool
) -> _Subject:
    run = found(world.runs.get(run_id), "Run")
    if instance_id is not None and all(spec.instance_id != instance_id for spec in run.specs):
        raise RefusedError(404, "Instance not found")
    failed = [
        one
        for one in world.view.of_run(run)
        if (one.state == "failed" or (with_flaky and one.flaky))
        and instance_id in {None, one.instance_id}
    ]
    return _Subject(run, failed, None)


def _find_test(world: World, instance_id: str, test_id: str, attempt: int | None) -> _Subject:
    instance = world.instance(instance_id) or {}
    run = found(world.runs.get(instance.get("runId") or ""), "Instance")
    ids = (instance_id, test_id)
    tests = (one for one in world.view.of_run(run) if (one.instance_id, one.test_id) == ids)
    one = found(next(tests, None), "Test")
    _, test = read_test(world, one)
    if attempt is not None and attempt >= len(test["attempts"]):
        raise RefusedError(404, "Attempt not found")
    return _Subject(run, [one], attempt)


def _describe(world: World, subject: _Subject, paging: PageRequest, detail: str) -> Wire:
    """Describe a run and a page of its tests.

    A summary names the tests, a compact one has the messages of their errors too, and the default
    has stacks and code frames as well.
    """
    run, (page, following) = subject.run, paging.cut(subject.tests)
    return {
        "run": {
            "runId": run.run_id,
            "projectId": run.project_id,
            "ciBuildId": run.ci_build_id,
            "status": run.status,
            "completionState": run.completion_state,
            "createdAt": run.created_at,
            "tags": run.tags,
            "commit": world.view.context(run).commit,
        },
        "list": [_describe_test(world, one, detail, subject.attempt) for one in page],
        "total": len(subject.tests),
        "nextPage": following,
    }


def _describe_test(world: World, one: WorldExecution, detail: str, attempt: int | None) -> Wire:
    described: Wire = {
        "instanceId": one.instance_id,
        "testId": one.test_id,
        "signature": one.signature,
        "spec": one.spec,
        "title": one.title,
        "group": one.group_id,
        "state": one.state,
        "flaky": one.flaky,
    }
    if detail != "summary":
        _, test = read_test(world, one)
        attempts: list[Wire] = test["attempts"]
        described["attempts"] = [
            _describe_attempt(number, tried, detail)
            for number, tried in enumerate(attempts)
            if attempt in {None, number}
        ]
    return described


def _describe_attempt(number: int, attempt: Wire, detail: str) -> Wire:
    error: Wire | None = attempt.get("error")
    described: Wire | None = None
    if error is not None:
        described = {"message": without_colours(error.get("message") or "")}
        if detail == "default":
            described["stack"] = without_colours(error.get("stack") or "")
            described["codeFrame"] = error.get("codeFrame")
    return {"attempt": number, "state": attempt["state"], "error": described}


def _write_markdown(context: Wire) -> str:
    """Write the context for people and language models."""
    run: Wire = context["run"]
    lines = [
        f"# Run {run['runId']}",
        "",
        f"- Status: {run['status']} ({run['completionState']})",
        f"- Branch: {run['commit'].get('branch')}",
        f"- Created: {run['createdAt']}",
        "",
        f"## Tests ({context['total']})",
    ]
    for test in context["list"]:
        lines += ["", f"### {_line(test['spec'])}: {_line(join_title(test['title']))}", ""]
        lines += [f"- State: {test['state']}", f"- Test ID: {test['testId']}"]
        for attempt in test.get("attempts", []):
            lines += ["", f"Attempt {attempt['attempt']}: {attempt['state']}"]
            lines += _write_error(attempt["error"] or {})
    if context["nextPage"] is not False:
        lines += ["", f"There is more on page {context['nextPage']}."]
    return "\n".join(lines) + "\n"


def _write_error(error: Wire) -> Iterator[str]:
    frame: Wire = error.get("codeFrame") or {}
    for text in (error.get("message"), error.get("stack"), frame.get("frame")):
        if text:
            # Indented, so that nothing in the text can end the block.
            yield ""
            yield textwrap.indent(text, "    ", lambda _: True)


def _line(text: str) -> str:
    return " ".join(text.split())


ROUTES = (Route(GET_CONTEXT, get_context),)
