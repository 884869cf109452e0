"""Webhooks: what is refused before it is sent, what no error shows, and lost answers."""

import traceback
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from currents_async import AmbiguousError, Currents, InvalidArgumentError
from currents_async.models import DeletedWebhook, Webhook
from currents_async.testing import FaultyServer, faults
from tests.support import client

Call = Callable[[Currents], Awaitable[object]]

URL = "https://example.com/h"
SECRET = "a-very-secret-token"
WEBHOOK = faults.json_answer({"hookId": "h", "url": URL}, 201)
GONE = faults.answer(b'{"status":"FAILED","error":"Not found"}', 404)


def make(**arguments: Any) -> Call:
    """Create a webhook with these arguments instead of the right ones."""
    every: dict[str, Any] = {"url": URL, "project_id": "p", **arguments}
    return lambda c: c.webhooks.create(**every)


def change(**arguments: Any) -> Call:
    return lambda c: c.webhooks.update("h", **arguments)


REFUSED: list[tuple[Call, str]] = [
    (make(project_id=None), "no project"),
    (make(url=""), "url must not be empty"),
    (make(url="x" * 2049), "url must have at most 2048"),
    (make(url=None), "url must be a str"),
    (make(label="x" * 256), "label must have at most 255"),
    (make(label=""), "label must not be empty"),
    (make(hook_events=["RUN_PAUSED"]), r"hook_events\[0\] must be one of RUN_FINISH"),
    (make(hook_events="RUN_FINISH"), "hook_events must be a sequence"),
    (make(headers={"": SECRET}), "'' is not the name of a header"),
    (make(headers={"X Secret": SECRET}), "'X Secret' is not the name of a header"),
    (make(headers={1: SECRET}), "1 is not the name of a header"),
    (make(headers={"X-Secret": f"{SECRET}\r\nX: y"}), "the value of 'X-Secret' cannot be sent"),
    (make(headers={"X-Secret": f"{SECRET}\ud800"}), "the value of 'X-Secret' cannot be sent"),
    (make(headers={"X-Secret": [SECRET]}), "the value of 'X-Secret' cannot be sent"),
    (make(headers=[("X-Secret", SECRET)]), "headers must be a mapping, not list"),
    (make(headers=SECRET), "headers must be a mapping, not str"),
    (make(headers={"X-Secret": SECRET * 250}), "headers must have at most 4096"),
    (change(), "nothing to change"),
    (change(url=None), "url must be a str, not NoneType"),
    (change(headers={"X-Secret": f"{SECRET}\n"}), "the value of 'X-Secret' cannot be sent"),
    (change(label="x" * 256), "label must have at most 255"),
    (lambda c: c.webhooks.update("a/b", label="l"), "hook_id must be one path segment"),
    (lambda c: c.webhooks.get(""), "hook_id must not be empty"),
    (lambda c: c.webhooks.delete("a/b"), "hook_id must be one path segment"),
    (lambda c: c.webhooks.list(), "no project"),
]


@pytest.mark.parametrize(("call", "says"), REFUSED)
async def test_what_is_refused_is_not_sent(call: Call, says: str) -> None:
    async with FaultyServer() as server, client(server.url) as currents:
        with pytest.raises(InvalidArgumentError, match=says) as caught:
            await call(currents)
    assert server.requests == []
    assert SECRET not in "".join(traceback.format_exception(caught.value))


async def test_the_longest_is_sent() -> None:
    longest = "x" * (4096 - len('{"X-Secret":""}'))
    async with FaultyServer(WEBHOOK) as server, client(server.url) as currents:
        await currents.webhooks.create(
            "x" * 2048, headers={"X-Secret": longest}, label="l" * 255, project_id="p"
        )
    body = msgspec.json.decode(server.requests[0].body)
    assert len(body["headers"]) == 4096
    assert msgspec.json.decode(body["headers"]) == {"X-Secret": longest}


async def test_what_is_read_can_be_written() -> None:
    data = {"hookId": "h", "headers": '{"X-Secret":"ü\\t"}', "hookEvents": ["RUN_START"]}
    async with FaultyServer(faults.json_answer(data)) as server, client(server.url) as currents:
        read = await currents.webhooks.get("h")
        await currents.webhooks.update("h", headers=read.headers, hook_events=read.hook_events)
    assert msgspec.json.decode(server.requests[1].body) == {
        "headers": '{"X-Secret":"ü\\t"}',
        "hookEvents": ["RUN_START"],
    }


class TestLostAnswers:
    @pytest.mark.parametrize("call", [make(), change(label="l")])
    async def test_a_write_that_may_have_happened(self, call: Call) -> None:
        script = [faults.close(), WEBHOOK]
        async with FaultyServer(script) as server, client(server.url) as currents:
            with pytest.raises(AmbiguousError):
                await call(currents)
        assert len(server.requests) == 1

    @pytest.mark.parametrize(
        "call", [make(retry_ambiguous=True), change(label="l", retry_ambiguous=True)]
    )
    async def test_a_write_that_may_happen_twice(self, call: Call) -> None:
        script = [faults.close(), WEBHOOK]
        async with FaultyServer(script) as server, client(server.url) as currents:
            assert await call(currents) == Webhook(hook_id="h", url=URL)
        assert len(server.requests) == 2

    async def test_deleted_by_an_attempt_before(self) -> None:
        async with FaultyServer([faults.close(), GONE]) as server, client(server.url) as currents:
            assert await currents.webhooks.delete("h") == DeletedWebhook(hook_id="h")
        assert len(server.requests) == 2
