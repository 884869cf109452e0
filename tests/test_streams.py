"""A run whose specs arrive while its body is still coming."""

import asyncio
import gzip
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from aiohttp import web

from currents_async import (
    Currents,
    DecodeError,
    InvalidArgumentError,
    Limits,
    MisuseError,
    NotFoundError,
    PayloadTooLargeError,
    RunStream,
    TransportError,
)
from currents_async._wire.inflate import SLICE
from currents_async._wire.scanner import Scanner
from currents_async.models import Run, RunSpec
from currents_async.testing import (
    FakeCurrents,
    FaultyServer,
    ManualClock,
    World,
    WorldProject,
    faults,
)
from currents_async.testing.faulty import Exchange
from tests.support import RUN

pytestmark = pytest.mark.usefixtures("no_task_is_left")


class Name(msgspec.Struct, frozen=True, rename="camel"):
    spec: str
    instance_id: str | None = None


def packed(*, specs: int) -> bytes:
    """Compress a run in a way that gives every spec to the inflater as soon as it arrives."""
    run = {"status": "OK", "data": {**RUN, "specs": [{"spec": f"{n}.ts"} for n in range(specs)]}}
    return gzip.compress(json.dumps(run, separators=(",", ":")).encode(), compresslevel=0)


@asynccontextmanager
async def serving(
    *pieces: bytes | asyncio.Event | None, limits: Limits | None = None
) -> AsyncGenerator[Currents]:
    """Open a client of a server that responds with these pieces.

    It waits for the events among them, and disconnects at None.
    """

    async def respond(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Encoding": "gzip"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        for piece in pieces:
            if isinstance(piece, bytes):
                await response.write(piece)
            elif piece is not None:
                await piece.wait()
            elif request.transport is not None:
                request.transport.abort()
        await response.write_eof()
        return response

    runner = web.ServerRunner(web.Server(respond, handler_cancellation=True), shutdown_timeout=0.01)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        async with Currents("key", base_url=url, limits=limits) as currents:
            yield currents
    finally:
        await runner.cleanup()


async def test_specs_in_order_then_the_run(currents: Currents, project: WorldProject) -> None:
    made = project.run(specs=2_000)
    async with currents.runs.stream(made.run_id) as specs:
        arrived = [spec async for spec in specs]
        run = specs.run
    whole = await currents.runs.get(made.run_id)
    assert tuple(arrived) == whole.specs
    assert len(arrived) == 2_000
    assert run == msgspec.structs.replace(whole, specs=())


async def test_specs_come_before_the_body_has_ended() -> None:
    body = packed(specs=100)
    rest = asyncio.Event()
    async with (
        serving(body[:1500], rest, body[1500:]) as currents,
        currents.runs.stream("r") as specs,
    ):
        assert (await anext(specs)).spec == "0.ts"
        rest.set()
        assert [spec.spec async for spec in specs] == [f"{n}.ts" for n in range(1, 100)]


async def test_batches(currents: Currents, project: WorldProject) -> None:
    made = project.run(specs=1_000)
    async with currents.runs.stream(made.run_id) as specs:
        first = await anext(specs)
        batches = [batch async for batch in specs.batches()]
    assert len(batches) > 1
    together = [first, *(spec for batch in batches for spec in batch)]
    assert [spec.instance_id for spec in together] == [spec.instance_id for spec in made.specs]


async def test_narrowing(currents: Currents, project: WorldProject) -> None:
    made = project.run(specs=500)
    async with currents.runs.stream(made.run_id, spec_type=Name) as specs:
        arrived = [spec async for spec in specs]
        assert type(specs.run) is Run
    assert arrived == [Name(spec.path, spec.instance_id) for spec in made.specs]


@pytest.mark.parametrize("spec_type", [dict, int, None, "Name", list[Name]])
async def test_invalid_spec_types(currents: Currents, spec_type: Any) -> None:
    with pytest.raises(InvalidArgumentError, match=r"spec_type must be a msgspec\.Struct"):
        currents.runs.stream("r", spec_type=spec_type)


async def test_a_struct_that_json_cannot_fill(currents: Currents) -> None:
    class Impossible(msgspec.Struct):
        spec: int | str | Name | dict[str, int]

    with pytest.raises(InvalidArgumentError, match="cannot be decoded into"):
        currents.runs.stream("r", spec_type=Impossible)


async def test_a_slow_consumer_does_not_hold_the_server_up(
    server: FakeCurrents, currents: Currents, project: WorldProject
) -> None:
    made = project.run(specs=5_000)
    async with currents.runs.stream(made.run_id) as specs:
        await server.idle()  # nothing has been asked of the stream yet
        assert server.requests[0].last_byte is not None
        assert currents.traffic.inflated_bytes == 0
        assert len([spec async for spec in specs]) == 5_000


class TestErrors:
    async def test_no_such_run(self, currents: Currents) -> None:
        with pytest.raises(NotFoundError):
            async with currents.runs.stream("unknown"):
                pytest.fail("there is no run")

    async def test_too_large_for_the_service(self, world: World, project: WorldProject) -> None:
        made = project.run(specs=10)
        async with (
            FakeCurrents(world, max_response_bytes=1_000) as server,
            Currents(server.api_key, base_url=server.url) as currents,
        ):
            with pytest.raises(PayloadTooLargeError):
                async with currents.runs.stream(made.run_id):
                    pytest.fail("the service does not send it")

    @pytest.mark.parametrize(
        ("damage", "error", "cause"),
        [
            (lambda body: body[:-4], TransportError, "ends early"),
            (lambda body: body[:-5] + b"xxxxx", DecodeError, "corrupt"),
            (lambda body: body + b"x", DecodeError, "follow the end"),
        ],
    )
    async def test_after_specs_have_been_handed_out(
        self, damage: Callable[[bytes], bytes], error: type[Exception], cause: str
    ) -> None:
        """The checksum is at the end: what came before it may be wrong, and the end says so."""
        arrived: list[RunSpec] = []
        async with serving(damage(packed(specs=10_000))) as currents:
            with pytest.raises(error, match=cause) as caught:
                async with currents.runs.stream("r") as specs:
                    async for spec in specs:
                        arrived.append(spec)  # noqa: PERF401 - the error is what is tested
        assert len(arrived) > 5_000
        assert caught.value.__context__ is None

    async def test_an_odd_value_in_one_spec_costs_that_value(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        body = gzip.decompress(packed(specs=9_000)).replace(b'"8000.ts"', b"{}")
        async with serving(gzip.compress(body)) as currents:
            with caplog.at_level("DEBUG", "currents_async"):
                run = await currents.runs.get("r")
        assert [(index, spec.spec) for index, spec in enumerate(run.specs) if index > 7_998][
            :3
        ] == [
            (7_999, "7999.ts"),
            (8_000, ""),
            (8_001, "8001.ts"),
        ]
        [logged] = [record for record in caplog.records if "mended" in record.message]
        assert logged.levelname == "DEBUG"
        assert logged.message == "getRun: mended: $.data.specs[8000].spec (no text)"

    async def test_the_index_of_a_spec_without_a_required_field(self) -> None:
        class Named(msgspec.Struct):
            spec: str

        body = gzip.decompress(packed(specs=9_000)).replace(b'"8000.ts"', b"{}")
        async with (
            serving(gzip.compress(body)) as currents,
            currents.runs.stream("r", spec_type=Named) as specs,
        ):
            with pytest.raises(DecodeError, match="got `object`") as caught:
                async for _ in specs:
                    pass
        assert caught.value.path == "$.data.specs[8000].spec"

    async def test_a_connection_that_is_lost_midway(self) -> None:
        async with serving(packed(specs=50)[:900], None) as c:
            arrived: list[RunSpec] = []
            with pytest.raises(TransportError, match=r"ends early|connection was lost"):
                async with c.runs.stream("r") as specs:
                    async for spec in specs:
                        arrived.append(spec)  # noqa: PERF401 - the error is what is tested
        assert arrived

    async def test_an_error_of_the_consumer_leaves_as_itself(
        self, currents: Currents, project: WorldProject
    ) -> None:
        error = ZeroDivisionError()
        with pytest.raises(ZeroDivisionError) as caught:
            async with currents.runs.stream(project.run(specs=50).run_id) as specs:
                async for _ in specs:
                    raise error
        assert caught.value is error
        assert error.__context__ is None


class TestLeaving:
    async def test_break_closes_the_connection(
        self, server: FakeCurrents, currents: Currents, project: WorldProject
    ) -> None:
        made = project.run(specs=13_000)
        async with currents.runs.stream(made.run_id) as specs:
            async for _ in specs:
                break
        await server.idle()
        assert server.requests[0].aborted
        assert (await currents.runs.get(project.run(specs=1).run_id)).specs

    async def test_cancelled_while_waiting(self) -> None:
        async with serving(packed(specs=50)[:40], asyncio.Event()) as currents:

            async def consume() -> None:
                async with currents.runs.stream("r") as specs:
                    entered.set()
                    await anext(specs)

            entered = asyncio.Event()
            task = asyncio.create_task(consume())
            await entered.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    async def test_entering_twice(self, currents: Currents, project: WorldProject) -> None:
        specs = currents.runs.stream(project.run(specs=1).run_id)
        async with specs:
            pass
        with pytest.raises(MisuseError, match="has been used"):
            async with specs:
                pytest.fail("it was entered twice")

    async def test_the_run_is_not_there_yet(
        self, currents: Currents, project: WorldProject
    ) -> None:
        async with currents.runs.stream(project.run(specs=3).run_id) as specs:
            assert isinstance(specs, RunStream)
            with pytest.raises(MisuseError, match="before the iteration has ended"):
                _ = specs.run

    async def test_iterating_after_leaving(self, currents: Currents, project: WorldProject) -> None:
        async with currents.runs.stream(project.run(specs=3).run_id) as specs:
            await anext(specs)
        with pytest.raises(MisuseError, match="inside 'async with'"):
            _ = [spec async for spec in specs]  # those that had been decoded, and no more

    async def test_two_tasks_at_once(self) -> None:
        async with (
            serving(packed(specs=50)[:40], asyncio.Event()) as currents,
            currents.runs.stream("r") as specs,
        ):
            first = asyncio.create_task(anext(specs))
            await asyncio.sleep(0)
            with pytest.raises(MisuseError, match="another task"):
                await anext(specs)
            first.cancel()
            await asyncio.wait([first])

    async def test_its_task_cancelled_from_outside(self) -> None:
        """The reader would wait for ever."""
        before = asyncio.all_tasks()
        async with (
            serving(packed(specs=50)[:40], asyncio.Event()) as currents,
            currents.runs.stream("r") as specs,
        ):
            for task in asyncio.all_tasks() - before:
                if "prefetch" in repr(task):
                    task.cancel()
            with pytest.raises(MisuseError, match="was cancelled"):
                await anext(specs)

    async def test_iterating_without_entering(self, currents: Currents) -> None:
        with pytest.raises(MisuseError, match="inside 'async with'"):
            await anext(currents.runs.stream("r"))


@pytest.mark.parametrize("how", ["get", "stream"])
async def test_at_most_one_slice_per_iteration_of_the_loop(
    currents: Currents, project: WorldProject, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    made = project.run(specs=13_000)
    in_turn = [0]
    feed = Scanner.feed

    def counted(self: Scanner, piece: bytes) -> None:
        in_turn[-1] += len(piece)
        feed(self, piece)

    async def count_turns() -> None:
        while True:
            in_turn.append(0)
            await asyncio.sleep(0)

    monkeypatch.setattr(Scanner, "feed", counted)
    counting = asyncio.create_task(count_turns())
    if how == "get":
        assert len((await currents.runs.get(made.run_id)).specs) == 13_000
    else:
        async with currents.runs.stream(made.run_id) as specs:
            assert len([spec async for spec in specs]) == 13_000
    counting.cancel()
    assert sum(in_turn) > 7_000_000
    assert max(in_turn) <= SLICE


class TestASlowReader:
    """The time that the reader takes is not the stream's."""

    @pytest.mark.parametrize("before", ["the first spec", "the second batch"])
    async def test_a_connection_lost_meanwhile_is_made_again(self, before: str) -> None:
        body = gzip.decompress(packed(specs=20_000))
        script = [faults.close_midway(body, gzip=False), faults.response(body, gzip=False)]
        clock = ManualClock()
        async with (
            FaultyServer(script) as server,
            Currents("key", base_url=server.url, clock=clock) as currents,
            currents.runs.stream("r") as specs,
        ):
            names = [] if before == "the first spec" else [(await anext(specs)).spec]
            clock.advance(130)
            names += [spec.spec async for spec in specs]
        assert names == [f"{n}.ts" for n in range(20_000)]
        assert len(server.requests) == 2

    async def test_a_late_response_counts(self) -> None:
        body = gzip.decompress(packed(specs=20_000))

        async def late(exchange: Exchange) -> None:
            clock.advance(130)
            await faults.close_midway(body, gzip=False)(exchange)

        clock = ManualClock()
        async with (
            FaultyServer(late) as server,
            Currents("key", base_url=server.url, clock=clock) as currents,
        ):
            with pytest.raises(TransportError):
                async with currents.runs.stream("r") as specs:
                    async for _ in specs:
                        pass
        assert len(server.requests) == 1

    async def test_the_timeout_begins_on_entering(
        self, server: FakeCurrents, project: WorldProject
    ) -> None:
        clock = ManualClock()
        async with Currents(server.api_key, base_url=server.url, clock=clock) as currents:
            stream = currents.runs.stream(project.run(specs=3).run_id)
            clock.advance(130)
            async with stream as specs:
                assert len([spec async for spec in specs]) == 3


class TestFanOut:
    async def test_instances_are_requested_before_the_last_byte_of_the_run(
        self, server: FakeCurrents, currents: Currents, project: WorldProject
    ) -> None:
        made = project.run(specs=13_000)
        async with currents.runs.instances(made.run_id) as results:
            async for _ in results:
                if server.requests[0].last_byte is not None:
                    break
        run, *instances = server.requests
        assert run.last_byte is not None
        early = [request for request in instances if request.started < run.last_byte]
        assert len(early) >= 10

    @pytest.mark.parametrize("concurrency", [1, 2, 5])
    async def test_the_run_is_one_of_the_requests_in_flight(
        self, server: FakeCurrents, project: WorldProject, concurrency: int
    ) -> None:
        made = project.run(specs=60)
        limits = Limits(concurrency=concurrency)
        async with Currents(server.api_key, base_url=server.url, limits=limits) as currents:
            instances = await currents.runs.get_instances(made.run_id)
        assert len(instances) == 60
        assert server.peak_in_flight <= concurrency

    async def test_a_run_that_breaks_off_is_an_error_after_any_number_of_instances(
        self, server: FakeCurrents
    ) -> None:
        async with serving(packed(specs=4_000)[:-4]) as currents:
            with pytest.raises(TransportError, match="ends early"):
                async with currents.runs.instances("r", on_error="collect") as results:
                    async for result in results:
                        assert result.instance_id is None

    async def test_the_run_is_read_while_the_consumer_is_slow(
        self, server: FakeCurrents, currents: Currents, project: WorldProject
    ) -> None:
        made = project.run(specs=8_000)
        async with currents.runs.instances(made.run_id, concurrency=3) as results:
            await anext(results)
            async with asyncio.timeout(20):
                while server.requests[0].last_byte is None:  # noqa: ASYNC110 - bounded above
                    await asyncio.sleep(0)
            # Decoded no further than the look-ahead, whatever has been received.
            assert results.total is None
            assert len(server.requests) <= 1 + 1 + 2 * 3
