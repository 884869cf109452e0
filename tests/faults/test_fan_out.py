"""A fan-out amid faults: every instance, each once. A stream goes on where it broke off."""

import gzip
from collections import Counter
from typing import Any

import msgspec
import pytest

from currents_async import (
    Currents,
    DecodeError,
    Limits,
    Retries,
    ServerError,
    TransportError,
)
from currents_async.testing import FakeCurrents, FaultyServer, WorldProject, faults
from currents_async.testing._faulty.message import json_head, length
from currents_async.testing.faulty import Exchange, Fault
from tests.support import RUN, NoBackoff, client


async def test_every_instance_amid_random_faults(
    server: FakeCurrents, project: WorldProject
) -> None:
    """A fifth of the requests fail, in five ways."""
    run = project.run(specs=300)
    server.fail("getInstance", 503, None, probability=0.04, seed=1)
    server.fail("getInstance", 429, None, probability=0.04, seed=2)
    server.fail("getInstance", times=None, probability=0.04, seed=3, fault="reset")
    server.fail("getInstance", times=None, probability=0.04, seed=4, fault="truncate")
    server.fail("getInstance", times=None, probability=0.04, seed=5, fault="cut-gzip")
    server.fail("getRun", fault="truncate")
    retries = Retries(attempts=8)
    async with (
        Currents(
            server.api_key, base_url=server.url, retries=retries, clock=NoBackoff()
        ) as currents,
        currents.runs.instances(run.run_id) as results,
    ):
        got = Counter([result.instance_id async for result in results])
    assert got == Counter([spec.instance_id for spec in run.specs])
    asked = Counter(request.path for request in server.requests)
    assert len(server.requests) > 340
    assert max(asked.values()) <= 8


async def test_what_stays_broken_is_reported(server: FakeCurrents, project: WorldProject) -> None:
    run = project.run(specs=20)
    broken = run.specs[7].instance_id
    assert broken is not None
    server.fail("getInstance", 500, None, path_args={"instance_id": broken})
    async with Currents(server.api_key, base_url=server.url, clock=NoBackoff()) as currents:
        async with currents.runs.instances(run.run_id, on_error="collect") as results:
            errors = {result.instance_id: result.error async for result in results}
        with pytest.raises(ServerError) as caught:
            await currents.runs.get_instances(run.run_id)
    assert len(errors) == 20
    assert [one for one, error in errors.items() if error is not None] == [broken]
    assert caught.value.attempts == 3


# Streams

SPECS = [{"spec": f"{number:05}.spec.ts", "groupId": "g" * 40} for number in range(4_000)]


def body(specs: list[dict[str, Any]] = SPECS) -> bytes:
    return msgspec.json.encode({"status": "OK", "data": {**RUN, "specs": specs}})


def cut(packed: bytes, part: float) -> Fault:
    """Announce all of it, send a part, and hang up."""
    head = json_head({"Content-Encoding": "gzip", **length(packed)})

    async def fault(exchange: Exchange) -> None:
        await exchange.send(head + packed[: int(len(packed) * part)])
        exchange.close()

    return fault


def packed(level: int = 6, mtime: int = 0, specs: list[dict[str, Any]] = SPECS) -> bytes:
    return gzip.compress(body(specs), level, mtime=mtime)


def whole(data: bytes) -> Fault:
    return faults.response(data, headers={"Content-Encoding": "gzip"}, gzip=False)


async def stream(currents: Currents) -> list[str]:
    async with currents.runs.stream("r") as specs:
        return [spec.spec async for spec in specs]


@pytest.mark.parametrize("part", [0.001, 0.1, 0.5, 0.9, 0.9999])
@pytest.mark.parametrize("mtime", [0, 1_700_000_000], ids=["same", "compressed again"])
async def test_a_stream_goes_on_where_it_broke_off(part: float, mtime: int) -> None:
    script = [cut(packed(), part), cut(packed(), part / 2), whole(packed(mtime=mtime))]
    async with FaultyServer(script) as server, client(server.url) as currents:
        assert await stream(currents) == [spec["spec"] for spec in SPECS]
    assert len(server.requests) == 3


async def test_a_stream_does_not_go_on_in_another_text() -> None:
    """Half of one answer and half of another are neither."""
    other = packed(specs=list(reversed(SPECS)))
    script = [cut(packed(), 0.5), whole(other)]
    async with FaultyServer(script) as server, client(server.url) as currents:
        with pytest.raises(TransportError, match="ends early") as caught:
            await stream(currents)
        assert caught.value.attempts == 1
    assert len(server.requests) == 2


async def test_a_stream_that_has_handed_out_nothing_begins_anew() -> None:
    other = packed(specs=list(reversed(SPECS)))
    script = [cut(packed(), 0.001), whole(other)]
    async with FaultyServer(script) as server, client(server.url) as currents:
        assert await stream(currents) == [spec["spec"] for spec in reversed(SPECS)]


async def test_a_gzip_stream_that_is_cut_short() -> None:
    data = packed()
    script = [whole(data[: len(data) // 2]), whole(data)]
    async with FaultyServer(script) as server, client(server.url) as currents:
        assert await stream(currents) == [spec["spec"] for spec in SPECS]
    assert len(server.requests) == 2


async def test_a_stream_that_always_breaks_off() -> None:
    async with FaultyServer(cut(packed(), 0.5)) as server, client(server.url) as currents:
        async with currents.runs.stream("r") as specs:
            with pytest.raises(TransportError) as caught:
                _ = [spec async for spec in specs]
            with pytest.raises(TransportError) as again:
                _ = [spec async for spec in specs]
        assert again.value is caught.value
        assert caught.value.attempts == 3
    assert len(server.requests) == 3


async def test_a_stream_with_an_error_behind_elements() -> None:
    text = body()[:-1] + b"]"
    async with FaultyServer(faults.response(text)) as server, client(server.url) as currents:
        with pytest.raises(DecodeError):
            await stream(currents)
    assert len(server.requests) == 1


@pytest.mark.parametrize("concurrency", [1, 4])
async def test_large_answers_share_the_memory(concurrency: int) -> None:
    """Four bodies of 3 MB, with room for one and a third: one after the other, and all."""
    big = msgspec.json.encode({
        "status": "OK",
        "data": {"instanceId": "i", "runId": "r", "spec": "a", "note": "x" * 3_000_000},
    })
    limits = Limits(concurrency=concurrency, body=4_000_000, memory=5_000_000)
    async with FaultyServer(faults.response(big)) as server, client(server.url, limits=limits) as c:
        instances = await c.instances.get_many([f"i{number}" for number in range(8)])
    assert len(instances) == 8


async def test_the_memory_is_given_back_after_errors() -> None:
    big = b'{"status":"OK","data":"' + b"x" * 3_000_000
    limits = Limits(body=4_000_000, memory=5_000_000)
    async with FaultyServer(faults.response(big)) as server, client(server.url, limits=limits) as c:
        results = await c.instances.get_many(
            ["i"] + [f"i{n}" for n in range(9)], on_error="collect"
        )
        assert {type(result.error) for result in results} == {DecodeError}
