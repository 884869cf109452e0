import inspect
from io import StringIO
from typing import Any

import msgspec
import pytest
from rich.console import Console

from currents_async import (
    AmbiguousError,
    Currents,
    DecodeError,
    InvalidArgumentError,
    NotFoundError,
    RawResponse,
)
from currents_async.testing import FakeCurrents, FaultyServer, WorldProject, faults
from tests.support import client


class Slice(msgspec.Struct, rename="camel"):
    run_id: str
    status: str


class NumberedRun(msgspec.Struct, rename="camel"):
    run_id: int


async def test_a_type_of_the_caller(currents: Currents, project: WorldProject) -> None:
    run = project.run(specs=3, failures=0)
    found = await currents.request("GET", f"/runs/{run.run_id}", type=Slice)
    assert found == Slice(run_id=run.run_id, status="PASSED")
    as_dict = await currents.request("GET", f"/runs/{run.run_id}", type=dict)
    assert as_dict["runId"] == run.run_id


async def test_without_a_type(currents: Currents, project: WorldProject) -> None:
    run = project.run(specs=3)
    response = await currents.request("GET", f"/runs/{run.run_id}")
    assert (response.status, response.headers["content-encoding"]) == (200, "gzip")
    assert response.json()["data"]["runId"] == run.run_id


async def test_the_query_and_the_body() -> None:
    async with FaultyServer() as server, client(server.url) as currents:
        pairs = [("tags[]", "a b"), ("tags[]", "c&d")]
        await currents.request("POST", "/things/a%2Fb", query=pairs, body={"x": 1})
        await currents.request("GET", "/things", query={"page": "0", "search": ""})
    posted, got = server.requests
    assert posted.target == "/v1/things/a%2Fb?tags%5B%5D=a%20b&tags%5B%5D=c%26d"
    assert (posted.method, posted.body) == ("POST", b'{"x":1}')
    assert got.target == "/v1/things?page=0&search="


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PATCH", "/runs"),
        ("get", "/runs"),
        ("GET", "runs"),
        ("GET", "//evil.example/runs"),
        ("GET", "https://evil.example/runs"),
        ("GET", "/runs?limit=1"),
        ("GET", "/runs#top"),
        ("GET", "/runs/../projects"),
        ("GET", "/runs/ü"),
        ("GET", "/runs/a b"),
        ("GET", "/runs/{run_id}"),
        ("GET", "/runs\r\nX-Evil: 1"),
        ("GET", ""),
    ],
)
async def test_invalid_arguments_are_not_sent(
    server: FakeCurrents, currents: Currents, method: Any, path: str
) -> None:
    with pytest.raises(InvalidArgumentError):
        await currents.request(method, path)
    assert server.requests == []


async def test_errors_are_the_same(currents: Currents, project: WorldProject) -> None:
    run = project.run(specs=1)
    with pytest.raises(NotFoundError, match="GET /runs/nobody"):
        await currents.request("GET", "/runs/nobody")
    with pytest.raises(DecodeError, match=r"got `str`, at \$\.data\.runId"):
        await currents.request("GET", f"/runs/{run.run_id}", type=NumberedRun)


async def test_a_write_is_not_repeated() -> None:
    for again, error, count in ((False, AmbiguousError, 1), (True, AmbiguousError, 3)):
        async with FaultyServer(faults.close()) as server, client(server.url) as currents:
            with pytest.raises(error):
                await currents.request("POST", "/things", retry_ambiguous=again)
        assert len(server.requests) == count


def test_a_raw_response_shows_neither_signed_urls_nor_cookies() -> None:
    body = b'{"videoUrl":"https://assets.example/v?X-Amz-Signature=5ec2e7"}'
    response = RawResponse(status=200, headers={"Set-Cookie": "session=5ec2e7"}, body=body)
    printed = StringIO()
    Console(file=printed, width=200).print(response)
    for shown in (repr(response), str([response]), printed.getvalue()):
        assert "5ec2e7" not in shown
        assert "200" in shown
        assert f"{len(body)} bytes" in shown


class TestRawViews:
    async def test_an_operation(self, currents: Currents, project: WorldProject) -> None:
        run = project.run(specs=3)
        response = await currents.runs.raw.get(run.run_id)
        assert isinstance(response, RawResponse)
        assert response.status == 200
        assert response.headers["x-request-id"].startswith("fake-")
        assert len(response.json()["data"]["specs"]) == 3
        # The group itself is as it was.
        assert (await currents.runs.get(run.run_id)).run_id == run.run_id

    async def test_a_write(self, currents: Currents, project: WorldProject) -> None:
        run = project.run(specs=3, running=True)
        response = await currents.runs.raw.cancel(run.run_id)
        assert b"runId" in response.body

    async def test_errors_are_the_same(self, currents: Currents) -> None:
        with pytest.raises(NotFoundError):
            await currents.instances.raw.get("nobody")

    def test_methods_of_several_requests_have_no_raw_response(self) -> None:
        currents = Currents("key")
        for name in ("stream", "instances", "get_instances", "previous", "wait", "watch"):
            with pytest.raises(AttributeError, match=f"{name} is not a single request"):
                getattr(currents.runs.raw, name)
        for name in ("_stream", "raw"):
            with pytest.raises(AttributeError):
                getattr(currents.runs.raw, name)
        assert "get" in dir(currents.runs.raw)
        assert "stream" not in dir(currents.runs.raw)

    def test_editors_see_the_arguments(self) -> None:
        method = Currents("key").runs.raw.find
        assert "branch" in inspect.signature(method).parameters
        assert inspect.getdoc(method) == inspect.getdoc(Currents("key").runs.find)


def test_json_with_a_lone_surrogate_can_be_read() -> None:
    response = RawResponse(status=200, headers={}, body=rb'{"data":{"message":"boom \ud83d"}}')
    assert response.json() == {"data": {"message": "boom \N{REPLACEMENT CHARACTER}"}}
