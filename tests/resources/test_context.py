from typing import Any

import pytest

from currents_async import DecodeError, InvalidArgumentError, NotFoundError
from currents_async.testing import FaultyServer, faults
from tests.support import client

SUBJECTS: list[tuple[dict[str, Any], str]] = [
    ({}, "pass run_id, run_id and instance_id, or instance_id and test_id"),
    ({"instance_id": "i"}, "pass run_id"),
    ({"test_id": "t"}, "pass run_id"),
    ({"run_id": "r", "test_id": "t"}, "pass run_id"),
    ({"run_id": "r", "instance_id": "i", "test_id": "t"}, "pass run_id"),
    ({"run_id": "r", "attempt": 0}, "attempt is for a test"),
    ({"run_id": "r", "instance_id": "i", "attempt": 1}, "attempt is for a test"),
    ({"instance_id": "i", "test_id": "t", "attempt": True}, "attempt must be an integer"),
    ({"run_id": ""}, "run_id must not be empty"),
    ({"run_id": "r", "detail": "long"}, "detail must be one of default, compact, summary"),
]


@pytest.mark.parametrize(
    ("method", "arguments", "says"),
    [(method, *row) for method in ("get", "markdown") for row in SUBJECTS],
)
async def test_invalid_arguments_are_not_sent(
    method: str, arguments: dict[str, Any], says: str
) -> None:
    async with FaultyServer() as server, client(server.url) as currents:
        with pytest.raises(InvalidArgumentError, match=says):
            await getattr(currents.context, method)(**arguments)
    assert server.requests == []


async def test_json() -> None:
    data = {"level": "test", "error": {"message": "no"}, "steps": [None]}
    async with FaultyServer(faults.json_response(data)) as server, client(server.url) as currents:
        context = await currents.context.get(instance_id="i", test_id="t")
    assert context.extra == data


async def test_markdown_is_the_whole_body() -> None:
    text = '# Ausfälle\n\n{"status":"FAILED"}\n'
    response = faults.response(text.encode(), headers={"Content-Type": "text/markdown"})
    async with FaultyServer(response) as server, client(server.url) as currents:
        assert await currents.context.markdown(run_id="r") == text
    assert server.requests[0].headers["accept"] == "text/markdown"


async def test_empty_markdown() -> None:
    refused = faults.response(b'{"status":"FAILED","error":"Run not found"}', 404)
    async with FaultyServer(refused) as server, client(server.url) as currents:
        with pytest.raises(NotFoundError, match="Run not found"):
            await currents.context.markdown(run_id="r")


async def test_markdown_that_is_not_text() -> None:
    async with FaultyServer(faults.response(b"\xff")) as server, client(server.url) as currents:
        with pytest.raises(DecodeError, match="UTF-8"):
            await currents.context.markdown(run_id="r")
