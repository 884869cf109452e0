"""Failure context: what is known of a failure, in JSON or in Markdown.

Source: `docs/api/operations.md`, "Context", which does not say what else is in there.
"""

import msgspec

from currents_async._resources.context import GET_CONTEXT
from currents_async.testing._serving.call import Call, Route
from currents_async.testing._serving.context import describe, write_markdown
from currents_async.testing._serving.paging import Sheet
from currents_async.testing._serving.params import Params
from currents_async.testing._serving.replies import Refusal, Reply
from currents_async.testing._world.schema_2 import read_tests
from currents_async.testing.world import World, WorldExecution, WorldRun

_LIMIT = 10
_MOST = 50
_LONGEST = 50_000


class _Subject(msgspec.Struct, frozen=True):
    """Whose context it is: a run, one of its instances, or a test in there."""

    run: WorldRun
    tests: list[WorldExecution]
    attempt: int | None


def get_context(world: World, call: Call) -> Reply:
    """GET /context: the failed tests of a run or an instance, or one test whatever it did.

    `limit` and `page` are for the tests. `max_length` cuts Markdown off, and means nothing for
    JSON.
    """
    asked = Params(call)
    subject = _find(world, asked)
    form = asked.choice("format", ("json", "md"), "json")
    detail = asked.choice("detail", ("default", "compact", "summary"), "default")
    sheet = Sheet(
        asked.number("page", 0, least=0), asked.number("limit", _LIMIT, least=1, most=_MOST)
    )
    longest = asked.number("max_length", _LONGEST, least=1, most=_LONGEST)
    asked.end()
    data = describe(
        world, subject.run, subject.tests, sheet=sheet, detail=detail, attempt=subject.attempt
    )
    if form == "json":
        return Reply(lambda: data)
    return Reply(lambda: write_markdown(data)[:longest], text=True)


def _find(world: World, asked: Params) -> _Subject:
    run_id, instance_id = asked.text("run_id"), asked.text("instance_id")
    test_id = asked.text("test_id")
    attempt = asked.number("attempt", -1, least=0)
    match run_id, instance_id, test_id:
        case (_, str(), str()):  # needs no run, but `@currents/mcp` may send it along
            return _find_test(world, instance_id, test_id, None if attempt < 0 else attempt)
        case (str(), _, None) if attempt < 0:
            return _find_failures(world, run_id, instance_id)
        case _:
            raise Refusal(
                400,
                "run_id, run_id and instance_id, or instance_id and test_id are required; "
                "attempt is for a test",
            )


def _find_failures(world: World, run_id: str, instance_id: str | None) -> _Subject:
    run = world.runs.get(run_id)
    if run is None:
        raise Refusal(404, "Run not found")
    if instance_id is not None and all(spec.instance_id != instance_id for spec in run.specs):
        raise Refusal(404, "Instance not found")
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
        raise Refusal(404, "Instance not found")
    for one in world.view.of_run(run):
        if (one.instance_id, one.test_id) == (instance_id, test_id):
            attempts = read_tests(instance)[one.place[1]]["attempts"]
            if attempt is not None and attempt >= len(attempts):
                raise Refusal(404, "Attempt not found")
            return _Subject(run, [one], attempt)
    raise Refusal(404, "Test not found")


ROUTES = (Route(GET_CONTEXT, get_context),)
