"""What clients in other languages rely on: plain HTTP/1.1, as the standard library speaks it."""

import asyncio
import json
from collections.abc import AsyncIterator
from http.client import HTTPConnection
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from currents_async.testing import FakeCurrents

JSON = "application/json; charset=utf-8"


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    document: Any


class Plain:
    """A client that keeps one connection, and sends no header but its key."""

    def __init__(self, server: FakeCurrents) -> None:
        url = urlsplit(server.url)
        self._base = url.path
        self._headers = {"Authorization": f"Bearer {server.api_key}"}
        self._connection = HTTPConnection(url.hostname or "", url.port, timeout=20)

    async def ask(self, method: str, path: str, body: str | None = None) -> Answer:
        return await asyncio.to_thread(self._ask, method, path, body)

    def forget_the_key(self) -> None:
        self._headers.clear()

    def close(self) -> None:
        self._connection.close()

    def _ask(self, method: str, path: str, body: str | None) -> Answer:
        self._connection.putrequest(method, self._base + path, skip_accept_encoding=True)
        for name, value in self._headers.items():
            self._connection.putheader(name, value)
        if body is not None:
            self._connection.putheader("Content-Length", str(len(body)))
        self._connection.endheaders(None if body is None else body.encode())
        response = self._connection.getresponse()
        return Answer(response.status, dict(response.headers), json.loads(response.read()))


@pytest.fixture
async def plain(server: FakeCurrents) -> AsyncIterator[Plain]:
    server.world.project().run(specs=3)
    plain = Plain(server)
    yield plain
    plain.close()


async def test_one_connection_is_enough(server: FakeCurrents, plain: Plain) -> None:
    project = server.world.projects[0]
    for method, path, body, status in (
        ("GET", "/projects", None, 200),
        ("GET", f"/runs/{project.runs[0].run_id}", None, 200),
        ("POST", f"/webhooks?projectId={project.project_id}", '{"url":"https://x.test"}', 201),
        ("PUT", f"/runs/{project.runs[0].run_id}/cancel", None, 422),
        ("GET", "/projects", None, 200),
    ):
        answer = await plain.ask(method, path, body)
        assert (answer.status, answer.headers["Content-Type"]) == (status, JSON)
        # Who asks for no compression can read none.
        assert "Content-Encoding" not in answer.headers
        assert server.open_connections == 1


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        ("GET", "/runs/nope", 404, "Run not found"),
        ("GET", "/nope", 404, "Not found"),
        ("GET", "/projects/", 404, "Not found"),
        ("PATCH", "/projects", 405, "Method not allowed"),
        ("GET", "/projects?limit=x", 400, "limit must be an integer from 1 to 100"),
        ("POST", "/signature/test", 400, "Request body is not valid JSON"),
    ],
)
async def test_errors_are_json(
    plain: Plain, method: str, path: str, status: int, message: str
) -> None:
    answer = await plain.ask(method, path)
    assert (answer.status, answer.headers["Content-Type"]) == (status, JSON)
    assert answer.document == {"status": "FAILED", "error": message}


async def test_without_a_key(plain: Plain) -> None:
    plain.forget_the_key()
    answer = await plain.ask("GET", "/projects")
    assert answer.status == 401
    assert answer.document == {"status": "FAILED", "error": "Invalid API key provided"}


@pytest.mark.parametrize("version", ["1.0", "1.1"])
async def test_connection_close_is_honoured(server: FakeCurrents, version: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(server.url).port)
    writer.write(f"GET /v1 HTTP/{version}\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    async with asyncio.timeout(20):
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    assert head.startswith(f"HTTP/{version} 401 ".encode())
    assert json.loads(body)["status"] == "FAILED"
