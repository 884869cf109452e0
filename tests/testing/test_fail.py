"""Scripted faults of the fake service: when they happen, and faults of the connection."""

import asyncio
import gzip
import math
import zlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from typing import Any

import aiohttp
import pytest

from currents_async import ConflictError, Currents, ForbiddenError, InvalidArgumentError
from currents_async.errors import Candidate
from currents_async.testing import FakeCurrents, RecordedRequest, World

pytestmark = pytest.mark.usefixtures("no_task_is_left")

SECONDS = 20
GZIP = {"Accept-Encoding": "gzip"}
IDENTITY = {"Accept-Encoding": "identity"}


@pytest.fixture
async def served(serve: Any) -> AsyncIterator[Any]:
    """The world that a server makes for itself."""
    async with serve() as served:
        yield served


async def statuses(served: Any, count: int, path: str | None = None) -> list[int]:
    path = path or served.only_run
    return [(await served.call("GET", path))[0] for _ in range(count)]


def request(server: FakeCurrents, line: str | None = None, coding: str = "gzip") -> bytes:
    """Return a raw request, by default for the first run."""
    line = line or f"GET /v1/runs/{next(iter(server.world.runs))} HTTP/1.1"
    key = f"Authorization: Bearer {server.api_key}"
    return f"{line}\r\nHost: fake\r\n{key}\r\nAccept-Encoding: {coding}\r\n\r\n".encode()


def arrival(server: FakeCurrents) -> asyncio.Event:
    """Return an event that is set when a request has arrived, just before its response is made."""
    arrived = asyncio.Event()

    async def look(_: RecordedRequest) -> None:
        arrived.set()

    server.before_response = look
    return arrived


async def damaged(served: Any, fault: str, headers: dict[str, str]) -> bytes:
    """Return the body of a run in which a fault damages the gzip stream."""
    served.server.fail("getRun", fault=fault)
    async with served.session.get(served.only_run, headers=headers) as response:
        assert response.status == 200
        assert response.headers["Content-Encoding"] == "gzip"
        body: bytes = await response.read()
        return body


class TestWhen:
    async def test_after(self, served: Any) -> None:
        served.server.fail("getRun", after=2, times=2)
        assert await statuses(served, 6) == [200, 200, 503, 503, 200, 200]

    async def test_after_counts_what_matches(self, served: Any) -> None:
        one, two = (spec.instance_id for spec in served.server.world.projects[0].runs[0].specs[:2])
        served.server.fail("getInstance", after=1, path_args={"instance_id": two})
        assert await statuses(served, 2, f"instances/{one}") == [200, 200]
        assert await statuses(served, 3, f"instances/{two}") == [200, 503, 200]

    async def test_a_later_fault_sees_what_an_earlier_one_leaves(self, served: Any) -> None:
        served.server.fail("getRun", 500, after=1)
        served.server.fail("getRun", 429, after=1)
        assert await statuses(served, 4) == [200, 500, 429, 200]

    async def test_forever(self, served: Any) -> None:
        served.server.fail("getRun", times=None)
        assert await statuses(served, 5) == [503] * 5

    async def test_forever_hides_later_faults(self, served: Any) -> None:
        served.server.fail("getRun", 500, times=None)
        served.server.fail("getRun", 429)
        assert await statuses(served, 3) == [500] * 3

    async def test_probability(self, serve: Any) -> None:
        async def outcomes(**options: Any) -> list[int]:
            async with serve() as served:
                served.server.fail("getRun", times=None, probability=0.5, **options)
                return await statuses(served, 40)

        first = await outcomes(seed=7)
        assert first == await outcomes(seed=7)
        assert first != await outcomes(seed=8)
        assert 5 < first.count(503) < 35
        assert await outcomes() == await outcomes(seed=0)

    async def test_probability_does_not_depend_on_other_faults(self, serve: Any) -> None:
        async with serve() as served:
            served.server.fail("getRun", times=None, probability=0.5)
            alone = await statuses(served, 20)
        async with serve() as served:
            served.server.fail("getInstance", times=None, probability=0.5)
            served.server.fail("getRun", times=None, probability=0.5)
            mixed = [
                (await statuses(served, 1), await statuses(served, 1, "instances/i"))
                for _ in range(20)
            ]
        assert [run for (run,), _ in mixed] == alone

    async def test_times_counts_what_was_served(self, served: Any) -> None:
        served.server.fail("getRun", times=3, probability=0.5)
        outcomes = await statuses(served, 40)
        assert outcomes.count(503) == 3
        assert set(outcomes[-20:]) == {200}

    @pytest.mark.parametrize(("probability", "expected"), [(0, 200), (1, 503)])
    async def test_certainty(self, served: Any, probability: float, expected: int) -> None:
        served.server.fail("getRun", times=None, probability=probability)
        assert await statuses(served, 10) == [expected] * 10

    async def test_every_request(self, served: Any) -> None:
        served.server.fail(None, 502, times=4)
        paths = [served.only_run, "instances/i", "runs/find?projectId=p", "nothing"]
        assert [(await served.call("GET", path))[0] for path in paths] == [502] * 4
        assert await statuses(served, 1) == [200]

    async def test_is_recorded(self, served: Any) -> None:
        served.server.fail("getRun")
        await statuses(served, 2)
        assert [one.fault for one in served.server.requests] == ["status", None]

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            ({"operation": "*"}, "operation must be one of"),
            ({"operation": "getRuns"}, "operation must be one of"),
            ({"status": 199}, "status must be"),
            ({"status": 204}, "status must be"),
            ({"times": 0}, "times must be"),
            ({"times": -1}, "times must be"),
            ({"after": -1}, "after must not be negative"),
            ({"probability": 1.1}, "probability must be"),
            ({"probability": -0.1}, "probability must be"),
            ({"probability": math.nan}, "probability must be"),
            ({"fault": "explode"}, "fault must be one of"),
            ({"fault": "reset", "status": 500}, "without status"),
            ({"fault": "truncate", "body": b""}, "without status"),
            ({"fault": "stall", "headers": {"A": "b"}}, "without status"),
        ],
    )
    async def test_refused(self, served: Any, arguments: Any, words: str) -> None:
        with pytest.raises(InvalidArgumentError, match=words):
            served.server.fail(**{"operation": "getRun", **arguments})


class TestConnection:
    async def test_reset(self, connect: Any) -> None:
        async with FakeCurrents() as server, connect(server.url) as wire:
            server.fail("getRun", fault="reset")
            with pytest.raises(ConnectionResetError):
                await wire.ask(request(server))
            await server.idle()
            (recorded,) = server.requests
            assert (recorded.fault, recorded.status) == ("reset", None)
            assert not recorded.aborted
            assert recorded.bytes_sent == server.open_connections == 0

    async def test_close(self, connect: Any) -> None:
        async with FakeCurrents() as server, connect(server.url) as wire:
            server.fail("getRun", fault="close")
            assert await wire.ask(request(server)) == b""
            await server.idle()
            (recorded,) = server.requests
            assert (recorded.fault, recorded.status, recorded.aborted) == ("close", None, False)
            assert server.open_connections == 0

    async def test_stall_until_the_client_leaves(self, connect: Any) -> None:
        async with FakeCurrents() as server, asyncio.timeout(SECONDS):
            server.fail("getRun", fault="stall")
            arrived = arrival(server)
            async with connect(server.url) as wire:
                wire.writer.write(request(server))
                await arrived.wait()
                assert server.in_flight == 1
                assert not wire.reader.at_eof()
            await server.idle()
            (recorded,) = server.requests
            assert (recorded.fault, recorded.status, recorded.aborted) == ("stall", None, True)

    async def test_stall_until_the_server_stops(self, connect: Any) -> None:
        async with AsyncExitStack() as stack:
            async with FakeCurrents() as server, asyncio.timeout(SECONDS):
                server.fail("getRun", fault="stall")
                arrived = arrival(server)
                wire = await stack.enter_async_context(connect(server.url))
                wire.writer.write(request(server))
                await arrived.wait()
            assert await wire.reader.read() == b""
        assert server.requests[0].aborted
        assert server.in_flight == server.open_connections == 0

    async def test_truncate(self, connect: Any) -> None:
        async with FakeCurrents() as server, connect(server.url) as wire:
            server.fail("getRun", fault="truncate")
            head, _, body = (await wire.ask(request(server))).partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 OK\r\n")
            (length,) = (
                int(line.split()[1]) for line in head.splitlines() if b"Content-Length" in line
            )
            assert len(body) == length // 2 > 100
            assert zlib.decompressobj(wbits=31).decompress(body).startswith(b'{"status":"OK"')
            await server.idle()
            (recorded,) = server.requests
            assert (recorded.fault, recorded.status, recorded.aborted) == ("truncate", 200, False)
            assert recorded.bytes_sent == server.bytes_sent == len(body)
            assert recorded.last_byte is None
            assert recorded.first_byte is not None
            assert recorded.finished is not None

    async def test_truncate_while_the_client_does_not_read(self, connect: Any) -> None:
        async with AsyncExitStack() as stack:
            world = World()
            world.add_run_payload({"runId": "large", "note": "x" * 30_000_000})
            async with FakeCurrents(world, max_response_bytes=100_000_000) as server:
                server.fail("getRun", fault="truncate")
                wire = await stack.enter_async_context(connect(server.url))
                wire.writer.write(request(server, "GET /v1/runs/large HTTP/1.1", "identity"))
                await wire.reader.readline()
                assert server.in_flight == 1
            assert server.in_flight == server.open_connections == 0

    @pytest.mark.parametrize("headers", [GZIP, IDENTITY])
    async def test_cut_gzip(self, served: Any, headers: Any) -> None:
        body = await damaged(served, "cut-gzip", headers)
        inflating = zlib.decompressobj(wbits=31)
        assert inflating.decompress(body).startswith(b'{"status":"OK"')
        assert not inflating.eof
        (recorded,) = served.server.requests
        assert (recorded.fault, recorded.status, recorded.aborted) == ("cut-gzip", 200, False)
        assert recorded.bytes_sent == len(body)

    @pytest.mark.parametrize("headers", [GZIP, IDENTITY])
    async def test_corrupt(self, served: Any, headers: Any) -> None:
        body = await damaged(served, "corrupt", headers)
        with pytest.raises(zlib.error):
            zlib.decompress(body, wbits=31)
        async with served.session.get(served.only_run, headers=GZIP) as response:
            right = await response.read()
        assert len(right) == len(body)
        assert sum(one != other for one, other in zip(right, body, strict=True)) == 4
        assert [one.fault for one in served.server.requests] == ["corrupt", None]

    @pytest.mark.parametrize("fault", ["reset", "close", "truncate", "cut-gzip", "corrupt"])
    async def test_the_next_request_gets_a_response(self, served: Any, fault: str) -> None:
        served.server.fail("getRun", fault=fault)
        right = None
        while right is None:
            # Without any response, aiohttp itself sends a GET once more.
            with suppress(aiohttp.ClientError, zlib.error, EOFError):
                async with served.session.get(served.only_run, headers=GZIP) as response:
                    right = gzip.decompress(await response.read())
        assert [one.fault for one in served.server.requests] == [fault, None]

    @pytest.mark.parametrize(("fault", "done"), [("close", False), ("truncate", True)])
    async def test_whether_a_write_is_carried_out(
        self, connect: Any, fault: Any, *, done: bool
    ) -> None:
        async with FakeCurrents() as server, connect(server.url) as wire:
            run = server.world.projects[0].run(running=True)
            server.fail("cancelRun", fault=fault)
            line = f"PUT /v1/runs/{run.run_id}/cancel HTTP/1.1"
            await wire.ask(request(server, line))
            assert (run.completion_state == "CANCELED") is done

    async def test_a_refusal_can_be_damaged_too(self, connect: Any) -> None:
        async with FakeCurrents() as server, connect(server.url) as wire:
            server.fail(None, fault="truncate")
            response = await wire.ask(request(server, "GET /v1/nothing HTTP/1.1"))
            assert response.startswith(b"HTTP/1.1 404 Not Found\r\n")


async def test_refusals_that_say_why(server: FakeCurrents, currents: Currents) -> None:
    other = Candidate(instance_id="i2", spec="a.spec.ts")
    server.fail("getRun", 403, code="insufficient_scope", required_scope="results:read")
    server.fail("getRun", 409, code="ambiguous_target", candidates=[Candidate(run_id="r2"), other])
    server.fail("getRun", 403, required_scope="results:read", body=b"<html>")

    with pytest.raises(ForbiddenError, match=r"lacks the scope results:read") as forbidden:
        await currents.runs.get("r")
    assert (forbidden.value.code, forbidden.value.required_scope) == (
        "insufficient_scope",
        "results:read",
    )
    with pytest.raises(ConflictError, match=r"run r2, a\.spec\.ts \(instance i2\)") as conflict:
        await currents.runs.get("r")
    assert conflict.value.candidates == (Candidate(run_id="r2"), other)
    with pytest.raises(ForbiddenError, match="results:read"):
        await currents.runs.get("r")
    with pytest.raises(InvalidArgumentError, match="either body, or code and candidates"):
        server.fail("getRun", 403, code="api_key_required", body=b"{}")
