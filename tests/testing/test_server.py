import asyncio
import warnings
import zlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import msgspec
import pytest

from currents_async import InvalidArgumentError, MisuseError
from currents_async.testing import FakeCurrents, RecordedRequest, World

GZIP = {"Accept-Encoding": "gzip, deflate"}
LIMIT = 1_048_576


@pytest.fixture
async def served(serve: Any) -> AsyncIterator[Any]:
    """The world that a server makes for itself."""
    async with serve() as served:
        yield served


def with_a_large_run() -> World:
    """A world with a run that takes longer to send than sockets buffer."""
    world = World()
    world.add_run_payload({"runId": "large", "note": "x" * 30_000_000})
    return world


class TestAccess:
    async def test_default_world(self, served: Any) -> None:
        (project,) = served.server.world.projects
        (run,) = project.runs
        assert len(run.specs) == 40
        assert run.completion_state == "COMPLETE"

    @pytest.mark.parametrize("value", [None, "Bearer wrong", "fake-currents-api-key", "Bearer "])
    async def test_wrong_key(self, value: str | None) -> None:
        headers = {} if value is None else {"Authorization": value}
        async with FakeCurrents() as server, aiohttp.ClientSession(headers=headers) as session:
            async with session.get(f"{server.url}/instances/i") as response:
                assert response.status == 401
                error = {"status": "FAILED", "error": "Invalid API key provided"}
                assert await response.json() == error
            assert not server.requests[0].authorized

    async def test_own_key(self, serve: Any) -> None:
        async with serve(api_key="another") as served:
            assert served.server.api_key == "another"
            assert (await served.call("GET", served.only_run))[0] == 200

    async def test_unknown_path(self, served: Any) -> None:
        response = await served.call("GET", "nothing/here")
        assert response == (404, {"status": "FAILED", "error": "Not found"})
        assert served.server.requests[0].operation is None

    async def test_wrong_method(self, served: Any) -> None:
        response = await served.call("POST", "runs/r/cancel")
        assert response == (405, {"status": "FAILED", "error": "Method not allowed"})
        assert served.server.requests[0].operation is None

    async def test_headers(self, served: Any) -> None:
        ids: set[str] = set()
        for path in (served.only_run, "runs/nope", "nothing"):
            async with served.session.get(path) as response:
                assert response.headers["Content-Type"] == "application/json; charset=utf-8"
                ids.add(response.headers["X-Request-Id"])
        assert ids == {"fake-00000001", "fake-00000002", "fake-00000003"}
        assert [one.request_id for one in served.server.requests] == sorted(ids)


class TestBound:
    async def test_the_last_requests_are_kept_and_go_on_being_numbered(self) -> None:
        async with FakeCurrents(max_requests=3) as server, aiohttp.ClientSession() as session:
            ids: list[str] = []
            for number in range(5):
                async with session.get(f"{server.url}/runs/{number}") as response:
                    ids.append(response.headers["X-Request-Id"])
            assert [one.path for one in server.requests] == ["/runs/2", "/runs/3", "/runs/4"]
            assert [one.request_id for one in server.requests] == ids[2:]
            assert len(set(ids)) == 5
            server.requests.assert_count(3)

    async def test_those_for_assets_too(self) -> None:
        async with (
            FakeCurrents(assets=True, max_requests=2) as server,
            aiohttp.ClientSession() as session,
        ):
            for number in range(3):
                async with session.get(f"{server.asset_url}/{number}"):
                    """Wait for the response."""
            assert [one.path for one in server.asset_requests] == ["/1", "/2"]

    @pytest.mark.parametrize("bound", [0, -1, 1.5])
    def test_refused(self, bound: Any) -> None:
        with pytest.raises(InvalidArgumentError, match="max_requests"):
            FakeCurrents(max_requests=bound)


class TestEncoding:
    @pytest.mark.parametrize("status", [200, 404])
    async def test_gzip(self, served: Any, status: int) -> None:
        path = served.only_run if status == 200 else "runs/nope"
        async with served.session.get(path, headers=GZIP) as response:
            assert response.status == status
            assert response.headers["Content-Encoding"] == "gzip"
            body = await response.read()
        assert len(body) == served.server.bytes_sent == served.server.requests[0].bytes_sent
        _, plain = await served.call("GET", path)
        assert msgspec.json.decode(zlib.decompress(body, wbits=31)) == plain

    @pytest.mark.parametrize("value", ["identity", "deflate", "gzip;q=0", "", "x-gzip"])
    async def test_identity(self, served: Any, value: str) -> None:
        headers = {"Accept-Encoding": value}
        async with served.session.get(served.only_run, headers=headers) as response:
            assert "Content-Encoding" not in response.headers
            assert msgspec.json.decode(await response.read())["status"] == "OK"

    async def test_same_bytes_each_time(self, served: Any) -> None:
        bodies: set[bytes] = set()
        for _ in range(3):
            async with served.session.get(served.only_run, headers=GZIP) as response:
                bodies.add(await response.read())
        assert len(bodies) == 1


class TestLimit:
    async def test_gzip_makes_room(self, serve: Any) -> None:
        world = World()
        run = world.project().run(specs=3000)
        async with serve(world) as served:
            status, refusal = await served.call("GET", f"runs/{run.run_id}")
            assert (status, refusal["status"]) == (413, "FAILED")
            assert "Accept-Encoding: gzip" in refusal["error"]
            async with served.session.get(f"runs/{run.run_id}", headers=GZIP) as response:
                assert response.status == 200
                body = await response.read()
            assert msgspec.json.decode(zlib.decompress(body, wbits=31))["data"] == run.payload

    @pytest.mark.parametrize(("specs", "status"), [(13_000, 200), (15_000, 413)])
    async def test_of_a_megabyte_on_the_wire(self, serve: Any, specs: int, status: int) -> None:
        world = World()
        run = world.project().run(specs=specs)
        async with serve(world) as served:
            for path in (f"runs/{run.run_id}", f"runs/find?projectId={run.project_id}"):
                async with served.session.get(path, headers=GZIP) as response:
                    assert response.status == status
                    assert len(await response.read()) <= LIMIT

    async def test_is_exact(self, serve: Any) -> None:
        async with serve() as served:
            await served.call("GET", served.only_run)
            size = served.server.bytes_sent
        for limit, status in [(size, 200), (size - 1, 413)]:
            async with serve(max_response_bytes=limit) as served:
                assert (await served.call("GET", served.only_run))[0] == status

    async def test_instances_too(self, serve: Any) -> None:
        world = World()
        run = world.project().run(specs=1, tests=3000)
        async with serve(world) as served:
            status, _ = await served.call("GET", f"instances/{run.specs[0].instance_id}")
            assert status == 413


class TestRecording:
    async def test_a_request(self, served: Any) -> None:
        await served.call(
            "PUT",
            "runs/a%20b/reset?x=1&x=%C3%A9",
            data=b'{"machineId":["m"]}',
            headers={"X-Mine": "yes", "Accept-Encoding": "identity"},
        )
        (request,) = served.server.requests
        assert isinstance(request, RecordedRequest)
        assert request.operation == "resetRun"
        assert request.method == "PUT"
        assert request.path == "/runs/a b/reset"
        assert request.path_args == {"run_id": "a b"}
        assert request.query == [("x", "1"), ("x", "é")]
        assert request.headers["x-mine"] == "yes"
        assert "authorization" not in request.headers
        assert served.server.api_key not in repr(request)
        assert request.authorized
        assert request.body == b'{"machineId":["m"]}'
        assert request.status == 404
        assert request.bytes_sent == served.server.bytes_sent > 0
        assert not request.aborted

    async def test_marks_of_one_request(self, served: Any) -> None:
        await served.call("GET", served.only_run)
        (request,) = served.server.requests
        marks = [request.started, request.first_byte, request.last_byte, request.finished]
        assert marks == sorted(set(marks))

    async def test_marks_order_the_requests(self, serve: Any) -> None:
        world = World()
        run = world.project().run(specs=2000)
        async with serve(world) as served:
            async with served.session.get(f"runs/{run.run_id}", headers=GZIP) as response:
                await response.content.readany()
                await served.call("GET", f"instances/{run.specs[0].instance_id}")
                await response.read()
            await served.call("GET", f"instances/{run.specs[1].instance_id}")
            large, within, after = served.server.requests
        assert large.bytes_sent > 128 * 1024
        assert large.started < large.first_byte < within.started < within.last_byte
        assert within.last_byte < large.last_byte < after.started

    async def test_in_flight(self, served: Any) -> None:
        gate = asyncio.Event()
        arrived = asyncio.Semaphore(0)

        async def hold(request: RecordedRequest) -> None:
            assert request.status is None
            arrived.release()
            await gate.wait()

        served.server.before_response = hold
        calls = [asyncio.ensure_future(served.call("GET", served.only_run)) for _ in range(5)]
        for _ in calls:
            await arrived.acquire()
        assert served.server.in_flight == served.server.peak_in_flight == 5
        assert served.server.open_connections == 5
        gate.set()
        for call in asyncio.as_completed(calls):
            assert (await call)[0] == 200
        assert served.server.in_flight == 0
        assert served.server.peak_in_flight == 5

    async def test_one_after_the_other_is_one_in_flight(self, served: Any) -> None:
        for _ in range(20):
            await served.call("GET", served.only_run)
            assert served.server.in_flight == 0
        assert served.server.peak_in_flight == 1
        assert served.server.open_connections == 1

    async def test_the_client_hangs_up_before_the_response(self, served: Any) -> None:
        arrived = asyncio.Event()

        async def hold(_: RecordedRequest) -> None:
            arrived.set()
            await asyncio.Event().wait()

        served.server.before_response = hold
        call = asyncio.ensure_future(served.call("GET", served.only_run))
        await arrived.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await asyncio.wait_for(served.server.idle(), 5)
        (request,) = served.server.requests
        assert served.server.in_flight == 0
        assert request.aborted
        assert request.finished is not None
        assert request.status is request.first_byte is None

    async def test_the_client_hangs_up_within_the_response(self, serve: Any) -> None:
        async with serve(with_a_large_run(), max_response_bytes=100 * LIMIT) as served:
            response = await served.session.get(
                "runs/large", headers={"Accept-Encoding": "identity"}
            )
            await response.content.readany()
            response.close()
            await asyncio.wait_for(served.server.idle(), 5)
            (request,) = served.server.requests
            assert request.aborted
            assert request.status == 200
            assert request.last_byte is None
            assert served.server.in_flight == 0
            assert (await served.call("GET", "runs/nope"))[0] == 404


class TestHooks:
    async def test_before_response_sees_the_body(self, served: Any) -> None:
        seen: list[bytes] = []

        async def look(request: RecordedRequest) -> None:
            seen.append(request.body)

        served.server.before_response = look
        await served.call("PUT", "runs/r/reset", data=b"{}")
        assert seen == [b"{}"]

    async def test_before_response_can_change_the_world(self, served: Any) -> None:
        async def delete(request: RecordedRequest) -> None:
            served.server.world.delete(request.path_args["run_id"])

        served.server.before_response = delete
        assert (await served.call("GET", served.only_run))[0] == 404

    async def test_latency(self, serve: Any) -> None:
        async with serve(latency=0.001) as served:
            assert (await served.call("GET", served.only_run))[0] == 200


class TestFail:
    async def test_the_next_requests_of_the_operation(self, served: Any) -> None:
        path = served.only_run
        served.server.fail("getRun", times=2)
        error = {"status": "FAILED", "error": "Service Unavailable"}
        assert (await served.call("GET", "instances/i"))[0] == 404
        assert await served.call("GET", path) == (503, error)
        assert await served.call("GET", path) == (503, error)
        assert (await served.call("GET", path))[0] == 200
        assert [one.status for one in served.server.requests] == [404, 503, 503, 200]

    async def test_one_after_the_other(self, served: Any) -> None:
        path = served.only_run
        served.server.fail("getRun", 500)
        served.server.fail("getRun", 429, headers={"Retry-After": "1"})
        assert (await served.call("GET", path))[0] == 500
        async with served.session.get(path) as response:
            assert response.status == 429
            assert response.headers["Retry-After"] == "1"
        assert (await served.call("GET", path))[0] == 200

    async def test_body_of_a_load_balancer(self, served: Any) -> None:
        html = b"<html><body>Bad Gateway</body></html>"
        served.server.fail("getRun", 502, headers={"content-type": "text/html"}, body=html)
        async with served.session.get(served.only_run, headers=GZIP) as response:
            assert response.status == 502
            assert response.headers.getall("Content-Type") == ["text/html"]
            assert "Content-Encoding" not in response.headers
            assert await response.read() == html

    async def test_empty_body_and_unknown_status(self, served: Any) -> None:
        served.server.fail("getRun", 599, body=b"")
        served.server.fail("getRun", 599)
        async with served.session.get(served.only_run) as response:
            assert (response.status, await response.read()) == (599, b"")
        refusal = await served.call("GET", served.only_run)
        assert refusal == (599, {"status": "FAILED", "error": "Status 599"})

    async def test_a_write_does_not_happen(self, served: Any) -> None:
        served.server.fail("deleteRun", 500)
        path = served.only_run
        assert (await served.call("DELETE", path))[0] == 500
        assert (await served.call("GET", path))[0] == 200


class TestLifecycle:
    async def test_everything_is_closed(self) -> None:
        before = asyncio.all_tasks()
        async with aiohttp.ClientSession() as session:
            async with FakeCurrents() as server:
                url = server.url
                async with session.get(f"{url}/runs/r") as response:
                    await response.read()
                assert server.open_connections == 1
            assert server.open_connections == 0
            assert asyncio.all_tasks() == before
            with pytest.raises(aiohttp.ClientConnectorError):
                await session.get(f"{url}/runs/r")
        with pytest.raises(MisuseError, match="inside the `async with`"):
            _ = server.url

    async def test_closing_with_a_delayed_response(self) -> None:
        arrived = asyncio.Event()

        async def hold(_: RecordedRequest) -> None:
            arrived.set()
            await asyncio.Event().wait()

        before = asyncio.all_tasks()
        async with aiohttp.ClientSession() as session:
            async with FakeCurrents() as server:
                server.before_response = hold
                call = asyncio.ensure_future(session.get(f"{server.url}/runs/r"))
                await arrived.wait()
            assert server.requests[0].aborted
            assert server.in_flight == 0
            with pytest.raises(aiohttp.ClientConnectionError):
                await call
        assert asyncio.all_tasks() == before

    async def test_closing_while_the_client_does_not_read(self) -> None:
        before = asyncio.all_tasks()
        async with aiohttp.ClientSession() as session:
            async with FakeCurrents(with_a_large_run(), max_response_bytes=100 * LIMIT) as server:
                headers = {
                    "Authorization": f"Bearer {server.api_key}",
                    "Accept-Encoding": "identity",
                }
                response = await session.get(f"{server.url}/runs/large", headers=headers)
                assert server.in_flight == 1
            assert server.in_flight == server.open_connections == 0
            response.close()
        assert asyncio.all_tasks() == before

    def test_in_a_loop_of_its_own(self) -> None:
        async def main() -> int:
            async with (
                FakeCurrents() as server,
                aiohttp.ClientSession() as session,
                session.get(f"{server.url}/runs/r") as response,
            ):
                return response.status

        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert asyncio.run(main(), debug=True) == 401
