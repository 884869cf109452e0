import asyncio
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from currents_async import (
    BadRequestError,
    ConnectError,
    Currents,
    CurrentsError,
    InvalidArgumentError,
)
from currents_async.testing import FaultyServer, faults
from tests.support import HOOK, client, shown_of

Call = Callable[[Currents], Awaitable[object]]

URL = "https://example.com/h"
SECRET = "a-very-secret-token"
WEBHOOK = faults.json_response({"hookId": HOOK, "url": URL}, 201)
GONE = faults.response(b'{"status":"FAILED","error":"Not found"}', 404)


def make(**arguments: Any) -> Call:
    """Create a webhook with these arguments instead of the right ones."""
    every: dict[str, Any] = {"url": URL, "project_id": "p", **arguments}
    return lambda c: c.webhooks.create(**every)


def change(**arguments: Any) -> Call:
    return lambda c: c.webhooks.update(HOOK, **arguments)


REFUSED: list[tuple[Call, str]] = [
    (make(project_id=None), "no project"),
    (make(url=""), "url must not be empty"),
    (make(url=None), "url must be a str"),
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
    (change(), "nothing to change"),
    (change(url=None), "url must be a str, not NoneType"),
    (change(headers={"X-Secret": f"{SECRET}\n"}), "the value of 'X-Secret' cannot be sent"),
    (lambda c: c.webhooks.list(), "no project"),
]


@pytest.mark.parametrize(("call", "says"), REFUSED)
async def test_invalid_arguments_are_not_sent(call: Call, says: str) -> None:
    async with FaultyServer() as server, client(server.url) as currents:
        with pytest.raises(InvalidArgumentError, match=says) as caught:
            await call(currents)
    assert server.requests == []
    assert SECRET not in "".join(traceback.format_exception(caught.value))


async def test_a_webhook_can_be_sent_back_as_it_was_read() -> None:
    data = {"hookId": HOOK, "headers": '{"X-Secret":"ü\\t"}', "hookEvents": ["RUN_START"]}
    async with FaultyServer(faults.json_response(data)) as server, client(server.url) as currents:
        read = await currents.webhooks.get(HOOK)
        await currents.webhooks.update(HOOK, headers=read.headers, hook_events=read.hook_events)
    assert msgspec.json.decode(server.requests[1].body) == {
        "headers": '{"X-Secret":"ü\\t"}',
        "hookEvents": ["RUN_START"],
    }


def shown_to_others(error: BaseException) -> str:
    """Return all that is shown of an error and of what led to it, by us and by aiohttp.

    The frames of a test are left out: who passes a secret knows it.
    """
    shown = []
    seen: BaseException | None = error
    while seen is not None:
        frame = seen.__traceback__
        while frame is not None and "/tests/" in frame.tb_frame.f_code.co_filename:
            frame = frame.tb_next
        shown.append(shown_of(seen.with_traceback(frame)))
        seen = seen.__cause__ or seen.__context__
    return "".join(shown)


HEADERS = {"X-Secret": SECRET, "Authorization": f"Bearer {SECRET[::-1]}"}
WRITES = [make(headers=HEADERS), change(headers=HEADERS)]


def has_secret(text: str) -> bool:
    return SECRET in text or SECRET[::-1] in text


@pytest.mark.parametrize("call", WRITES)
class TestTheSecretIsNotShown:
    @pytest.mark.parametrize(
        "fault",
        [
            faults.response(b"<html>", 500),
            faults.html(400),
            faults.close(),
            faults.reset(),
            faults.response(b"no JSON", 200),
            faults.response(b'{"status":"FAILED","error":"no"}', 200),
            faults.redirect(location="https://elsewhere.example"),
        ],
        ids=["HTML 500", "HTML 400", "closed", "reset", "no JSON", "refused", "redirected"],
    )
    async def test_in_the_traceback_of_a_failure(self, call: Call, fault: Any) -> None:
        async with FaultyServer(fault) as server, client(server.url) as currents:
            with pytest.raises(CurrentsError) as caught:
                await call(currents)
            assert has_secret(server.requests[0].body.decode())
        assert not has_secret(shown_to_others(caught.value))

    async def test_when_no_server_listens(self, call: Call, unused_port: int) -> None:
        async with client(f"http://127.0.0.1:{unused_port}/v1") as currents:
            with pytest.raises(ConnectError) as caught:
                await call(currents)
        assert not has_secret(shown_to_others(caught.value))

    async def test_when_the_call_is_cancelled_or_takes_too_long(self, call: Call) -> None:
        async with FaultyServer(faults.stall()) as server, client(server.url) as currents:
            with pytest.raises(TimeoutError) as caught:
                async with asyncio.timeout(0.1):
                    await call(currents)
        assert caught.value.__context__ is not None  # aiohttp's frames
        assert not has_secret(shown_to_others(caught.value))

    async def test_when_the_server_quotes_it(self, call: Call) -> None:
        quoted = [
            f"X-Secret: {SECRET} is refused",
            f"not valid: {msgspec.json.encode(HEADERS).decode()}",
            f"the token {SECRET[::-1]} is refused",
            "x" * 480 + SECRET,
        ]
        for status in (400, 503, 200):
            for message in quoted:
                body = msgspec.json.encode({"status": "FAILED", "error": message})
                script = faults.response(body, status)
                async with FaultyServer(script) as server, client(server.url) as currents:
                    with pytest.raises(CurrentsError) as caught:
                        await call(currents)
                shown = shown_to_others(caught.value)
                assert not has_secret(shown)
                assert SECRET[:6] not in shown
                assert "[secret]" in str(caught.value) or len(message) > 400


@pytest.mark.parametrize(
    "call",
    [
        *(call for call, _ in REFUSED),
        make(headers=HEADERS, url=""),
        make(headers=HEADERS, project_id=None),
        make(headers=HEADERS, label=""),
        make(headers=HEADERS, hook_events=["RUN_PAUSED"]),
        make(headers={**HEADERS, "X Y": "z"}),
        change(headers=HEADERS, label=""),
        lambda c: c.webhooks.update("a/b", headers=HEADERS),
    ],
)
async def test_the_secret_is_not_shown_when_an_argument_is_invalid(call: Call) -> None:
    async with client("http://127.0.0.1:9/v1") as currents:
        with pytest.raises(InvalidArgumentError) as caught:
            await call(currents)
    assert not has_secret(shown_to_others(caught.value))


async def test_short_header_values_are_not_redacted() -> None:
    script = faults.response(b'{"status":"FAILED","error":"at 1 of 12 yes"}', 400)
    async with FaultyServer(script) as server, client(server.url) as currents:
        with pytest.raises(BadRequestError, match="at 1 of 12 yes"):
            await make(headers={"X-Env": "1", "X-Debug": "yes"})(currents)
