"""Views of a client: what each has for itself, what they share, and when they are closed."""

import asyncio
import gc
import tracemalloc
import weakref

import pytest

from currents_async import (
    ClientClosedError,
    Currents,
    InvalidArgumentError,
    Limits,
    Retries,
    Timeouts,
)
from currents_async.testing import FakeCurrents, ManualClock, RecordedRequest, WorldProject
from tests.support import respond_in_waves

USERS = 20


async def test_twenty_users_over_one_client(server: FakeCurrents, project: WorldProject) -> None:
    run = project.run(specs=8)
    limits = Limits(concurrency=4)
    respond_in_waves(server, "getRun", limits.concurrency)
    tokens = [server.issue_token() for _ in range(USERS)]
    async with Currents(server.api_key, base_url=server.url, limits=limits) as currents:
        views = [currents.with_options(api_key=token) for token in tokens]

        async def work(view: Currents, number: int) -> None:
            await view.runs.get(run.run_id)
            # Something of its own, by which the log shows whose request it was.
            await asyncio.gather(
                *(view.projects.list(page_size=1 + number) for _ in range(3)),
                view.runs.get_instances(run.run_id),
            )

        await asyncio.gather(*(work(view, number) for number, view in enumerate(views)))
        channels = [view._channel for view in views]
        assert len({id(channel.gate) for channel in (currents._channel, *channels)}) == USERS + 1
        assert len({id(channel.quota) for channel in channels}) == USERS
        assert {channel.session for channel in channels} == {currents._channel.session}
        assert server.open_connections <= limits.concurrency
        assert currents.traffic.requests == len(server.requests)
    assert server.peak_in_flight == limits.concurrency
    assert all(request.authorized for request in server.requests)
    for number, token in enumerate(tokens):
        own = server.requests.of("listProjects", query={"limit": str(1 + number)})
        assert [request.api_key for request in own] == [token] * 3
        assert sum(request.api_key == token for request in server.requests) == 1 + 3 + 1 + 8


async def test_one_user_does_not_slow_down_another(
    server: FakeCurrents, project: WorldProject
) -> None:
    run, clock = project.run(specs=1), ManualClock()
    async with Currents(server.api_key, base_url=server.url, clock=clock) as currents:
        slow, quick = (currents.with_options(api_key=server.issue_token()) for _ in range(2))
        server.fail("getRun", 429, headers={"Retry-After": "30"})
        await slow.with_options(retries=Retries(attempts=2)).runs.get(run.run_id)
        assert clock.waited == [30.0]
        server.fail("getRun", 429, headers={"Retry-After": "30"})
        calling = asyncio.create_task(slow.runs.get(run.run_id))
        while not slow.rate.pause_left:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0)
        assert not quick.rate.pause_left
        assert not currents.rate.pause_left
        await calling


@pytest.mark.parametrize("of", ["key", "timeouts"])
async def test_closing_a_view_closes_nothing_else(
    server: FakeCurrents, project: WorldProject, of: str
) -> None:
    run, arrived = project.run(specs=1), asyncio.Event()

    async def hold(request: RecordedRequest) -> None:
        if request.operation == "getProject":
            arrived.set()
            await asyncio.Event().wait()

    server.before_response = hold
    async with Currents(server.api_key, base_url=server.url) as currents:
        options = {"api_key": server.issue_token()} if of == "key" else {"timeouts": Timeouts()}
        async with currents.with_options(**options) as view:  # pyright: ignore[reportArgumentType]
            await view.runs.get(run.run_id)
            calling = asyncio.create_task(view.projects.get(project.project_id))
            await arrived.wait()
        with pytest.raises(ClientClosedError, match="during the call"):
            await calling
        for closed in (view, view.with_options(timeouts=Timeouts())):
            with pytest.raises(ClientClosedError, match="has been closed"):
                await closed.runs.get(run.run_id)
        assert repr(view) == f"<Currents {server.url} closed>"
        await currents.runs.get(run.run_id)


@pytest.mark.usefixtures("only_new_garbage")
async def test_closing_the_client_closes_its_views(server: FakeCurrents) -> None:
    currents = Currents(server.api_key, base_url=server.url)
    view = currents.with_options(api_key=server.issue_token())
    with pytest.raises(ClientClosedError, match="not open"):
        await view.__aenter__()
    clock = ManualClock(auto=False)
    async with Currents(server.api_key, base_url=server.url, clock=clock) as currents:
        # The view in between is dropped, and the one that shares its gate must not be lost.
        view = currents.with_options(api_key=server.issue_token()).with_options(
            timeouts=Timeouts(total=100)
        )
        server.fail(None, 429, headers={"Retry-After": "30"}, times=None)
        calling = asyncio.create_task(view.runs.get("r"))
        while not view.rate.pause_left:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0)
        gc.collect()
    with pytest.raises(ClientClosedError, match="during the call"):
        await calling
    with pytest.raises(ClientClosedError, match="has been closed"):
        await view.runs.get("r")
    assert repr(view) == f"<Currents {server.url} closed>"


@pytest.mark.usefixtures("only_new_garbage")
async def test_a_view_that_is_dropped_leaves_nothing_behind(server: FakeCurrents) -> None:
    async with Currents(server.api_key, base_url=server.url) as currents:
        view = currents.with_options(api_key=server.issue_token())
        await view.projects.list()
        gone = weakref.ref(view._channel)
        del view
        gc.collect()
        assert gone() is None
        tracemalloc.start()
        views = [currents.with_options(api_key=f"key-{number}") for number in range(100)]
        size, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert size / len(views) < 32 * 1024


async def test_a_key_that_cannot_be_sent(server: FakeCurrents) -> None:
    async with Currents(server.api_key, base_url=server.url) as currents:
        with pytest.raises(InvalidArgumentError, match="api_key"):
            currents.with_options(api_key="")
