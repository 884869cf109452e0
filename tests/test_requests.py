"""What each operation sends, to the byte."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from unittest.mock import Mock

import aiohttp
import pytest
from aiohttp.abc import AbstractStreamWriter
from aioresponses import aioresponses
from yarl import URL

from currents_async import Currents

BASE = "https://api.currents.dev/v1"
Call = Callable[[Currents], Awaitable[object]]
RUN = {"runId": "r", "projectId": "p", "completionState": "COMPLETE", "status": "PASSED"}


class Response(aiohttp.ClientResponse):
    """aioresponses 0.7.9 does not know the argument that aiohttp 3.14 requires."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        writer = Mock(spec=AbstractStreamWriter, output_size=0)
        super().__init__(*args, stream_writer=writer, **kwargs)


def row(
    operation: str,
    call: Call,
    method: str,
    target: str,
    body: bytes | None = None,
    *,
    data: object = None,
) -> Any:
    return pytest.param(call, method, target, body, data or {}, id=f"{operation} {target}")


ROWS = [
    row("getRun", lambda c: c.runs.get("r 1"), "GET", "/runs/r%201", data=RUN),
    row("findRun", lambda c: c.runs.find("p"), "GET", "/runs/find?projectId=p", data=RUN),
    row(
        "findRun",
        lambda c: c.runs.find("p", branch="release/*", tags=["b", "a c"], pw_last_run=True),
        "GET",
        "/runs/find?projectId=p&branch=release%2F%2A&tags%5B%5D=b&tags%5B%5D=a%20c&pwLastRun=true",
        data=RUN,
    ),
    row(
        "findRun",
        lambda c: c.runs.find(ci_build_id="b#1", pw_last_run=False),
        "GET",
        "/runs/find?projectId=default&ciBuildId=b%231&pwLastRun=false",
        data=RUN,
    ),
    row("cancelRun", lambda c: c.runs.cancel("r"), "PUT", "/runs/r/cancel"),
    row(
        "cancelRunByGithubCI",
        lambda c: c.runs.cancel_github_ci("123", 1),
        "PUT",
        "/runs/cancel-ci/github",
        b'{"githubRunId":"123","githubRunAttempt":1}',
    ),
    row(
        "cancelRunByGithubCI",
        lambda c: c.runs.cancel_github_ci("123", 2, project_id="p", ci_build_id="b"),
        "PUT",
        "/runs/cancel-ci/github",
        b'{"githubRunId":"123","githubRunAttempt":2,"projectId":"p","ciBuildId":"b"}',
    ),
    row(
        "resetRun",
        lambda c: c.runs.reset("r", ["m1", "m2"]),
        "PUT",
        "/runs/r/reset",
        b'{"machineId":["m1","m2"]}',
    ),
    row(
        "resetRun",
        lambda c: c.runs.reset("r", ["m1"], batched=True),
        "PUT",
        "/runs/r/reset",
        b'{"machineId":["m1"],"isBatchedOr8n":true}',
    ),
    row("deleteRun", lambda c: c.runs.delete("r"), "DELETE", "/runs/r"),
    row(
        "getInstance",
        lambda c: c.instances.get("ä?b"),
        "GET",
        "/instances/%C3%A4%3Fb",
        data={"instanceId": "i"},
    ),
]


@pytest.fixture
async def client() -> AsyncIterator[Currents]:
    async with Currents("the-key", project_id="default") as client:
        yield client


@pytest.fixture
def urls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The URLs as they are handed to aiohttp: aioresponses sorts queries and decodes them."""
    urls: list[str] = []
    request = aiohttp.ClientSession.request

    def spy(self: aiohttp.ClientSession, method: str, url: URL, **kwargs: Any) -> Any:
        urls.append(str(url))
        return request(self, method, url, **kwargs)

    monkeypatch.setattr(aiohttp.ClientSession, "request", spy)
    return urls


@pytest.mark.parametrize(("call", "method", "target", "body", "data"), ROWS)
async def test_request(
    client: Currents,
    urls: list[str],
    call: Call,
    method: str,
    target: str,
    body: bytes | None,
    data: object,
) -> None:
    with aioresponses() as mock:
        mock.add(
            URL(BASE + target, encoded=True),
            method,
            payload={"status": "OK", "data": data},
            response_class=Response,
        )
        await call(client)
        [((sent_method, _), [sent])] = mock.requests.items()

    assert urls == [BASE + target]
    assert sent_method == method
    assert sent.kwargs["data"] == body
    headers = dict(sent.kwargs["headers"])  # the key comes later: `test_session.py`
    assert headers.pop("User-Agent").startswith("currents-async/")
    expected = {
        "Accept": "application/json",
        "Accept-Encoding": "gzip",
    }
    if body is not None:
        expected["Content-Type"] = "application/json"
    assert headers == expected
    assert sent.kwargs["allow_redirects"] is False
    assert sent.kwargs["auto_decompress"] is False
