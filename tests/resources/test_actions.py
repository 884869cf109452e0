from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest

from currents_async import Currents, InvalidArgumentError
from currents_async.models import (
    AffectedTest,
    Condition,
    ConditionOperator,
    ConditionType,
    Effect,
    Matcher,
    MatcherOperator,
    when,
)
from currents_async.testing import FaultyServer, faults
from tests.support import client

Call = Callable[[Currents], Awaitable[object]]

DAY = date(2026, 1, 31)
NAIVE = datetime(2026, 1, 31, 12)  # noqa: DTZ001 - it is to be refused
MATCHER = Matcher.all(when.title.eq("logs in"))
SKIP = [Effect.skip()]
GONE = faults.response(b'{"status":"FAILED","error":"Not found"}', 404)


def make(**arguments: Any) -> Call:
    """Create an action with these arguments instead of the right ones."""
    every: dict[str, Any] = {
        "name": "n",
        "action": SKIP,
        "matcher": MATCHER,
        "project_id": "p",
        **arguments,
    }
    return lambda c: c.actions.create(**every)


def change(**arguments: Any) -> Call:
    return lambda c: c.actions.update("a", **arguments)


def affected(**arguments: Any) -> Call:
    every: dict[str, Any] = {"date_start": DAY, "date_end": DAY, "project_id": "p", **arguments}
    return lambda c: c.actions.affected_tests(**every)


def executions(**arguments: Any) -> Call:
    every: dict[str, Any] = {"date_start": DAY, "date_end": DAY, "project_id": "p", **arguments}
    return lambda c: c.actions.executions("s", **every)


def executions_by_action(**arguments: Any) -> Call:
    every: dict[str, Any] = {"date_start": DAY, "date_end": DAY, **arguments}
    return lambda c: c.actions.executions_by_action("a", **every)


def matched(**fields: Any) -> Matcher:
    condition = Condition(type=ConditionType.TITLE, op=ConditionOperator.EQUAL, **fields)
    return Matcher(op=MatcherOperator.AND, cond=(condition,))


REFUSED: list[tuple[Call, str]] = [
    (make(project_id=None), "no project"),
    (make(name="a\nb"), "name must not contain control"),
    (make(description="\ud800"), "description must not contain lone surrogates"),
    (make(description=5), "description must be a str"),
    (make(action=[{"op": "skip"}]), r"action\[0\] must be an Effect, not dict"),
    (make(action=[Effect.tag("")]), r"action\[0\].tags\[0\] must not be empty"),
    (make(action=[Effect.tag(["a"])]), r"action\[0\].tags\[0\] must be a str"),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    (make(matcher=when.title.eq("x")), "matcher must be a Matcher, not Condition"),
    (make(matcher=Matcher.all("x")), r"matcher.cond\[0\] must be a Condition"),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    (make(matcher=matched(value="\ud800")), r"matcher.cond\[0\].value must not contain lone"),
    (make(matcher=matched(value=("a", "\ud800"))), r"matcher.cond\[0\].value must not contain"),
    (make(expires_after=NAIVE), "expires_after must have a time zone"),
    (make(expires_after="2026-01-01"), "expires_after must be a datetime or a date"),
    (change(), "nothing to change"),
    (change(name=None), "name must be a str, not NoneType"),
    (change(expires_after=NAIVE), "expires_after must have a time zone"),
    (lambda c: c.actions.update("a/b", name="n"), "action_id must be one path segment"),
    (lambda c: c.actions.get(""), "action_id must not be empty"),
    (lambda c: c.actions.delete(".."), "action_id must be one path segment"),
    (lambda c: c.actions.enable("a/b"), "action_id must be one path segment"),
    (lambda c: c.actions.disable(" "), "action_id must not be empty"),
    (lambda c: c.actions.list(), "no project"),
    (lambda c: c.actions.list("p", status=["paused"]), r"status\[0\] must be one of active"),  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    (lambda c: c.actions.list("p", status="active"), "status must be a sequence"),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    (affected(project_id=None), "no project"),
    (affected(date_start=NAIVE), "date_start must have a time zone"),
    (affected(date_start=None), "date_start must be a datetime or a date, not None"),
    (affected(date_end="today"), "date_end must be a datetime or a date"),
    (affected(action_type=["retry"]), r"action_type\[0\] must be one of quarantine"),
    (affected(status=["paused"]), r"status\[0\] must be one of active"),
    (affected(dir="up"), "dir must be one of asc, desc"),
    (affected(start="a cursor"), "start must be a resume token"),
    (executions(project_id=None), "no project"),
    (executions(date_end=NAIVE), "date_end must have a time zone"),
    (executions(date_end=None), "date_end must be a datetime or a date, not None"),
    (executions(reverse=True), "reverse=True needs start"),
    (lambda c: c.actions.executions("a/b", date_start=DAY, date_end=DAY, project_id="p"), "sign"),
    (executions_by_action(date_start=NAIVE), "date_start must have a time zone"),
    (executions_by_action(search=""), "search must not be empty"),
]


@pytest.fixture
async def server() -> AsyncIterator[FaultyServer]:
    async with FaultyServer() as server:
        yield server


@pytest.mark.parametrize(("call", "says"), REFUSED)
async def test_invalid_arguments_are_not_sent(server: FaultyServer, call: Call, says: str) -> None:
    async with client(server.url) as currents:
        with pytest.raises(InvalidArgumentError, match=says):
            await call(currents)
    assert server.requests == []


async def test_unknown_fields_are_sent_back() -> None:
    """An action that is read, and written with another name, loses nothing."""
    rules: dict[str, Any] = {
        "action": [
            {"until": 5, "op": "retry", "details": {"times": [2, None]}},
            {"op": "skip"},
        ],
        "matcher": {
            "strict": True,
            "op": "XOR",
            "cond": [
                {"case": "i", "type": "moon", "op": "glob", "value": ["a", {"source": "^b"}]},
                {"type": "tag", "op": "in", "value": []},
            ],
        },
    }
    response = faults.json_response({"actionId": "a", **rules})
    async with FaultyServer(response) as server, client(server.url) as currents:
        read = await currents.actions.get("a")
        assert read.matcher is not None
        await currents.actions.update("a", action=read.action, matcher=read.matcher)
    assert msgspec.json.decode(server.requests[1].body) == rules


async def test_affected_tests_that_are_equal_are_all_listed() -> None:
    """No key is documented, so what differs in anything is another test."""
    rows = [{"actionId": name, "signature": "s"} for name in "abc"]
    pages = [
        faults.json_response({"list": rows[:2], "total": 3, "nextPage": 1}),
        faults.json_response({"list": rows[1:], "total": 3, "nextPage": False}),
    ]
    async with FaultyServer(pages) as server, client(server.url) as currents:
        listed = currents.actions.affected_tests("p", date_start=DAY, date_end=datetime.now(UTC))
        tests: list[AffectedTest] = [test async for test in listed]
    assert [test.extra["actionId"] for test in tests] == ["a", "b", "c"]


async def test_executions_by_cursor() -> None:
    def page(*cursors: str, more: bool) -> Any:
        data = [{"cursor": cursor, "status": "skipped"} for cursor in cursors]
        body = msgspec.json.encode({"status": "OK", "has_more": more, "data": data})
        return faults.response(body)

    script = [page("1", "2", more=True), page("3", more=False)]
    async with FaultyServer(script) as server, client(server.url) as currents:
        listed = currents.actions.executions_by_action("a", date_start=DAY, date_end=DAY)
        seen = [(one.cursor, one.extra) async for one in listed]
    assert seen == [(cursor, {"status": "skipped"}) for cursor in "123"]
    assert server.requests[1].target.endswith("&limit=50&starting_after=2")
