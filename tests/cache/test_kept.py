"""What is served from the cache, and what must come from the server."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from currents_async import (
    Cache,
    ClientClosedError,
    Currents,
    CurrentsError,
    InvalidArgumentError,
    NotFoundError,
    RequestAttempt,
)
from currents_async._cache.responses import KeptResponse, Lookup
from currents_async._cache.store import Store
from currents_async.models import RunSpec
from currents_async.otel import OpenTelemetry
from currents_async.testing import FakeCurrents, World, WorldProject, WorldRun
from currents_async.testing.clock import ManualClock
from tests.cache.conftest import Connect
from tests.support import RUN

pytestmark = pytest.mark.usefixtures("no_task_is_left")

Work = Callable[[Currents, str], Awaitable[object]]


class OnlyNames(msgspec.Struct):
    spec: str


async def _stream(currents: Currents, run_id: str, spec_type: type[Any] = RunSpec) -> object:
    async with currents.runs.stream(run_id, spec_type=spec_type) as specs:
        return [spec async for spec in specs], specs.run


WORK: dict[str, Work] = {
    "a run": lambda currents, run_id: currents.runs.get(run_id),
    "a stream": _stream,
    "a stream of other specs": lambda currents, run_id: _stream(currents, run_id, OnlyNames),
    "all instances": lambda currents, run_id: currents.runs.get_instances(run_id),
    "failures": lambda currents, run_id: currents.runs.failures(run_id),
    "a diff": lambda currents, run_id: currents.runs.diff(run_id, run_id),
    "a report": lambda currents, run_id: currents.reports.details(run_id),
}


@pytest.fixture
def run(project: WorldProject) -> WorldRun:
    return project.run(specs=6)


@pytest.fixture
def in_progress(project: WorldProject) -> WorldRun:
    return project.run(specs=4, completed=2)


@pytest.fixture
def sent(server: FakeCurrents) -> Callable[[], int]:
    """Return how many requests the server has had since the last time."""
    seen = 0

    def sent() -> int:
        nonlocal seen
        before, seen = seen, len(server.requests)
        return seen - before

    return sent


@pytest.mark.parametrize("work", WORK.values(), ids=WORK)
async def test_the_second_client_sends_nothing(
    connect: Connect, run: WorldRun, work: Work, sent: Callable[[], int]
) -> None:
    async with connect() as currents:
        first = await work(currents, run.run_id)
        assert sent() == currents.traffic.requests > 0
    async with connect() as currents:
        assert await work(currents, run.run_id) == first
        assert sent() == currents.traffic.requests == currents.traffic.wire_bytes == 0
        assert currents.traffic.cached > 0


async def test_a_fan_out_reads_many_instances_at_once(
    connect: Connect, project: WorldProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, reads, find = project.run(specs=150), list[int](), Store.find

    def counted(store: Store, lookups: Sequence[Lookup]) -> list[KeptResponse | None]:
        reads.append(len(lookups))
        return find(store, lookups)

    async with connect() as currents:
        first = await currents.runs.get_instances(run.run_id)
    monkeypatch.setattr(Store, "find", counted)
    async with connect() as currents:
        assert await currents.runs.get_instances(run.run_id) == first
        assert currents.traffic.requests == 0
    assert sum(reads) == 151
    assert len(reads) <= 4
    async with connect() as currents:
        async with currents.runs.instances(run.run_id) as results:
            await anext(results)
        ahead = currents._channel.keeper.ahead  # type: ignore[union-attr]
        assert not (ahead._expected)
        assert not (ahead._found)
        assert not (ahead._bytes)


async def test_an_instance_by_its_id(connect: Connect, run: WorldRun) -> None:
    instance_id = run.specs[0].instance_id
    assert instance_id
    async with connect() as currents:
        await currents.instances.get(instance_id)
        await currents.instances.get(instance_id)  # its run might still go on
        assert currents.traffic.requests == 2
        await currents.runs.get(run.run_id)
        await currents.instances.get(instance_id)
        assert currents.traffic.requests == 4
        [kept] = await currents.instances.get_many([instance_id])
        assert currents.traffic.requests == 4
        assert kept.instance_id == instance_id


@pytest.mark.parametrize(
    "other", [{"api_key": "another"}, {"base_url": "http://127.0.0.1:9/v1"}], ids=["key", "server"]
)
async def test_another_key_or_server_finds_nothing(
    connect: Connect, run: WorldRun, server: FakeCurrents, other: dict[str, str]
) -> None:
    async with connect() as currents:
        await currents.runs.get(run.run_id)
    async with connect(**other) as currents:
        with pytest.raises(Exception, match=r"401|connect"):
            await currents.runs.get(run.run_id)
        assert currents.traffic.cached == 0
    async with connect(base_url=server.url + "/") as currents:
        await currents.runs.get(run.run_id)
        assert currents.traffic.requests == 0


async def test_a_view_with_another_key_finds_nothing(connect: Connect, run: WorldRun) -> None:
    async with connect() as currents:
        await currents.runs.get(run.run_id)
        with pytest.raises(Exception, match="401"):
            await currents.with_options(api_key="another").runs.get(run.run_id)
        await currents.with_options().runs.get(run.run_id)
        assert currents.traffic.cached == 1


async def test_the_key_of_a_function(connect: Connect, run: WorldRun, server: FakeCurrents) -> None:
    async with connect(api_key=lambda: server.api_key) as currents:
        await currents.runs.get(run.run_id)
    async with connect() as currents:
        await currents.runs.get(run.run_id)
        assert currents.traffic.requests == 0


async def test_a_run_that_ends_between_two_calls(
    connect: Connect, in_progress: WorldRun, sent: Callable[[], int]
) -> None:
    run_id = in_progress.run_id
    async with connect() as currents:
        before = await currents.runs.get_instances(run_id)
        sent()
        in_progress.complete()
        after = await currents.runs.get_instances(run_id)
        assert sent() == 5
        assert before != after
        assert await currents.runs.get_instances(run_id) == after
        assert sent() == 0


async def test_results_may_be_late(
    connect: Connect, project: WorldProject, sent: Callable[[], int]
) -> None:
    run = project.run(specs=2, created_at=datetime(2026, 1, 5, tzinfo=UTC))
    clock = ManualClock(wall=datetime(2026, 1, 5, tzinfo=UTC).timestamp())
    clock.advance(run.payload["durationMs"] / 1000 + 299)
    async with connect(clock=clock) as currents:
        for _ in range(2):
            await currents.runs.get_instances(run.run_id)
            assert sent() == 3
        clock.advance(1)
        await currents.runs.get_instances(run.run_id)
        assert sent() == 3
        await currents.runs.get_instances(run.run_id)
        assert sent() == 0


async def test_what_is_never_kept(
    connect: Connect, run: WorldRun, in_progress: WorldRun, project: WorldProject
) -> None:
    async with connect() as currents:
        await currents.runs.get_instances(run.run_id)
        hook = await currents.webhooks.create("https://example.com", project_id=project.project_id)
        calls: list[Callable[[], Awaitable[object]]] = [
            lambda: currents.runs.get(in_progress.run_id),
            lambda: currents.runs.raw.get(run.run_id),
            lambda: currents.request("GET", f"/runs/{run.run_id}"),
            lambda: currents.runs.find(project.project_id),
            lambda: anext(aiter(currents.runs.list(project.project_id))),
            lambda: currents.runs.wait(run.run_id),
            lambda: currents.runs.get(run.run_id, fresh=True),
            lambda: currents.webhooks.get(hook.hook_id),
        ]
        for call in calls:
            for _ in range(2):
                before = currents.traffic.requests
                await call()
                assert currents.traffic.requests == before + 1


CHANGES: dict[str, Callable[[Currents, WorldRun], Awaitable[object]]] = {
    "reset": lambda currents, run: currents.runs.reset(run.run_id, run.machine_ids),
    "delete": lambda currents, run: currents.runs.delete(run.run_id),
    "cancel": lambda currents, run: currents.runs.cancel(run.run_id),
    "attach": lambda currents, run: currents.request("POST", f"/runs/{run.run_id}/attachments"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_what_this_client_changes_is_dropped(
    connect: Connect, run: WorldRun, change: Callable[[Currents, WorldRun], Awaitable[object]]
) -> None:
    async with connect() as currents:
        await currents.runs.get_instances(run.run_id)
        # Some of it is refused, but that is for the server to say.
        with suppress(CurrentsError):
            await change(currents, run)
        with suppress(NotFoundError):
            await currents.runs.get_instances(run.run_id)
        assert currents.traffic.cached == 0


async def test_what_others_change_is_found_when_asked_for(
    connect: Connect, run: WorldRun, server: FakeCurrents
) -> None:
    async with connect() as currents:
        known = await currents.runs.get(run.run_id)
        server.world.reset(run.run_id, run.machine_ids)
        assert await currents.runs.get(run.run_id) == known
        assert not (await currents.runs.get(run.run_id, fresh=True)).has_ended
        assert not (await currents.runs.get(run.run_id)).has_ended


async def test_a_fresh_run_renews_its_instances(
    connect: Connect, run: WorldRun, sent: Callable[[], int]
) -> None:
    async with connect() as currents:
        await currents.runs.get_instances(run.run_id)
        await currents.runs.get(run.run_id, fresh=True)
        sent()
        await currents.runs.get_instances(run.run_id)
        assert sent() == 6
        await currents.runs.get_instances(run.run_id)
        assert sent() == 0


@pytest.mark.parametrize("run_id", ["", "..", "a/b", "\ufffd", "r" * 5000])
async def test_an_instance_of_an_odd_run(connect: Connect, world: World, run_id: str) -> None:
    world.add_instance_payload({"instanceId": "i", "runId": run_id})
    async with connect() as currents:
        for _ in range(2):
            assert (await currents.instances.get("i")).instance_id == "i"
        assert currents.traffic.requests == 2


@pytest.mark.parametrize(
    ("took", "cached"), [(10**400, 0), (-(10**400), 1), (None, 1)], ids=["long", "negative", "none"]
)
async def test_a_run_that_took_an_odd_time(
    connect: Connect, world: World, took: int | None, cached: int
) -> None:
    world.add_run_payload({**RUN, "createdAt": "2026-01-05T09:00:00.000Z", "durationMs": took})
    async with connect() as currents:
        for _ in range(2):
            await currents.runs.get("r")
        assert currents.traffic.cached == cached


async def test_two_clients_at_once(connect: Connect, run: WorldRun) -> None:
    async with connect() as one, connect() as other:
        both = [client.runs.get_instances(run.run_id) for client in (one, other)]
        first, second = await asyncio.gather(*both)
        assert first == second
        await one.runs.get_instances(run.run_id)
        await other.runs.get_instances(run.run_id)
        assert one.traffic.requests + other.traffic.requests <= 14


async def test_attempts_say_where_responses_are_from(connect: Connect, run: WorldRun) -> None:
    seen: list[RequestAttempt] = []
    async with connect(observer=seen.append) as currents:
        await currents.runs.get(run.run_id)
        await currents.runs.get(run.run_id)
        await currents.runs.get(run.run_id, fresh=True)
        await anext(aiter(currents.runs.list(run.project_id)))
    assert [attempt.cache for attempt in seen] == ["miss", "hit", None, None]
    assert [attempt.status for attempt in seen] == [200, None, 200, 200]
    assert seen[1].wire_bytes == seen[0].wire_bytes
    assert "from the cache in" in str(seen[1])


async def test_spans_and_metrics(connect: Connect, run: WorldRun) -> None:
    reader, exporter = InMemoryMetricReader(), InMemorySpanExporter()
    spans = TracerProvider()
    spans.add_span_processor(SimpleSpanProcessor(exporter))
    async with connect(observer=OpenTelemetry(spans, MeterProvider([reader]))) as currents:
        for _ in range(3):
            await currents.runs.get(run.run_id)
    events = [span.events[0].attributes or {} for span in exporter.get_finished_spans()]
    assert [event["currents.cache"] for event in events] == ["miss", "hit", "hit"]
    metrics = msgspec.json.decode(reader.get_metrics_data().to_json())  # type: ignore[union-attr]
    [counter] = metrics["resource_metrics"][0]["scope_metrics"][0]["metrics"]
    assert counter["name"] == "currents.client.cache.lookups"
    points = counter["data"]["data_points"]
    counts = {point["attributes"]["result"]: point["value"] for point in points}
    assert counts == {"miss": 1, "hit": 2}


async def test_a_response_that_is_sent_without_compression(
    connect: Connect, server: FakeCurrents, run: WorldRun
) -> None:
    payload = msgspec.json.encode({"status": "OK", "data": run.payload})
    server.fail("getRun", status=200, body=payload)
    async with connect() as currents:
        known = await currents.runs.get(run.run_id)
        assert await currents.runs.get(run.run_id) == known


async def test_a_client_that_keeps_more_fields(connect: Connect, run: WorldRun) -> None:
    async with connect() as currents:
        await currents.runs.get(run.run_id)
    async with connect(keep_extra=True) as currents:
        assert type(await currents.runs.get(run.run_id)).__struct_fields__[-1] == "extra"
        assert currents.traffic.requests == 0


async def test_a_large_run_is_streamed_from_the_cache(
    connect: Connect, project: WorldProject
) -> None:
    run = project.run(specs=2000, tests=1)
    async with connect() as currents:
        async with currents.runs.stream(run.run_id) as specs:
            first = [len(batch) async for batch in specs.batches()]
        async with currents.runs.stream(run.run_id) as specs:
            second = [len(batch) async for batch in specs.batches()]
        assert currents.traffic.requests == 1
        assert sum(first) == sum(second) == 2000
        assert len(second) > 1


async def test_a_stream_that_is_left_is_not_kept(connect: Connect, run: WorldRun) -> None:
    async with connect() as currents:
        async with currents.runs.stream(run.run_id) as specs:
            await anext(specs)
        async with currents.runs.stream(run.run_id):
            pass
        assert currents.traffic.cached == 0


async def test_a_closed_client_reads_no_cache(connect: Connect, run: WorldRun) -> None:
    async with connect() as currents:
        await currents.runs.get(run.run_id)
    with pytest.raises(ClientClosedError):
        await currents.runs.get(run.run_id)


def test_arguments(folder: Path) -> None:
    with pytest.raises(InvalidArgumentError, match=r"Cache\.path must be a path"):
        Cache("")
    with pytest.raises(InvalidArgumentError, match=r"Cache\.max_bytes must be"):
        Cache(folder, max_bytes=0)
    with pytest.raises(InvalidArgumentError, match="cache must be a Cache, not str"):
        Currents("key", cache=str(folder))  # type: ignore[arg-type]
    assert not folder.parent.exists()


async def test_artifacts_whose_urls_have_expired(
    folder: Path, tmp_path: Path, no_task_is_left: None
) -> None:
    clock = ManualClock(wall=datetime(2026, 2, 1, tzinfo=UTC).timestamp())
    world = World()
    run = world.project().run(specs=3, failures=3)
    async with (
        FakeCurrents(world, assets=True, clock=clock) as server,
        Currents(server.api_key, base_url=server.url, cache=Cache(folder), clock=clock) as currents,
    ):
        sent: list[int] = []
        for days in (0, 1, 3, 1):
            clock.advance(days=days)
            before = len(server.requests)
            async with currents.assets.of_run(run.run_id, to=tmp_path) as results:
                saved = [result.download async for result in results]
            assert None not in saved
            assert len(saved) > 3
            sent.append(len(server.requests) - before)
            [instance] = await currents.instances.get_many([run.specs[0].instance_id or ""])
            assert instance.results
    # All; nothing; those with artifacts, for fresh signatures; nothing.
    assert sent == [4, 0, 2, 0]
